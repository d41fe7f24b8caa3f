"""Security."""

import os
import re

from ..check import Kind, Level, Record, check, not_applicable, unknown
from ..reading import permissions, pins, repository, runs, schema, vulnerabilities
from ..reading.dockerfile import dockerfiles
from ..reading.pipelines import Event
from ..reading.workloads import MISSING, Platform
from ..subject import Subject
from ..trial import privileges
from ..trial.configuration import Configuration
from ..trial.instance import NotReadyError, launcher
from ..trial.operations import Request

SECRETS = (
    "-----BEGIN [A-Z ]*PRIVATE KEY-----"
    "|AKIA[0-9A-Z]{16}"
    "|AIza[0-9A-Za-z_-]{35}"
    "|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60}"
    "|glpat-[A-Za-z0-9_-]{20}"
    "|xox[abprs]-[A-Za-z0-9-]{10}"
    "|sk_live_[A-Za-z0-9]{20}"
)
"""Tokens and keys that cannot be anything else; a scanner finds the others."""
ALLOWED = "pragma: allowlist secret"
SECRET_SCANNER = re.compile(r"detect-secrets|gitleaks|trufflehog|ggshield|git-secrets|talisman")
STATIC_ANALYSIS = re.compile(r"\b(codeql-action/analyze|bandit\s|semgrep|sonar-scanner|snyk code)")
SBOM = re.compile(r"\b(cyclonedx|spdx|syft|sbom)\b")
SIGNATURE = re.compile(
    r"\b(cosign (sign|attest)|shipshape sign|attest-build-provenance|slsa-github-generator"
    r"|gh-action-sigstore-python|sigstore sign)\b"
)


@check(
    "SE1",
    "Containers run without root, without privileges and on a read-only root",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why=(
        "An attacker who takes over a process with root, capabilities or a writable root file "
        "system controls the container, and may reach the node from there."
    ),
    fix="Set a USER in the Dockerfile, and in deploy/ the security context that the messages name.",
    sources=("kube-score", "Polaris", "learnk8s", "Mercari", "Zalando"),
)
def test_privileges(record: Record, possible_platform: Platform | None) -> None:
    """The user of the image, and each container of each workload."""
    for image in dockerfiles()[:1]:
        users = [it for it in image.shipped.instructions if it.name == "USER"]
        if not users or users[-1].text.partition(":")[0] in ("root", "0"):
            record.problem("the image runs as root: set USER", image.shipped.place)
        for it in users:
            record.shows(f"USER {it.text}", it.place)
    platform = possible_platform or unknown(MISSING)
    for container in (it for workload in platform.workloads for it in workload.containers):
        for weakness in container.weaknesses:
            record.problem(f"the container {container.name} {weakness}", container.place)
        record.shows(f"the container {container.name} has no privileges", container.place)


@check(
    "SE1",
    "The service needs no privileges",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why=(
        "An attacker who takes over a process gets its privileges. Root with capabilities often "
        "controls the machine."
    ),
    fix="Listen on ports above 1023, and leave users, owners and priorities to the image and the "
    "platform.",
    sources=("Kubernetes PRR", "kube-score", "Polaris", "Microsoft"),
)
def test_no_privileges(
    record: Record,
    configuration: Configuration,
    usual_settings: dict[str, str],
    reading: Request,
) -> None:
    """It starts and answers without any capability; the image's user is a static check."""
    unprivileged = privileges.without(configuration)
    if unprivileged is None:
        unknown("this is root and has no setpriv, so it cannot start a process without privileges")
    with launcher(unprivileged, usual_settings) as start:
        try:
            response = reading.send(start().api)
        except NotReadyError as error:
            record.problem(f"without capabilities, {error}")
            return
    if response.is_success:
        record.shows(f"{reading} succeeds as user {os.geteuid()} without capabilities")
    else:
        record.problem(f"{reading} gets {response.status_code} without capabilities")


