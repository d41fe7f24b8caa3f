"""The manifests fit the service that they run, and each check on them catches its fault."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.render import ROOT, render
from tests.checks import report, run_tool
from tests.commands import shipshape
from tests.debian import program

DIGEST = f"sha256:{64 * 'a'}"
ENVIRONMENTS = ("staging", "production")
CHECKOV = "checkov==3.3.30"

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def kubectl() -> str:
    """The path of kubectl, whose kustomize makes the manifests."""
    return program("kubectl", "kubectl")


@pytest.fixture(scope="module", params=["postgresql", "none"])
def service(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A service for Kubernetes."""
    folder = tmp_path_factory.mktemp(request.param) / "orders"
    return render(template, folder, service="orders", database=request.param)


def manifests(folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """What stands in deploy/, file by file; kustomizations are not what is applied."""
    for path in sorted(folder.glob("deploy/*/*.yaml")):
        if path.name != "kustomization.yaml":
            for manifest in yaml.safe_load_all(path.read_text()):
                yield path, manifest


def only(folder: Path, name: str) -> Manifest:
    """The spec of a manifest of base/."""
    [spec] = [found["spec"] for path, found in manifests(folder) if path.stem == name]
    assert isinstance(spec, dict)
    return spec


def pods(folder: Path) -> dict[str, Manifest]:
    """The specs of the pods, by kind: of the Deployment, and of the Job where there is one."""
    workloads = {found["kind"]: found.get("spec") for _, found in manifests(folder)}
    specs = {kind: workloads.get(kind) for kind in ("Deployment", "Job")}
    has_migrations = (folder / "migrations").is_dir()
    assert (specs["Job"] is not None) == has_migrations, "migrations and a Job come together"
    return {kind: spec["template"]["spec"] for kind, spec in specs.items() if spec}


def container(folder: Path) -> Manifest:
    """The service's own container."""
    found = pods(folder)["Deployment"]["containers"][0]
    assert isinstance(found, dict)
    return found


def settings(folder: Path, environment: str) -> dict[str, str]:
    """What an environment sets, from its service.env."""
    lines = (folder / "deploy" / environment / "service.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def probes_ask_what_answers(folder: Path) -> None:
    """Paths are those of health.py; liveness asks no readiness; all go to the serving port."""
    source = next(folder.glob("src/*/chassis/health.py")).read_text()
    paths = dict(re.findall(r'^(LIVENESS|READINESS)_PATH = "(.+)"$', source, re.MULTILINE))
    asked = {
        name: container(folder)[f"{name}Probe"] for name in ("startup", "liveness", "readiness")
    }
    wanted = {
        "startup": paths["LIVENESS"],
        "liveness": paths["LIVENESS"],
        "readiness": paths["READINESS"],
    }
    assert {name: probe["httpGet"]["path"] for name, probe in asked.items()} == wanted, "probes"
    assert {probe["httpGet"]["port"] for probe in asked.values()} == {"http"}, "probes"


def ports_are_the_same_everywhere(folder: Path) -> None:
    """Container, settings, Service, NetworkPolicy and ServiceMonitor agree."""
    ports = {port["name"]: port["containerPort"] for port in container(folder)["ports"]}
    for environment in ENVIRONMENTS:
        values = settings(folder, environment)
        listening = {"http": int(values["PORT"]), "management": int(values["MANAGEMENT_PORT"])}
        assert ports == listening, f"the ports of {environment}"
    exposed = {port["name"]: port["targetPort"] for port in only(folder, "service")["ports"]}
    assert exposed == {name: name for name in ports}, "the ports of the Service"
    [scraped] = only(folder, "servicemonitor")["endpoints"]
    assert (scraped["port"], scraped["path"]) == ("management", "/metrics"), "the ServiceMonitor"
    policy = next(found for path, found in manifests(folder) if "base/networkpolicy" in str(path))
    rules = policy["spec"]["ingress"]
    opened = [
        (port["port"], who) for rule in rules for port in rule["ports"] for who in rule["from"]
    ]
    assert {port for port, _ in opened} == ports.keys(), "the ports of the NetworkPolicy"
    monitoring = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    readers = [who for port, who in opened if port == "management"]
    assert readers == [{"namespaceSelector": monitoring}], "who reads the management port"


def the_stop_has_its_time(folder: Path) -> None:
    """A pod is not killed before the settings say; the service itself waits, and no hook."""
    spec = pods(folder)["Deployment"]
    assert "lifecycle" not in container(folder), "a hook adds to the grace period"
    for environment in ENVIRONMENTS:
        needed = float(settings(folder, environment)["SHUTDOWN_GRACE_PERIOD"])
        assert (
            spec["terminationGracePeriodSeconds"] >= needed
        ), f"SHUTDOWN_GRACE_PERIOD, {environment}"


def settings_are_injected(folder: Path) -> None:
    """Exactly those of .env.example, but for what the image says of itself."""
    known = set(re.findall(r"^#([A-Z_]+)=", (folder / ".env.example").read_text(), re.MULTILINE))
    secrets = {variable["name"] for variable in container(folder)["env"]}
    for environment in ENVIRONMENTS:
        injected = settings(folder, environment).keys() | secrets
        of_the_image = {"SERVICE_BUILT_AT", "SERVICE_COMMIT", "SERVICE_VERSION"}
        assert injected == known - of_the_image, f"the settings of {environment}"


def secrets_are_references(folder: Path) -> None:
    """No value of a secret stands in a manifest."""
    assert all(found["kind"] != "Secret" for _, found in manifests(folder)), "a Secret"
    for spec in pods(folder).values():
        for variable in spec["containers"][0]["env"]:
            assert variable.keys() == {"name", "valueFrom"}, f"the value of {variable['name']}"


def images_have_digests(folder: Path) -> None:
    """Each image is named by a digest, and without a tag."""
    faults = []
    found = 0
    for path in sorted(folder.glob("deploy/**/*.yaml")):
        for image in re.findall(r"^ *-? *image: *(.+)$", path.read_text(), re.MULTILINE):
            found += 1
            if not re.fullmatch(r"[a-z0-9./-]+@sha256:[0-9a-f]{64}", image):
                faults.append(f"{path.name}: {image}")
    assert found == len(pods(folder)), "the images"
    report(faults)


def memory_is_bounded_and_cpu_is_not(folder: Path) -> None:
    """Each container asks for CPU and memory, and has a limit of memory alone."""
    for kind, spec in pods(folder).items():
        resources = spec["containers"][0]["resources"]
        assert resources["requests"].keys() == {"cpu", "memory"}, f"what the {kind} requests"
        assert resources["limits"].keys() == {"memory"}, f"the limits of the {kind}"
        assert resources["requests"]["memory"] == resources["limits"]["memory"], f"{kind}: memory"


def requests_are_always_served(folder: Path) -> None:
    """No rollout, drain or scaling takes the last pods away."""
    deployment = only(folder, "deployment")
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0, "maxUnavailable"
    assert "replicas" not in deployment, "replicas would undo the autoscaler"
    scaler = only(folder, "horizontalpodautoscaler")
    assert scaler["minReplicas"] >= 2, "minReplicas"
    assert scaler["scaleTargetRef"]["name"] == "orders", "scaleTargetRef"
    assert only(folder, "poddisruptionbudget")["maxUnavailable"] == 1, "the PodDisruptionBudget"
    spread = pods(folder)["Deployment"]["topologySpreadConstraints"]
    keys = {constraint["topologyKey"] for constraint in spread}
    assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}, "topologyKey"


def selectors_find_the_pods(folder: Path) -> None:
    """All that selects the service's pods does, and nothing takes a migration for one."""
    kustomization = yaml.safe_load((folder / "deploy/base/kustomization.yaml").read_text())
    [labels] = kustomization["labels"]
    assert labels["includeTemplates"], "the labels of the pods"
    deployment = only(folder, "deployment")
    own = labels["pairs"] | deployment["template"]["metadata"]["labels"]
    policy = next(found for path, found in manifests(folder) if "base/networkpolicy" in str(path))
    selectors = {
        "the Deployment": deployment["selector"]["matchLabels"],
        "the Service": only(folder, "service")["selector"],
        "the PodDisruptionBudget": only(folder, "poddisruptionbudget")["selector"]["matchLabels"],
        "the NetworkPolicy": policy["spec"]["podSelector"]["matchLabels"],
    }
    for constraint in deployment["template"]["spec"]["topologySpreadConstraints"]:
        selectors[constraint["topologyKey"]] = constraint["labelSelector"]["matchLabels"]
    for whose, selector in selectors.items():
        assert selector.items() <= own.items(), f"the selector of {whose}"
        assert selector.get("app.kubernetes.io/component") == "api", f"the selector of {whose}"


def pods_are_restricted(folder: Path) -> None:
    """The Pod Security Standard "restricted", field by field, and somewhat more."""
    for kind, spec in pods(folder).items():
        report(f"{kind}: {fault}" for fault in unrestricted(spec))
        assert spec["automountServiceAccountToken"] is False, f"{kind}: a token"
        assert spec["enableServiceLinks"] is False, f"{kind}: variables of other services"
        assert spec["serviceAccountName"].startswith("orders"), f"{kind}: serviceAccountName"
        assert spec["securityContext"]["runAsUser"] == 10001, f"{kind}: runAsUser"
        [only_one] = spec["containers"]
        assert only_one["securityContext"]["readOnlyRootFilesystem"] is True, f"{kind}: root"


def unrestricted(spec: Manifest) -> Iterator[str]:
    """What https://kubernetes.io/docs/concepts/security/pod-security-standards forbids."""
    pod = spec.get("securityContext", {})
    yield from (f for f in ("hostNetwork", "hostPID", "hostIPC", "hostUsers") if spec.get(f))
    allowed = {
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
        *("persistentVolumeClaim", "projected", "secret"),
    }
    for volume in spec.get("volumes", []):
        yield from (f"volume {name}" for name in volume.keys() - allowed - {"name"})
    yield from ("sysctls" for _ in pod.get("sysctls", []))
    for one in spec["containers"] + spec.get("initContainers", []):
        own = one.get("securityContext", {})
        both = pod | own
        if both.get("runAsNonRoot") is not True:
            yield "runAsNonRoot"
        if both.get("runAsUser", 1) == 0:
            yield "runAsUser"
        if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "seccompProfile"
        if own.get("privileged"):
            yield "privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        capabilities = own.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            yield "capabilities.drop"
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield "capabilities.add"
        if own.get("procMount", "Default") != "Default":
            yield "procMount"
        for field in ("seLinuxOptions", "windowsOptions", "appArmorProfile"):
            if field in both:
                yield field
        yield from ("hostPort" for port in one.get("ports", []) if "hostPort" in port)


def migrations_end_before_their_deadline(folder: Path) -> None:
    """Whoever waits for the Job gives up first, while its pod can still say why."""
    jobs = [found["spec"] for _, found in manifests(folder) if found["kind"] == "Job"]
    source = (folder / ".shipshape/shipshape/platforms/platform.py").read_text()
    [patience] = re.findall(r"^MIGRATION_SECONDS = (\d+)$", source, re.MULTILINE)
    assert len(jobs) == len(pods(folder)) - 1, "the Job"
    for job in jobs:
        assert int(patience) < job["activeDeadlineSeconds"], "activeDeadlineSeconds"
        assert job["backoffLimit"] == 0, "backoffLimit"


CHECKS: tuple[Callable[[Path], None], ...] = (
    probes_ask_what_answers,
    ports_are_the_same_everywhere,
    the_stop_has_its_time,
    settings_are_injected,
    secrets_are_references,
    images_have_digests,
    memory_is_bounded_and_cpu_is_not,
    requests_are_always_served,
    selectors_find_the_pods,
    pods_are_restricted,
    migrations_end_before_their_deadline,
)

# What is wrong: the check that says so, the file of deploy/, what stands there, what instead.
DEPLOYMENT, JOB = "base/deployment.yaml", "migration/job.yaml"
ZEROES = f"@sha256:{64 * '0'}"
FAULTS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "liveness that asks readiness": (
        probes_ask_what_answers,
        DEPLOYMENT,
        "livenessProbe:\n            httpGet:\n              path: /livez",
        "livenessProbe:\n            httpGet:\n              path: /readyz",
    ),
    "a probe of another port": (
        probes_ask_what_answers,
        DEPLOYMENT,
        "path: /readyz\n              port: http",
        "path: /readyz\n              port: management",
    ),
    "another port": (ports_are_the_same_everywhere, "staging/service.env", "=8000", "=8080"),
    "a Service of another port": (
        ports_are_the_same_everywhere,
        "base/service.yaml",
        "targetPort: http",
        "targetPort: 80",
    ),
    "an open management port": (
        ports_are_the_same_everywhere,
        "base/networkpolicy.yaml",
        "        - port: http\n",
        "        - port: http\n        - port: management\n    - from:\n"
        "        - podSelector: {}\n      ports:\n        - port: management\n",
    ),
    "too short a stop": (the_stop_has_its_time, DEPLOYMENT, "Seconds: 30", "Seconds: 25"),
    "too long a stop": (
        the_stop_has_its_time,
        "production/service.env",
        "GRACE_PERIOD=30",
        "GRACE_PERIOD=60",
    ),
    "a hook that sleeps": (
        the_stop_has_its_time,
        DEPLOYMENT,
        "          resources:",
        "          lifecycle: {preStop: {sleep: {seconds: 5}}}\n          resources:",
    ),
    "a setting less": (settings_are_injected, "production/service.env", "MAX_CONCURRENCY", "#"),
    "a setting too many": (settings_are_injected, "staging/service.env", "PORT=", "A=\nPORT="),
    "a secret in the open": (
        secrets_are_references,
        DEPLOYMENT,
        "          env:\n",
        "          env:\n            - {name: TOKEN, value: secret}\n",
    ),
    "a tag": (images_have_digests, DEPLOYMENT, ZEROES, ":latest"),
    "a tag beside the digest": (images_have_digests, JOB, ZEROES, f":1{ZEROES}"),
    "no limit of memory": (
        memory_is_bounded_and_cpu_is_not,
        DEPLOYMENT,
        "            limits:\n              memory: 256Mi",
        "            limits: {}",
    ),
    "a limit of CPU": (
        memory_is_bounded_and_cpu_is_not,
        JOB,
        "limits:",
        "limits:\n              cpu: 1",
    ),
    "a gap in the rollout": (
        requests_are_always_served,
        DEPLOYMENT,
        "Unavailable: 0",
        "Unavailable: 1",
    ),
    "replicas": (requests_are_always_served, DEPLOYMENT, "  revision", "  replicas: 1\n  revision"),
    "a single pod": (
        requests_are_always_served,
        "base/horizontalpodautoscaler.yaml",
        "minReplicas: 2",
        "minReplicas: 1",
    ),
    "a Service of other pods": (
        selectors_find_the_pods,
        "base/service.yaml",
        "component: api",
        "component: web",
    ),
    "a Service of migrations": (
        selectors_find_the_pods,
        "base/service.yaml",
        "    app.kubernetes.io/component: api\n",
        "",
    ),
    **{
        f"{DEPLOYMENT}, {line.strip()}": (pods_are_restricted, DEPLOYMENT, line, instead)
        for line, instead in {
            "runAsNonRoot: true": "runAsNonRoot: false",
            "type: RuntimeDefault": "type: Unconfined",
            "allowPrivilegeEscalation: false": "privileged: true",
            "drop: [ALL]": "drop: [CHOWN]",
            "readOnlyRootFilesystem: true": "readOnlyRootFilesystem: false",
            "automountServiceAccountToken: false": "automountServiceAccountToken: true",
            "enableServiceLinks: false": "enableServiceLinks: true",
            "containerPort: 8000": "containerPort: 8000\n              hostPort: 8000",
            "      containers:": "      hostNetwork: true\n      containers:",
            "runAsUser: 10001": "runAsUser: 0",
        }.items()
    },
    "a migration that is cut": (
        migrations_end_before_their_deadline,
        JOB,
        "Seconds: 660",
        "Seconds: 300",
    ),
    "a migration that is tried again": (
        migrations_end_before_their_deadline,
        JOB,
        "backoffLimit: 0",
        "backoffLimit: 6",
    ),
    "a migration as root": (pods_are_restricted, JOB, "runAsUser: 10001", "runAsUser: 0"),
    "a migration that gains rights": (
        pods_are_restricted,
        JOB,
        "allowPrivilegeEscalation: false",
        "procMount: Default",
    ),
}


