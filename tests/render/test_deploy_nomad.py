"""The Nomad jobs fit the service that they run, and each check on them catches its fault."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

from scripts.render import render
from tests.checks import report

ENVIRONMENTS = ("staging", "production")

Block = dict[str, Any]

# What Nomad knows of https://developer.hashicorp.com/nomad/docs/job-specification, as far as it is
# used here. `nomad job validate` says the same, where there is a nomad.
LABELLED = {"group", "job", "port", "strategy", "task", "variable"}
KNOWN = {
    "": {"job", "variable"},
    "check": {"check_restart", "interval", "name", "path", "timeout", "type"},
    "check_restart": {"grace", "limit"},
    "config": {
        *("args", "cap_drop", "command", "image", "pids_limit", "ports", "readonly_rootfs"),
        "security_opt",
    },
    "group": {
        *("count", "network", "reschedule", "restart", "scaling", "service", "spread", "task"),
    },
    "job": {"group", "meta", "migrate", "namespace", "spread", "type", "update"},
    "migrate": {"health_check", "healthy_deadline", "max_parallel", "min_healthy_time"},
    "network": {"port"},
    "policy": {"check", "cooldown", "evaluation_interval"},
    "port": {"to"},
    "reschedule": {"attempts", "unlimited"},
    "resources": {"cpu", "memory"},
    "restart": {"attempts", "delay", "interval", "mode"},
    "scaling": {"enabled", "max", "min", "policy"},
    "scaling check": {"query", "source", "strategy"},
    "service": {"check", "name", "port", "provider", "tags"},
    "spread": {"attribute"},
    "strategy": {"target"},
    "task": {
        *("config", "driver", "env", "kill_signal", "kill_timeout", "resources", "template"),
        "user",
    },
    "template": {
        *("change_mode", "data", "destination", "env", "left_delimiter", "right_delimiter"),
        "splay",
    },
    "update": {
        *("auto_promote", "auto_revert", "canary", "health_check", "healthy_deadline"),
        *("max_parallel", "min_healthy_time", "progress_deadline"),
    },
    "variable": {"default", "description", "type"},
}


@pytest.fixture(scope="module", params=["postgresql", "none"])
def service(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A service for Nomad."""
    folder = tmp_path_factory.mktemp(request.param) / "orders"
    return render(template, folder, service="orders", database=request.param, deploy="nomad")


def read(path: Path) -> Block:
    """A file of HCL: blocks are lists, labels are keys."""
    options = hcl2.SerializationOptions(
        strip_string_quotes=True, with_comments=False, explicit_blocks=False
    )
    with path.open(encoding="utf-8") as file:
        return dict(hcl2.load(file, serialization_options=options))


def jobs(folder: Path) -> dict[str, Block]:
    """The jobs, by the names of their files."""
    names = ["service", *(["migration"] if (folder / "migrations").is_dir() else [])]
    assert sorted(path.name for path in folder.glob("deploy/*.nomad.hcl")) == sorted(
        f"{name}.nomad.hcl" for name in names
    ), "a migration has a job, and nothing else has"
    found = {}
    for name in names:
        [labelled] = read(folder / "deploy" / f"{name}.nomad.hcl")["job"]
        [(_, found[name])] = labelled.items()
    return found


def group(job: Block) -> Block:
    """The one group of a job."""
    [labelled] = job["group"]
    [only] = labelled.values()
    return dict(only)


def task(job: Block) -> Block:
    """The one task of a job."""
    [labelled] = group(job)["task"]
    [only] = labelled.values()
    return dict(only)


def variables(folder: Path, environment: str) -> Block:
    """What an environment sets."""
    return read(folder / "deploy" / f"{environment}.vars.hcl")


def secrets(job: Block) -> set[str]:
    """The names of the environment variables that come from Nomad's variables."""
    [template] = task(job)["template"]
    return set(re.findall(r"^ *([A-Z_]+)=", template["data"], re.MULTILINE))


def seconds(text: str) -> float:
    """The length of a duration such as 30s or 3m."""
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def unknown(kind: str, block: Block) -> Iterator[str]:
    """What stands in a block, or in one within it, that Nomad does not know there."""
    for name, value in block.items():
        if name not in KNOWN[kind]:
            yield f"{kind or 'the file'} has no {name}"
            continue
        inner = "scaling check" if (kind, name) == ("policy", "check") else name
        if inner not in KNOWN or not isinstance(value, list):
            continue
        for one in value:
            labelled = name in LABELLED or inner == "scaling check"
            for body in one.values() if labelled else [one]:
                yield from unknown(inner, body)


def nothing_is_misspelt(folder: Path) -> None:
    """Each block and attribute is one of Nomad's, and each variable is declared and given."""
    for path in sorted(folder.glob("deploy/*.nomad.hcl")):
        content = read(path)
        report(f"{path.name}: {fault}" for fault in unknown("", content))
        declared = {name for variable in content["variable"] for name in variable}
        used = set(re.findall(r"\bvar\.([a-z_]+)", path.read_text()))
        assert used == declared, f"the variables of {path.name}"
    asked = read(folder / "deploy/service.nomad.hcl")["variable"]
    bodies = [pair for variable in asked for pair in variable.items()]
    needed = {name for name, body in bodies if "default" not in body}
    for environment in ENVIRONMENTS:
        assert variables(folder, environment).keys() == needed, f"the variables of {environment}"


