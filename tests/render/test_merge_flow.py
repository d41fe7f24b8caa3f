"""From a change to production: the same stages on each forge, and no way round the signature."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.render import ROOT, render
from tests import checks, programs
from tests.commands import shipshape

pytestmark = pytest.mark.xdist_group("merge-flow")  # one worker makes all its services

DATABASES = ("postgresql", "none")
PLATFORMS = ("kubernetes", "nomad")

CHECKS = {
    "lint",
    "types",
    "test",
    "stale",
    "contract",
    "checklist",
    "codeql",
    "dependencies",
}
CHANGE = CHECKS | {"build", "scan"}
"""What a change is held to, before and after it is merged; with a database also its migrations."""

WARNINGS = {"drift": {"exit_codes": 1}}
"""What a change is told of, and may be merged with."""

STAGES = {
    "change": CHANGE | WARNINGS.keys() | {"title"},
    "main": CHANGE | {"sign", "staging"},
    "release": {"plan", "promote", "staging", "production"},
    "rollback": {"rollback"},
    "update": {"update"},
}
NAMES_ON_GITLAB = {"sast": "codeql", "release-staging": "staging"}

COMMANDS = {
    "attestations",
    "checklist",
    "deploy",
    "notes",
    "promote",
    "rollback",
    "sign",
    "version",
}
"""The commands that both call. GitHub's actions do what GitLab has commands for."""

Jobs = dict[str, dict[str, Any]]
Service = tuple[Path, str]  # and whether it has a database


def read(path: Path) -> dict[str, Any]:
    """A pipeline. YAML takes the key `on` for a truth value."""
    text = re.sub(r"^on:", '"on":', path.read_text("utf-8"), flags=re.MULTILINE)
    pipeline: dict[str, Any] = yaml.load(text, checks.Loader)
    return pipeline


def services(ci: str) -> list[pytest.param]:  # type: ignore[valid-type]
    """A service for each database and platform."""
    return [
        pytest.param((ci, database, deploy), id=f"{ci}-{database}-{deploy}")
        for database, deploy in product(DATABASES, PLATFORMS)
    ]


@pytest.fixture(scope="module")
def rendered(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, ...], Path]:
    """A service for each forge, database and platform."""
    return {
        answers: render(
            template,
            tmp_path_factory.mktemp("-".join(answers)),
            service="orders",
            **dict(zip(("ci", "database", "deploy"), answers, strict=True)),
        )
        for answers in product(("github", "gitlab"), DATABASES, PLATFORMS)
    }


@pytest.fixture(params=services("github"))
def github(request: pytest.FixtureRequest, rendered: dict[tuple[str, ...], Path]) -> Service:
    """A service on GitHub, and its database."""
    return rendered[request.param], request.param[1]


@pytest.fixture(params=services("gitlab"))
def gitlab(request: pytest.FixtureRequest, rendered: dict[tuple[str, ...], Path]) -> Service:
    """A service on GitLab, and its database."""
    return rendered[request.param], request.param[1]


# -- The stages -----------------------------------------------------------------------------------


def wanted(database: str) -> dict[str, set[str]]:
    """The stages of each pipeline of a service."""
    migrations = {"migrations"} if database == "postgresql" else set()
    return {
        pipeline: stages | (migrations if "lint" in stages else set())
        for pipeline, stages in STAGES.items()
    }


def workflow(service: Path, name: str) -> Jobs:
    """The jobs of a workflow of GitHub."""
    jobs: Jobs = read(service / ".github" / "workflows" / f"{name}.yml")["jobs"]
    return jobs


def names(jobs: Jobs) -> set[str]:
    """The names under which GitHub reports jobs, one for each entry of a matrix."""
    return {name for key, job in jobs.items() for name in (job_names(job) or {key})}


def job_names(job: dict[str, Any]) -> set[str]:
    """A job's entries of its matrix, where it has one."""
    return set(job.get("strategy", {}).get("matrix", {}).get("target", ()))


def of_main_only(jobs: Jobs) -> set[str]:
    """The jobs that a pull request does not run, and those that wait for them."""
    found = {name for name, job in jobs.items() if job.get("if") == "github.event_name == 'push'"}
    while more := {name for name, job in jobs.items() if found & set(needs(job))} - found:
        found |= more
    return found