@check(
    "SE2",
    "No secrets are in the repository, and a scan keeps them out",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="A secret in git is known to everyone who ever clones it, and stays in its history.",
    fix="Revoke the secret and remove it. Have a job of the pipeline scan each change, as "
    "`make lint` does.",
    sources=("12-factor III", "OSPS Baseline", "Mercari", "Microsoft"),
)
def test_no_secrets_in_the_repository(record: Record, subject: Subject) -> None:
    """No file has an unmistakable one, and a gate runs a scanner for the others."""
    for line in repository.grep(SECRETS):
        if ALLOWED not in line.text:
            record.problem("it looks like a private key or a token", line.place)
    for path in repository.files_with(".", ":(glob)**/.env"):
        record.problem("files with local settings must be in .gitignore", str(path))
    scans = runs.matching(SECRET_SCANNER, subject.runs[Event.CHANGE])
    if not scans:
        record.problem("no job scans a change for secrets")
    for it in scans:
        record.shows(f"the job {it.job} runs {it.command}", it.place)


@check(
    "SE3",
    "Known vulnerabilities block a change",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="Most break-ins use a weakness that was known and had a fix.",
    fix="Have a job scan poetry.lock, and one the image, that fails for a severe vulnerability "
    "with a fix; `exit-code: 1` in trivy.yaml makes Trivy fail.",
    sources=("OpenSSF Scorecard", "OSPS Baseline", "Mercari", "Zalando"),
)
def test_known_vulnerabilities(record: Record, subject: Subject) -> None:
    """A gate scans the dependencies, and one the image if there is one."""
    gates = subject.runs[Event.CHANGE]
    scans = {"the dependencies": vulnerabilities.of_dependencies(gates)}
    if dockerfiles():
        scans["the image"] = vulnerabilities.of_images(gates)
    for what, found in scans.items():
        if not found:
            record.problem(f"no job fails for a known vulnerability in {what}")
        for it in found:
            record.shows(f"the job {it.job} scans {what}", it.place)


@check(
    "SE4",
    "Actions and images are pinned by their hash",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why=(
        "A tag can be moved. Someone who takes over an action or an image then runs code in your "
        "pipeline, with its secrets."
    ),
    fix="Name each action by the SHA of its commit, and each image by its digest; the dependency "
    "bot or an update of the template moves them.",
    sources=("OpenSSF Scorecard", "OSPS Baseline"),
)
def test_pins(record: Record) -> None:
    """Each has a hash; what is local needs none."""
    found = pins.dependencies()
    if not found:
        unknown("the repository has no pipeline and no Dockerfile")
    for it in found:
        if not it.is_pinned:
            record.problem(f"{it.name} can change under its name", it.place)
    record.shows(f"{len(found)} actions and images are named by a hash")


@check(
    "SE5",
    "Workflows have the permissions they need, and no more",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="A step that is taken over can do whatever the token of its job may: push code, publish "
    "a release.",
    fix="Set `permissions: {}` at the top of each workflow, and in each job the ones it uses.",
    sources=("OpenSSF Scorecard", "OSPS Baseline"),
)
def test_permissions(record: Record, subject: Subject) -> None:
    """None at the top may write, and each job says what it needs."""
    if subject.forge == "gitlab":
        not_applicable("files of GitLab CI give the tokens of jobs no permissions")
    if subject.forge is None:
        unknown("the repository has no pipeline")
    for workflow in permissions.workflows():
        top = workflow.top
        if top.may_write:
            record.problem(f"{top.of} lets all of its jobs write {top.may_write}", top.place)
        for job in workflow.jobs:
            if top.given is None and job.given is None:
                record.problem(f"{job.of} has the permissions of the repository", job.place)
            if job.given == "write-all":
                record.problem(f"{job.of} may write everything", job.place)
        record.shows(f"{top.of} limits its {len(workflow.jobs)} jobs", top.place)