def checks_ask_what_answers(folder: Path) -> None:
    """Paths are those of health.py; a process is restarted for its liveness alone."""
    source = next(folder.glob("src/*/chassis/health.py")).read_text()
    paths = dict(re.findall(r'^(LIVENESS|READINESS)_PATH = "(.+)"$', source, re.MULTILINE))
    api, management = group(jobs(folder)["service"])["service"]
    live, ready = api["check"]
    assert (live["path"], ready["path"]) == (paths["LIVENESS"], paths["READINESS"]), "paths"
    assert "check_restart" in live, "liveness restarts"
    assert "check_restart" not in ready, "readiness restarts"
    assert (api["port"], management["port"]) == ("http", "management"), "ports"
    assert api["provider"] == "consul", "Nomad's own catalogue lists what is not ready"


def ports_are_the_same_everywhere(folder: Path) -> None:
    """Network, settings and the container agree."""
    job = jobs(folder)["service"]
    [network] = group(job)["network"]
    ports = {name: body["to"] for port in network["port"] for name, body in port.items()}
    [config] = task(job)["config"]
    assert set(config["ports"]) == ports.keys(), "the ports of the container"
    for environment in ENVIRONMENTS:
        values = variables(folder, environment)["settings"]
        listening = {"http": int(values["PORT"]), "management": int(values["MANAGEMENT_PORT"])}
        assert ports == listening, f"the ports of {environment}"


def the_stop_has_its_time(folder: Path) -> None:
    """A process is not killed before the settings say; the service waits, and Nomad does not."""
    job = jobs(folder)["service"]
    assert "shutdown_delay" not in group(job) | task(job), "a delay adds to that of the service"
    assert task(job)["kill_signal"] == "SIGTERM", "kill_signal"
    for environment in ENVIRONMENTS:
        needed = float(variables(folder, environment)["settings"]["SHUTDOWN_GRACE_PERIOD"])
        assert seconds(task(job)["kill_timeout"]) >= needed, f"kill_timeout, {environment}"


def settings_are_injected(folder: Path) -> None:
    """Exactly those of .env.example, but for what the image says of itself."""
    known = set(re.findall(r"^#([A-Z_]+)=", (folder / ".env.example").read_text(), re.MULTILINE))
    for environment in ENVIRONMENTS:
        injected = variables(folder, environment)["settings"].keys() | secrets(
            jobs(folder)["service"]
        )
        of_the_image = {"SERVICE_BUILT_AT", "SERVICE_COMMIT", "SERVICE_VERSION"}
        assert injected == known - of_the_image, f"the settings of {environment}"


def secrets_are_references(folder: Path) -> None:
    """Each comes from a Nomad variable of its own job."""
    for name, job in jobs(folder).items():
        [template] = task(job)["template"]
        own = "orders" if name == "service" else f"orders-{name}"
        assert f'nomadVar "nomad/jobs/{own}"' in template["data"], f"the secrets of {name}"
        assert template["destination"].startswith("${NOMAD_SECRETS_DIR}/"), f"{name}: destination"
        for value in re.findall(r"^ *[A-Z_]+=(.+)$", template["data"], re.MULTILINE):
            assert value.startswith("[["), f"{name}: a secret in the open"


def images_have_digests(folder: Path) -> None:
    """The digest is a variable, whose default no registry has."""
    for name, job in jobs(folder).items():
        [config] = task(job)["config"]
        assert config["image"] == "${var.image}@${var.digest}", f"the image of {name}"
        declared = read(folder / "deploy" / f"{name}.nomad.hcl")["variable"]
        [default] = [body["digest"]["default"] for body in declared if "digest" in body]
        assert default == f"sha256:{64 * '0'}", f"the digest of {name}"


def containers_are_confined(folder: Path) -> None:
    """Not root, nothing to write to, no rights to gain, bounded memory."""
    for name, job in jobs(folder).items():
        assert task(job)["user"] == "10001:10001", f"{name}: user"
        [config] = task(job)["config"]
        assert config["readonly_rootfs"] is True, f"{name}: readonly_rootfs"
        assert config["cap_drop"] == ["all"], f"{name}: cap_drop"
        assert config["security_opt"] == ["no-new-privileges"], f"{name}: security_opt"
        assert config["pids_limit"] > 0, f"{name}: pids_limit"
        [resources] = task(job)["resources"]
        assert resources.keys() == {"cpu", "memory"}, f"{name}: resources"