def needs(job: dict[str, Any]) -> list[str]:
    """What a job waits for."""
    said = job.get("needs", [])
    return [said] if isinstance(said, str) else said


def on_github(service: Path) -> dict[str, set[str]]:
    """The stages of each pipeline on GitHub."""
    merge = workflow(service, "merge")
    later = of_main_only(merge)
    change = {key: job for key, job in merge.items() if key not in later}
    change |= workflow(service, "title") | workflow(service, "drift")
    return {
        "change": names(change),
        "main": names(merge),
        "release": set(workflow(service, "release")),
        "rollback": set(workflow(service, "rollback")),
        "update": set(workflow(service, "update")),
    }


def included(service: Path, name: str) -> Jobs:
    """The jobs of a file that the pipeline of GitLab includes."""
    pipeline = read(service / ".gitlab" / "ci" / f"{name}.yml")
    return {key: job for key, job in pipeline.items() if "script" in job}


def on_gitlab(service: Path) -> dict[str, set[str]]:
    """The stages of each pipeline on GitLab, by GitHub's names."""
    both, main = included(service, "checks"), included(service, "main")
    targets = set(both["check"]["parallel"]["matrix"][0]["TARGET"])
    released = {key for key, job in main.items() if job["stage"] in {"release", "production"}}
    keys = {
        "change": {*both, *included(service, "merge-request")},
        "main": {*both, *main} - released,
        "release": released,
        "rollback": set(included(service, "rollback")),
        "update": set(included(service, "update")),
    }
    return {
        pipeline: {NAMES_ON_GITLAB.get(key, key) for key in found if key != "check"}
        | (targets if "check" in found else set())
        for pipeline, found in keys.items()
    }


def test_github_has_each_stage(github: Service) -> None:
    service, database = github
    assert on_github(service) == wanted(database)


def test_gitlab_has_each_stage(gitlab: Service) -> None:
    service, database = gitlab
    assert on_gitlab(service) == wanted(database)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_missing_stage_is_found(
    rendered: dict[tuple[str, ...], Path], tmp_path: Path, forge: str
) -> None:
    source = rendered[forge, "none", "nomad"]
    service = shutil.copytree(source, tmp_path / "service")
    path = {"github": ".github/workflows/merge.yml", "gitlab": ".gitlab/ci/checks.yml"}[forge]
    text = (service / path).read_text()
    (service / path).write_text(
        text.replace("\n  dependencies:", "\n  .x:").replace("\ndependencies:", "\n.x:")
    )
    stages = {"github": on_github, "gitlab": on_gitlab}[forge](service)
    assert stages != wanted("none")


def scripts(service: Path) -> str:
    """All that the pipelines of a service run."""
    paths = [*service.glob(".github/**/*.yml"), *service.glob(".gitlab*/**/*.yml")]
    return "\n".join(path.read_text("utf-8") for path in [*paths, *service.glob(".gitlab-ci.yml")])


def test_each_forge_calls_the_same_commands(rendered: dict[tuple[str, ...], Path]) -> None:
    for (forge, *_), service in rendered.items():
        called = set(re.findall(r"python3 .shipshape ([a-z]+)", scripts(service)))
        more = {"digest", "drift", "publish"} if forge == "gitlab" else set()
        assert called == COMMANDS | more, service


@pytest.mark.parametrize("command", sorted({*COMMANDS, "digest", "publish"}))
def test_each_command_is_there(rendered: dict[tuple[str, ...], Path], command: str) -> None:
    done = shipshape(rendered["gitlab", "none", "nomad"], command, "--help")
    assert done.returncode == 0, done.stderr


def test_each_target_is_there(rendered: dict[tuple[str, ...], Path]) -> None:
    for (_, database, _), service in rendered.items():
        makefile = (service / "Makefile").read_text("utf-8")
        targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
        used = set(re.findall(r"(?:- |run: )make ([a-z-]+)", scripts(service)))
        assert used >= {"contract", "install", "update-propose"}
        listed = wanted(database)["change"] - {"build", "codeql", "dependencies", "scan", "title"}
        assert listed | used <= targets


# -- No way round ---------------------------------------------------------------------------------


