"""Developer experience."""

import re
from collections.abc import Iterator
from pathlib import Path

from ... import description, generated
from ...docs.settings import env_example
from ..check import Kind, Level, Record, check, not_applicable, unknown
from ..reading import (
    catalogue,
    compose,
    dockerfile,
    entry_points,
    locks,
    makefile,
    purposes,
    repository,
    runs,
    settings,
    tests,
)
from ..reading.pipelines import Event
from ..subject import Subject
from ..trial import process
from ..trial.configuration import Configuration
from ..trial.instance import Launcher, NotReadyError
from ..trial.operations import Request
from ..trial.writes import writes

COMMANDS = {
    "install": (("install", "setup", "bootstrap"), purposes.INSTALLS),
    "run": (("run", "serve", "start", "dev"), purposes.RUNS),
    "test": (("test", "tests"), purposes.TESTS),
}
"""The purposes of commands: usual names of their targets, and what these run."""
TOOLS = {
    "linter": purposes.LINTS,
    "formatter": purposes.FORMATS,
    "type checker": purposes.CHECKS_TYPES,
}
FLOOR = r"fail[_-]under *[= ] *\"?[0-9]"
INSTALL_SECONDS = 300.0
TEST_SECONDS = 600.0
BAD_SETTINGS = 2
"""The exit code of services of the template."""
_COUNT = re.compile(r"\b(\d+) passed\b")


@check(
    "DX1",
    "One command each sets up, runs and tests the service",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="Steps that only people remember cost each newcomer a day, and differ on every machine.",
    fix=(
        "Add the targets `install`, `run` and `test` to the Makefile, or name the commands under "
        "[tool.shipshape] in pyproject.toml."
    ),
    sources=("Fowler", "Microsoft", "12-factor X"),
)
def test_one_command_each(record: Record, subject: Subject) -> None:
    """The Makefile or [tool.shipshape] has them."""
    named = subject.pyproject.get("tool", {}).get("shipshape", {})
    targets = makefile.targets(Path())
    for purpose, (usual, pattern) in COMMANDS.items():
        by_name = [targets[name] for name in usual if name in targets]
        by_recipe = [it for it in targets.values() if pattern.search("\n".join(it.recipe))]
        found = next((it for it in (*by_name, *by_recipe) if it.recipe or it.needs), None)
        if purpose in named:
            record.shows(f"`{named[purpose]}`", "pyproject.toml")
        elif found:
            record.shows(f"`make {found.name}`", found.place)
        else:
            record.problem(f"no command to {purpose} the service: add `make {purpose}`")


@check(
    "DX1",
    "One command installs the service, and one runs it",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="What takes more than a command to set up is done differently by each developer, and by "
    "some not at all.",
    fix="Let `make install` install all that is needed, and `make run` start the service.",
    sources=("Fowler", "Microsoft", "12-factor X"),
)
def test_set_up_and_run(record: Record, configuration: Configuration, start: Launcher) -> None:
    """Both commands, and a service that becomes ready."""
    install, run = configuration.need("install"), configuration.need("run")
    ended = process.run(install, process.of_developer(), INSTALL_SECONDS)
    assert ended.exit_code == 0, f"`{install}` fails: {ended.reason}"
    record.shows(f"`{install}` ended with 0")
    try:
        start.by_developer().wait_until_ready()
        record.shows(f"`{run}` made the service ready")
    except NotReadyError as error:
        record.problem(f"`{run}`: {error}")


@check(
    "DX2",
    "The runtime and all dependencies are locked",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why=(
        "Without a lock, each build may get other packages: the tested service is not the "
        "deployed one."
    ),
    fix=(
        "Run `make lock` and commit poetry.lock; name a Python version such as 3.14 in the "
        "Dockerfile."
    ),
    sources=("12-factor II", "OpenSSF Scorecard", "Fowler", "Google"),
)
def test_locked(record: Record, subject: Subject) -> None:
    """The lock fits pyproject.toml, and the image names its version of Python."""
    found = locks.locks(subject.pyproject)
    assert found, "no lock of the dependencies is in the repository"
    for lock in found:
        if lock.problem:
            record.problem(lock.problem, str(lock.path))
        else:
            record.shows(f"locks {lock.packages} packages", str(lock.path))
    for file in dockerfile.dockerfiles():
        for stage in file.stages:
            name, _, tag = stage.image.partition("@")[0].rpartition("/")[2].partition(":")
            if name == "python" and not re.match(r"3\.\d+", tag):
                record.problem(f"{stage.image} names no minor version of Python", stage.place)
            elif name == "python":
                record.shows(f"Python {tag}", stage.place)