@check(
    "SE6",
    "Code is analysed, and images have a list of contents and a signature",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why="Without a signature, anyone who can push to the registry can deploy. Without a list of "
    "contents, nobody can say which releases have the next vulnerable library.",
    fix="Have the pipeline run a static analysis, write an SBOM and sign the image, as the jobs "
    "of the template do.",
    sources=("OpenSSF Scorecard", "OSPS Baseline"),
)
def test_supply_chain(record: Record, subject: Subject) -> None:
    """The pipeline has a command for each."""
    gates = subject.runs[Event.CHANGE]
    everything = [run for found in subject.runs.values() for run in found]
    for what, tool, found in (
        ("analyses the code", STATIC_ANALYSIS, gates),
        ("lists what is in the image", SBOM, everything),
        ("signs what is released", SIGNATURE, everything),
    ):
        using = runs.matching(tool, found)
        if not using:
            record.problem(f"no job {what}")
        for job, place in {it.job: it.place for it in using}.items():
            record.shows(f"the job {job} {what}", place)


@check(
    "SE6",
    "The signature of a release has been verified, and findings of the analysis are closed",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why="A signature that nobody verifies protects nothing, and a finding that nobody reads fixes "
    "nothing.",
    fix="Verify the image that runs in production with cosign, go through the open findings of "
    "the forge, and attest both.",
    sources=("OpenSSF Scorecard", "OSPS Baseline"),
)
def test_signature_verified() -> None:
    """A person attests it."""


@check(
    "SE7",
    "Every operation says who may call it",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="An operation without a decision is open by accident.",
    fix="Give each operation of schema/openapi.yaml a `security`; `security: []` is the decision "
    "that anyone may call it.",
    sources=("Mercari", "Zalando", "Microsoft", "Google"),
)
def test_security_of_operations(record: Record) -> None:
    """Each has a security requirement, or is declared open."""
    path = schema.file()
    if path is None:
        unknown("the repository has no OpenAPI schema")
    operations = list(schema.operations(path))
    for it in operations:
        if it.security is None:
            record.problem(f"{it.name} does not say who may call it", it.place)
        elif it.is_open:
            record.shows(f"{it.name} is open: anyone may call it", it.place)
        else:
            record.shows(f"{it.name} needs {', '.join(it.schemes)}", it.place)
    record.shows(f"{len(operations)} operations say who may call them", str(path))


@check(
    "SE8",
    "Network policies limit the traffic, and no account token is mounted",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why=(
        "An attacker in one pod can reach every other pod and, with the pod's token, the API of "
        "the cluster."
    ),
    fix="Add a NetworkPolicy for both directions, and set automountServiceAccountToken: false.",
    sources=("kube-score", "Polaris", "learnk8s", "Zalando"),
)
def test_isolation(record: Record, platform: Platform) -> None:
    """Each workload has a policy for both directions, and no token."""
    for it in platform.workloads:
        if it.token:
            record.problem(f"a token of the platform gets into {it.name}", it.token)
        for direction in ("ingress", "egress") if platform.has_network_policies else ():
            if direction not in it.limited_traffic:
                record.problem(f"no network policy limits the {direction} of {it.name}", it.place)
        record.shows(f"{it.name} has no token, and policies limit its traffic", it.place)
    if not platform.has_network_policies:
        not_applicable("Nomad has no network policies, and mounts no token by itself")


@check(
    "SE9",
    "Management endpoints are not routed publicly",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="Metrics, health details and the log level help an attacker to know, and to disturb, the "
    "service.",
    fix="Serve them on a port of their own, and let no Ingress, route, LoadBalancer or open "
    "network policy lead to it.",
    sources=("Spring Boot", "Mercari", "Zalando"),
)
def test_management(record: Record, platform: Platform) -> None:
    """Nothing leads from outside to a port for operators."""
    if not platform.management:
        unknown("no container names a port management, metrics or admin")
    for it in platform.management:
        for leading in it.publicly:
            record.problem(f"the port {it.port} is public: {leading.text}", leading.place)
        record.shows(f"nothing publishes the port {it.port}", it.place)


@check(
    "SE10",
    "A security review took place, and TLS ends at the edge",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why="Nothing in the repository shows what stands in front of the service, or what a person "
    "who thinks like an attacker finds.",
    fix="Have someone outside of the team review the service, call its public address over plain "
    "HTTP to see it refused, and attest both.",
    sources=("Google", "Mercari", "Microsoft"),
    attested_for=365,
)
def test_security_review() -> None:
    """A person attests it."""