def test_the_signature_needs_all_on_github(github: Service) -> None:
    service, _ = github
    jobs = workflow(service, "merge")
    assert set(needs(jobs["sign"])) == set(jobs) - {"sign", "staging"}
    assert of_main_only(jobs) == {"sign", "staging"}
    assert not any("continue-on-error" in str(job) for job in jobs.values())
    assert not [name for name, job in jobs.items() if "if" in job and name != "sign"]


def test_the_signature_needs_all_on_gitlab(gitlab: Service) -> None:
    service, _ = gitlab
    both, main = included(service, "checks"), included(service, "main")
    assert set(main["sign"]["needs"]) == {*both, "build", "scan"}
    assert "sign" in main["staging"]["needs"]
    assert main["plan"]["needs"] == ["sign"]
    assert main["promote"]["needs"] == ["plan"]
    for name in ("release-staging", "production"):
        assert "promote" in main[name]["needs"]
    for name, job in (both | main | included(service, "merge-request")).items():
        assert job.get("allow_failure") == WARNINGS.get(name), name
        assert not job.keys() & {"rules", "only", "except"}, name


def test_a_release_goes_by_staging_on_github(github: Service) -> None:
    jobs = workflow(github[0], "release")
    assert needs(jobs["promote"]) == ["plan"]
    assert "promote" in needs(jobs["staging"])
    assert "staging" in needs(jobs["production"])


def test_required_checks_are_what_a_pull_request_runs(github: Service) -> None:
    service, _ = github
    rules = json.loads((service / ".github" / "repository-rules.json").read_text("utf-8"))
    required = [
        check["context"]
        for ruleset in rules["rulesets"]
        for rule in ruleset["rules"]
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    ]
    assert sorted(required) == sorted(on_github(service)["change"] - WARNINGS.keys())


def test_gitlab_merges_only_what_passed(gitlab: Service) -> None:
    path = gitlab[0] / ".gitlab" / "repository-rules.json"
    rules = json.loads(path.read_text("utf-8"))
    assert rules["settings"]["only_allow_merge_if_pipeline_succeeds"]
    [main] = rules["protected_branches"]
    assert main["push_access_level"] == 0


def test_production_has_reviewers(
    rendered: dict[tuple[str, ...], Path],
) -> None:
    for service in rendered.values():
        [path] = service.glob(".git*/repository-rules.json")
        rules = json.loads(path.read_text("utf-8"))
        environments = rules.get("environments") or {
            it["name"]: {"reviewers": it["approvers"]} for it in rules["protected_environments"]
        }
        assert environments["staging"]["reviewers"] == []
        assert environments["production"]["reviewers"] == ["@your-organisation/your-team"]


# -- Deployments ----------------------------------------------------------------------------------


def test_deployments_queue_on_github(github: Service) -> None:
    for name, [job] in (
        (name, workflow(github[0], name).values()) for name in ("deploy", "rollback")
    ):
        assert job["concurrency"] == {
            "group": "deploy-${{ inputs.environment }}",
            "cancel-in-progress": False,
            "queue": "max",
        }, name
        assert job["environment"]["name"] == "${{ inputs.environment }}"


def test_deployments_queue_on_gitlab(gitlab: Service) -> None:
    service, _ = gitlab
    assert read(service / ".gitlab-ci.yml")[".deploy"]["interruptible"] is False
    jobs = included(service, "main") | included(service, "rollback")
    deployments = {name: job for name, job in jobs.items() if "environment" in job}
    assert set(deployments) == {"staging", "release-staging", "production", "rollback"}
    for job in deployments.values():
        assert job["extends"] == ".deploy"
        assert job["resource_group"] == job["environment"]["name"]


# -- Permissions, secrets, inputs -----------------------------------------------------------------


def github_files(service: Path) -> list[Path]:
    """The workflows and actions of a service."""
    return checks.matching(service, ".github/workflows/*.yml", ".github/actions/*/*.yml")