@check(
    "DX3",
    "Linter, formatter and type checker are the same commands locally and in CI",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="If CI runs its own commands, people learn of faults from the pipeline, ten minutes later.",
    fix="Have the pipeline run `make lint types`, and change the tools in these targets alone.",
    sources=("Microsoft", "Fowler"),
)
def test_the_same_targets(record: Record, subject: Subject) -> None:
    """The pipeline runs each tool by an entry point that people use too."""
    ran = subject.runs[Event.CHANGE]
    opaque = runs.matching(entry_points.OPAQUE, ran)
    for kind, pattern in TOOLS.items():
        found = runs.matching(pattern, ran)
        shared = next((it for it in found if it.entry_point), None)
        if shared:
            record.shows(f"the {kind} runs by `{shared.entry_point}`", shared.place)
        elif found:
            record.problem(f"only CI runs `{found[0].command}`: make it a target", found[0].place)
        elif opaque:
            unknown(f"{opaque[0].place}: what `{opaque[0].command}` runs cannot be read")
        else:
            record.problem(f"the pipeline of a change runs no {kind}")


@check(
    "DX4",
    "Unit and integration tests run in CI",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="Unit tests miss what breaks between the parts, and tests that nobody has to run go stale.",
    fix=(
        "Write tests under tests/unit and tests/integration, and have each pull request run `make"
        " test`."
    ),
    sources=("Fowler", "Mercari", "Microsoft", "OpenSSF Scorecard"),
)
def test_tests_in_ci(record: Record, subject: Subject) -> None:
    """Each kind has tests that pytest collects, and the pipeline of a change runs them."""
    collected = subject.pyproject.get("tool", {}).get("pytest", {}).get("ini_options", {})
    folders = tuple(f"{it}/".replace("//", "/") for it in collected.get("testpaths", ()))
    for kind, files in tests.by_kind().items():
        run = [it for it in files if not folders or str(it).startswith(folders)]
        if run:
            record.shows(f"{kind} tests are in {len(run)} files, such as {run[0]}")
        elif files:
            record.problem(f"`testpaths` leaves out {kind} tests: {files[0]}", "pyproject.toml")
        else:
            record.problem(f"there are no {kind} tests")
    ran = runs.matching(purposes.TESTS, subject.runs[Event.CHANGE])
    assert ran, "the pipeline of a change runs no tests"
    record.shows(f"a change runs `{ran[0].entry_point or ran[0].command}`", ran[0].place)


@check(
    "DX4",
    "The tests pass",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="Tests that do not pass show nothing, and soon nobody runs them.",
    fix="Run `make test`, and repair the code or the test that fails.",
    sources=("Mercari", "Fowler", "Google", "Microsoft", "OpenSSF Scorecard"),
)
def test_tests_pass(record: Record, configuration: Configuration) -> None:
    """The command of the tests ends with 0 and has run some."""
    test = configuration.need("test")
    ended = process.run(test, process.of_developer(), TEST_SECONDS)
    assert ended.exit_code == 0, f"`{test}` fails: {ended.reason}"
    passed = _COUNT.search(ended.output)
    assert not passed or int(passed[1]), f"`{test}` ran no test"
    record.shows(f"`{test}` ended with 0{f': {passed[1]} tests passed' if passed else ''}")


@check(
    "DX5",
    "A floor of test coverage is enforced",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="Without a floor, coverage falls a little with each change, and nobody notices which one.",
    fix=(
        "Set `fail_under` under [tool.coverage.report] in pyproject.toml, and run `pytest --cov` "
        "in CI."
    ),
    sources=("Mercari", "Fowler", "Microsoft"),
)
def test_coverage_floor(record: Record, subject: Subject) -> None:
    """A floor above zero, and a pipeline that measures against it."""
    configured = repository.grep(FLOOR, *("pyproject.toml", "setup.cfg", "tox.ini", ".coveragerc"))
    ran = subject.runs[Event.CHANGE]
    floors = [(it.text, it.place) for it in configured]
    floors += [(it.command, it.place) for it in runs.matching(re.compile(FLOOR), ran)]
    enforced = [it for it in floors if re.search(r"[= ]\"?(0*[1-9])", it[0])]
    assert enforced, "no setting of coverage demands a minimum: `fail_under`"
    record.shows(*enforced[0])
    measured = runs.matching(purposes.MEASURES, ran)
    by_default = repository.grep(r"addopts.*--cov", "pyproject.toml", "pytest.ini", "setup.cfg")
    assert measured or by_default, "the pipeline of a change measures no coverage"
    if measured:
        record.shows(f"a change runs `{measured[0].command}`", measured[0].place)