def requests_are_always_served(folder: Path) -> None:
    """A bad release stops at one canary and is taken back; drains wait for health."""
    job = jobs(folder)["service"]
    [update], [migrate], [scaling] = job["update"], job["migrate"], group(job)["scaling"]
    assert update["canary"] >= 1, "canary"
    assert update["auto_promote"] is True, "auto_promote"
    assert update["auto_revert"] is True, "auto_revert"
    assert update["max_parallel"] == 1, "max_parallel"
    assert (update["health_check"], migrate["health_check"]) == ("checks", "checks"), "health_check"
    waited = seconds(update["min_healthy_time"]), seconds(update["healthy_deadline"])
    assert waited[0] < waited[1] < seconds(update["progress_deadline"]), "deadlines"
    assert scaling["min"] == group(job)["count"] == "${var.instances.least}", "count"
    spread = [block["attribute"] for block in (*job["spread"], *group(job)["spread"])]
    assert spread == ["${node.datacenter}", "${node.unique.id}"], "spread"
    for environment in ENVIRONMENTS:
        instances = variables(folder, environment)["instances"]
        assert 2 <= instances["least"] <= instances["most"], f"the instances of {environment}"


def migrations_run_once(folder: Path) -> None:
    """A batch job that is new each time, and is not tried again."""
    job = jobs(folder).get("migration")
    if job is None:
        return  # jobs() has seen that there are no migrations
    assert job["type"] == "batch", "type"
    assert job["meta"] == [{"run": "${uuidv4()}"}], "meta"
    assert group(job)["restart"][0]["attempts"] == 0, "restart"
    assert group(job)["reschedule"] == [{"attempts": 0, "unlimited": False}], "reschedule"
    [config] = task(job)["config"]
    assert [config["command"], *config["args"]] == ["alembic", "upgrade", "head"], "command"


CHECKS: tuple[Callable[[Path], None], ...] = (
    nothing_is_misspelt,
    checks_ask_what_answers,
    ports_are_the_same_everywhere,
    the_stop_has_its_time,
    settings_are_injected,
    secrets_are_references,
    images_have_digests,
    containers_are_confined,
    requests_are_always_served,
    migrations_run_once,
)

# What is wrong: the check that says so, the file of deploy/, what stands there, what instead.
JOB, MIGRATION = "service.nomad.hcl", "migration.nomad.hcl"
FAULTS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "a misspelt attribute": (nothing_is_misspelt, JOB, "kill_timeout", "kill_time"),
    "a misplaced attribute": (nothing_is_misspelt, MIGRATION, "attempts ", "canary = 1\nattempts "),
    "a variable that is not declared": (nothing_is_misspelt, JOB, "var.image}", "var.path}"),
    "a variable that is not given": (
        nothing_is_misspelt,
        "staging.vars.hcl",
        "namespace",
        "name_space",
    ),
    "liveness that asks readiness": (checks_ask_what_answers, JOB, "/livez", "/readyz"),
    "Nomad's catalogue": (checks_ask_what_answers, JOB, '"consul"', '"nomad"'),
    "another port": (ports_are_the_same_everywhere, "production.vars.hcl", "8000", "8080"),
    "a port that is not published": (
        ports_are_the_same_everywhere,
        JOB,
        '["http", "management"]',
        '["http"]',
    ),
    "too short a stop": (the_stop_has_its_time, JOB, '"30s"', '"25s"'),
    "a second delay": (
        the_stop_has_its_time,
        JOB,
        "    count = var",
        '    shutdown_delay = "5s"\n    count = var',
    ),
    "a setting less": (settings_are_injected, "staging.vars.hcl", "  MAX_CONC", "  # MAX_CONC"),
    "a setting too many": (
        settings_are_injected,
        "staging.vars.hcl",
        "  PORT",
        '  A = "1"\n  PORT',
    ),
    "a secret less": (settings_are_injected, JOB, "DATABASE_URL=", "# "),
    "a secret in the open": (
        secrets_are_references,
        JOB,
        "DATABASE_URL=[[ .DATABASE_URL.Value | toJSON ]]",
        "DATABASE_URL=postgresql://orders",
    ),
    "the secrets of another job": (
        secrets_are_references,
        MIGRATION,
        'orders-migration" ]]',
        'a" ]]',
    ),
    "a tag": (images_have_digests, JOB, "@${var.digest}", ":latest"),
    "a digest": (images_have_digests, MIGRATION, "sha256:00", "sha256:11"),
    "root": (containers_are_confined, JOB, '"10001:10001"', '"0:0"'),
    "a root to write to": (containers_are_confined, MIGRATION, "rootfs = true", "rootfs = false"),
    "capabilities": (containers_are_confined, JOB, '["all"]', "[]"),
    "new privileges": (containers_are_confined, JOB, '["no-new-privileges"]', "[]"),
    "no canary": (requests_are_always_served, JOB, "canary            = 1", "canary = 0"),
    "no way back": (
        requests_are_always_served,
        JOB,
        "auto_revert       = true",
        "auto_revert = false",
    ),
    "a deadline too short": (requests_are_always_served, JOB, '"5m"', '"2m"'),
    "a single instance": (requests_are_always_served, "staging.vars.hcl", "least = 2", "least = 1"),
    "a migration that runs on": (migrations_run_once, MIGRATION, '"batch"', '"service"'),
    "a migration that runs once for all": (migrations_run_once, MIGRATION, "uuidv4()", '"1"'),
    "a migration that is tried again": (migrations_run_once, MIGRATION, "= 0", "= 3"),
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