@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_service(service: Path, check: Callable[[Path], None]) -> None:
    check(service)


@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("service", ["postgresql"], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_caught(service: Path, tmp_path: Path, fault: str) -> None:
    check, name, right, wrong = FAULTS[fault]
    copy = shutil.copytree(service, tmp_path / "orders")
    path = copy / "deploy" / name
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(AssertionError):
        check(copy)


def built(kubectl: str, folder: Path) -> str:
    """What kustomize makes of a folder of deploy/."""
    return subprocess.run(
        [kubectl, "kustomize", folder], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.slow  # where there is no kubectl, it is fetched
@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_valid(
    service: Path, tmp_path: Path, environment: str, kubectl: str
) -> None:
    folders = [service / "deploy" / environment, service / "deploy" / "migration"]
    for folder in filter(Path.is_dir, folders):
        path = tmp_path / f"{folder.name}.yaml"
        path.write_text(built(kubectl, folder))
        run_tool(service, "kubernetes-validate", "--strict", path)
    applied = list(yaml.safe_load_all((tmp_path / f"{environment}.yaml").read_text()))
    assert {found["metadata"]["namespace"] for found in applied} == {f"orders-{environment}"}
    names = {found["kind"]: found["metadata"]["name"] for found in applied}
    [source] = [
        source["configMapRef"]["name"]
        for found in applied
        if found["kind"] == "Deployment"
        for source in found["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    ]
    assert source == names["ConfigMap"] != "orders", "a changed setting does not roll the pods"
    assert ("PrometheusRule" in names) == (environment == "production")


@pytest.mark.slow  # where there is no kubectl, it is fetched
@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("service", ["postgresql"], indirect=True)
def test_an_unknown_field_is_caught(service: Path, tmp_path: Path, kubectl: str) -> None:
    path = tmp_path / "staging.yaml"
    manifest = built(kubectl, service / "deploy" / "staging").replace(
        "minReadySeconds", "minReadSeconds"
    )
    path.write_text(manifest)
    with pytest.raises(AssertionError, match="minReadSeconds"):
        run_tool(service, "kubernetes-validate", "--strict", path)


@pytest.mark.slow  # where there is no kubectl, it is fetched
@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_deployment_sets_image_and_version(service: Path, environment: str, kubectl: str) -> None:
    """With the service's own code, and the real kubectl."""
    command = ("manifests", environment, DIGEST, "--version=1.4.0")
    path = str(Path(kubectl).parent)
    done = shipshape(service, *command, IMAGE="registry.example/orders", PATH=path)
    assert done.returncode == 0, done.stderr
    assert f"image: registry.example/orders@{DIGEST}\n" in done.stdout
    assert "SERVICE_VERSION: 1.4.0\n" in done.stdout
    assert f"namespace: orders-{environment}\n" in done.stdout
    assert ZEROES not in done.stdout


@pytest.mark.long
@pytest.mark.slow  # where there is no kubectl, it is fetched
@pytest.mark.xdist_group("deploy")
def test_checkov_finds_nothing(service: Path, tmp_path: Path, kubectl: str) -> None:
    checkov = [str(ROOT / ".tools/bin/uv"), "tool", "run", "--from", CHECKOV, "checkov"]
    folders = [service / "deploy" / name for name in (*ENVIRONMENTS, "migration")]
    for folder in filter(Path.is_dir, folders):
        # Of migrations, a deployment sets the namespace.
        placed = "metadata:\n  namespace: orders"
        text = re.sub("^metadata:$", placed, built(kubectl, folder), flags=re.MULTILINE)
        (tmp_path / f"{folder.name}.yaml").write_text(text)
    options = ("--skip-download", "--framework", "kubernetes", "--output", "json")
    command = [*checkov, *options, "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
    summary = json.loads(done.stdout)["summary"]
    assert (summary["failed"], summary["parsing_errors"]) == (0, 0)
    assert summary["passed"] > 50, "it has looked at next to nothing"