@check(
    "DX6",
    "Settings are typed, and .env.example has each of them",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="A setting that nobody can look up is found by reading code, and set wrong in production.",
    fix="Make each setting a field of the settings class, then run `make docs`.",
    sources=("12-factor III", "Mercari", "Microsoft", "Zalando"),
)
def test_settings(record: Record, subject: Subject) -> None:
    """.env.example equals the fields of the settings classes."""
    fields = settings.variables()
    assert fields, "no class is derived from BaseSettings of pydantic: settings have no types"
    example = settings.example()
    assert example.exists(), f"{example} is missing"
    listed = settings.listed()
    for field in fields:
        if field.name not in listed:
            record.problem(f"{example} lacks {field.name}", field.place)
    for name in sorted(listed - {it.name for it in fields}):
        record.problem(f"no settings class has {name}", str(example))
    if subject.answers and not record.problems:
        expected = {example: env_example(subject.described.settings)}
        assert not generated.stale(expected), f"{example} is stale: run `make docs`"
    record.shows(f"has the {len(fields)} settings of the code", str(example))


@check(
    "DX6",
    "A bad setting stops the start, and its name is shown",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="A service that starts with a bad setting fails later, in a request, and nobody knows why.",
    fix="Declare each setting with its type in settings.py, and read all with `read_settings()`.",
    sources=("12-factor III", "Mercari", "Zalando", "Microsoft"),
)
def test_bad_settings(
    record: Record, subject: Subject, configuration: Configuration, start: Launcher
) -> None:
    """All numbers are words at once, and the address of the database is missing."""
    bad = dict.fromkeys(_numbers(subject, configuration), "bad")
    missing = {configuration.database: ""} if configuration.database else {}
    ended = start.refused(**bad, **missing)
    expected = (BAD_SETTINGS,) if subject.answers else range(1, 256)
    assert ended.exit_code is not None, "the service does not end with bad settings"
    if ended.exit_code not in expected:
        record.problem(f"bad settings end the service with {ended.exit_code}")
    for name in [*bad, *missing]:
        if name not in ended.output:
            record.problem(f"the service does not say that {name} cannot be used")
    record.shows(f"{', '.join([*bad, *missing])}: exit code {ended.exit_code}, each by its name")


def _numbers(subject: Subject, configuration: Configuration) -> Iterator[str]:
    """The variables of settings that are numbers."""
    if subject.answers is None:
        yield configuration.port
        return
    for setting in description.of_service().settings:
        if re.fullmatch(r"-?\d+(\.\d+)?", setting.default):
            yield setting.name


@check(
    "DX7",
    "The running service writes no files",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="A file in a container is lost with it, other instances do not see it, and a container "
    "that runs read-only cannot write it.",
    fix="Keep state in the database, and write scratch files into the temporary folder.",
    sources=("12-factor VI", "Kubernetes PRR", "learnk8s"),
)
def test_stateless(
    record: Record, start: Launcher, reading: Request, possible_writing: Request | None
) -> None:
    """Nothing outside of the temporary folder is opened for writing during start and requests."""
    requests = [reading, *([possible_writing] if possible_writing else [])]
    with writes() as written:
        instance = start(**written.settings)
        for request in requests * 3:
            request.send(instance.api)
        paths = written.paths()
    for path in paths:
        record.problem("the service writes this file", path)
    sent = ", ".join(map(str, requests))
    record.shows(f"start, {sent}: no file was opened for writing, but for temporary ones")


@check(
    "DX8",
    "Local databases, caches and queues have the major versions of production",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why="What works on another major version may fail, or run with another plan, in production.",
    fix=(
        "Name production's major version in catalog-info.yaml, as in the annotation "
        '`shipshape/production-postgresql: "18"`, and take an image of it in compose.yaml.'
    ),
    sources=("12-factor X",),
)
def test_same_majors(record: Record, subject: Subject) -> None:
    """The images of compose have the versions that catalog-info.yaml names for production."""
    backings = compose.backings()
    if not backings and not subject.has_database:
        not_applicable("it has no database, cache or queue")
    assert backings, "no file of compose runs its database locally"
    component = catalogue.component()
    annotations = component.annotations if component else {}
    for it in backings:
        key = f"shipshape/production-{it.engine}"
        if key not in annotations:
            record.problem(f"{catalogue.FILE} has no annotation {key}: which one is in production?")
        elif annotations[key] != it.major:
            record.problem(f"{it.engine} {it.major}, production has {annotations[key]}", it.place)
        else:
            record.shows(f"{it.engine} {it.major}, as in production", it.place)