def steps(service: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of every workflow and action, with where it is."""
    for path in github_files(service):
        content = read(path)
        jobs = content.get("jobs") or {"action": content["runs"]}
        for job in jobs.values():
            yield from ((path.name, step) for step in job.get("steps", ()))


def test_each_job_has_the_least_permissions_and_an_end(github: Service) -> None:
    service, _ = github
    for path in sorted(service.glob(".github/workflows/*.yml")):
        content = read(path)
        assert content["permissions"] == {}, path
        for name, job in content["jobs"].items():
            assert "permissions" in job, f"{path.name}: {name}"
            assert "uses" in job or job["timeout-minutes"] <= 45, f"{path.name}: {name}"
            writes = {key for key, value in job["permissions"].items() if value == "write"}
            assert writes <= {
                "build": {"packages"},
                "checklist": {"security-events"},
                "codeql": {"security-events"},
                "promote": {"contents", "packages"},
                "sign": {"id-token", "packages"},
                "update": {"contents", "pull-requests"},
            }.get(name, set()), f"{path.name}: {name}"


def test_nothing_a_caller_says_becomes_code(github: Service) -> None:
    service, _ = github
    commands = [(where, step) for where, step in steps(service) if "run" in step]
    assert len(commands) > 10
    for where, step in commands:
        assert "${{" not in step["run"], f"{where}: {step['name']}"
        piped = re.search(r"[^|]\|[^|]", step["run"]) and "<<<" not in step["run"]
        assert not piped or step.get("shell") == "bash", f"{where}: a pipe hides a failure"


def test_credentials_stay_with_the_checkout(github: Service) -> None:
    checkouts = [step for _, step in steps(github[0]) if "actions/checkout" in step.get("uses", "")]
    assert len(checkouts) > 10
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_names_of_steps_are_unique(github: Service) -> None:
    """Or an update could put a team's step into another job."""
    for path in github_files(github[0]):
        content = read(path)
        jobs = content.get("jobs") or {"action": content["runs"]}
        named = [step["name"] for job in jobs.values() for step in job.get("steps", ())]
        assert len(named) == len(set(named)), path


@pytest.mark.parametrize("deploy", PLATFORMS)
def test_only_known_secrets_are_asked_for(
    rendered: dict[tuple[str, ...], Path], deploy: str
) -> None:
    used = set(re.findall(r"secrets\.(\w+)", scripts(rendered["github", "postgresql", deploy])))
    cluster = {"kubernetes": "KUBECONFIG", "nomad": "NOMAD_TOKEN"}[deploy]
    of_updates = {"TEMPLATE_TOKEN", "UPDATE_TOKEN"}
    assert used == {"PROMETHEUS_TOKEN", "REGISTRY_PASSWORD", cluster} | of_updates


# -- Pins -----------------------------------------------------------------------------------------

ACTION = re.compile(r"uses: ([\w./-]+)@(\S+)(?: # (\S+))?")
IMAGE = re.compile(r"[a-z0-9][a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


def test_each_action_has_one_pin(rendered: dict[tuple[str, ...], Path]) -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    folders = [ROOT, *rendered.values()]
    for path in (path for folder in folders for path in folder.glob(".github/**/*.yml")):
        for action, commit, version in ACTION.findall(path.read_text("utf-8")):
            assert re.fullmatch(r"[0-9a-f]{40}", commit), f"{path}: {action}"
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), f"{path}: {action}"
            owner_and_name = "/".join(action.split("/")[:2])  # CodeQL has several in one
            pins.setdefault(owner_and_name, set()).add((commit, version))
    assert len(pins) > 8
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


def images(node: object, key: str = "") -> Iterator[str]:
    """What a pipeline of GitLab pulls."""
    if isinstance(node, dict):
        for name, value in node.items():
            inner = key if name == "name" and key in {"image", "services"} else name
            yield from images(value, inner)
    elif isinstance(node, list):
        for item in node:
            yield from images(item, key)
    elif isinstance(node, str) and (key in {"image", "services"} or key.endswith("_IMAGE")):
        yield node


def test_images_are_pinned_by_digest(rendered: dict[tuple[str, ...], Path]) -> None:
    pulled = {
        image
        for (forge, *_), service in rendered.items()
        if forge == "gitlab"
        for path in [service / ".gitlab-ci.yml", *service.glob(".gitlab/ci/*.yml")]
        for image in images(read(path))
    }
    assert len(pulled) >= 5
    assert [image for image in pulled if not IMAGE.fullmatch(image)] == []


def test_both_forges_scan_with_the_same_trivy(rendered: dict[tuple[str, ...], Path]) -> None:
    for database, deploy in product(DATABASES, PLATFORMS):
        found = {
            image
            for forge in ("github", "gitlab")
            for image in IMAGE.findall(scripts(rendered[forge, database, deploy]))
            if "trivy" in image
        }
        assert len(found) == 1


def test_both_forges_sign_with_the_same_cosign(rendered: dict[tuple[str, ...], Path]) -> None:
    github = scripts(rendered["github", "none", "nomad"])
    gitlab = scripts(rendered["gitlab", "none", "nomad"])
    [version] = re.findall(r"cosign-release: (\S+)", github)
    [image] = [image for image in set(IMAGE.findall(gitlab)) if "cosign" in image]
    assert f"cosign:{version}@" in image


def test_both_forges_ask_the_same_people(rendered: dict[tuple[str, ...], Path]) -> None:
    github, gitlab = (rendered[forge, "none", "nomad"] for forge in ("github", "gitlab"))
    for ours, theirs in {
        ".github/CODEOWNERS": ".gitlab/CODEOWNERS",
        ".github/pull_request_template.md": ".gitlab/merge_request_templates/Default.md",
    }.items():
        assert (github / ours).read_text("utf-8") == (gitlab / theirs).read_text("utf-8")


def test_docker_runs_nothing_without_a_digest(github: Service) -> None:
    merge = read(github[0] / ".github" / "workflows" / "merge.yml")
    assert IMAGE.fullmatch(merge["env"]["TRIVY"])
    runs = [step["run"] for _, step in steps(github[0]) if "docker run" in step.get("run", "")]
    assert len(runs) == 3
    assert all('"$TRIVY"' in run for run in runs)


def test_what_gitlab_keeps_is_not_checked(gitlab: Service) -> None:
    service, _ = gitlab
    installed = read(service / ".gitlab-ci.yml")[".installed"]
    ignored = (service / ".gitignore").read_text("utf-8").splitlines()
    assert {path.split("/")[0] + "/" for path in installed["cache"]["paths"]} <= set(ignored)
    kept = {f"$CI_PROJECT_DIR/{path}" for path in installed["cache"]["paths"]}
    assert set(installed["variables"].values()) == kept


# -- What the forges themselves would say ---------------------------------------------------------


def older(text: str) -> str:
    """What actionlint understands: it is older than two words of GitHub's."""
    return text.replace("uses: $/", "uses: ./").replace("queue: max", "")


@pytest.mark.slow
def test_actionlint_finds_nothing(github: Service, tmp_path: Path) -> None:
    actionlint = programs.actionlint()
    source = checks.matching(github[0], ".github/workflows/*.yml", ".github/actions/*/*.yml")
    for path in source:
        copy = tmp_path / path.relative_to(github[0])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(older(path.read_text("utf-8")), "utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [actionlint],
        cwd=tmp_path,
        env=programs.with_shellcheck(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


PIPELINES = {
    "merge_request_event": "change",
    "push": "main",
    "schedule": "update",
    "web": "rollback",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", PIPELINES)
def test_gitlab_makes_the_pipeline(gitlab: Service, tmp_path: Path, source: str) -> None:
    command = programs.npm_program("gitlab-ci-local", "gitlab-ci-local", programs.GITLAB_CI_LOCAL)
    service = shutil.copytree(gitlab[0], tmp_path / "service")
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a"],
        ["remote", "add", "origin", "https://gitlab.com/your-organisation/orders.git"],
    ):
        subprocess.run(["git", *arguments], cwd=service, check=True)
    variable = ["--variable", f"CI_PIPELINE_SOURCE={source}"]
    ignored = ["--ignore-predefined-vars", "CI_PIPELINE_SOURCE"]
    done = subprocess.run(
        [*command, "--list-csv", *variable, *ignored],
        cwd=service,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    listed = {line.split(";")[0] for line in done.stdout.splitlines() if line.count(";") >= 5}
    found = {re.sub(r"check: \[(.*)\]", r"\1", name) for name in listed - {"name"}}
    pipelines = wanted(gitlab[1])
    released = pipelines["release"] if source == "push" else set()
    assert {NAMES_ON_GITLAB.get(name, name) for name in found} == pipelines[
        PIPELINES[source]
    ] | released
