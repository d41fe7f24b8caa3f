"""What `copier update` costs, and what becomes of a hundred services that are updated."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice, product
from pathlib import Path
from typing import ClassVar

import yaml

from scripts import releases
from scripts.render import PARTS, ROOT, export

from .copying import ONE_FILE
from .measuring import Cost, MeasuringError, Row, Table, Target, environment, progress, run

NEWEST = "v9999.0.0"
SERVICES = 100
COPIER = ROOT / ".venv" / "bin" / "copier"
ANCHOR = "-- yours below"
EXAMPLE = ("src/*/items.py", "src/*/api/items.py", "tests/*/test_item*.py")
GIT = {
    "GIT_AUTHOR_EMAIL": "bench@example.com",
    "GIT_AUTHOR_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.com",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_CONFIG_GLOBAL": os.devnull,
}

TITLE = "Update"
NOTE = """\
`copier update --defaults` from the oldest of {releases} releases to the working tree, as a whole
process. An edited service has lines of a team below each anchor. Warm: Copier's bytecode and the
disk cache, after a round that does not count. {rounds} rounds."""
FLEET_TITLE = "A hundred services"
FLEET_NOTE = """\
Copied from the oldest of {releases} releases with all combinations of its answers in turn,
edited at the anchors, each third one without the example, and updated to the working tree,
{at_once} at a time."""


@dataclass(frozen=True)
class Count:
    """A line of the table of services."""

    HEADER: ClassVar[tuple[str, ...]] = ("what", "value", "target", "met")

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        return self.at_most is not None and self.value > self.at_most

    def cells(self) -> list[str]:
        """As HEADER says."""
        target = met = ""
        if self.at_most is not None:
            target, met = f"at most {self.at_most:g}", "**no**" if self.missed else "yes"
        return [self.what, f"{self.value:.3g}{self.unit}", target, met]


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    command = ["git", "-c", "commit.gpgsign=false", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(GIT), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise MeasuringError(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def commit(folder: Path) -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: more")


def this_template(folder: Path) -> list[str]:
    """A clone with a tag for each release, and one for the working tree; the tags, oldest first."""
    git(ROOT, "clone", "--quiet", "--no-tags", str(ROOT), str(folder))
    tags = []
    for release in releases.read():
        git(folder, "tag", release.tag, release.commit)
        tags.append(release.tag)
    for part in PARTS:
        git(folder, "rm", "-r", "--quiet", "--", part)
    export(folder)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "feat: the working tree")
    git(folder, "tag", NEWEST)
    return [*tags, NEWEST]


def one_file(folder: Path, tags: list[str]) -> None:
    """A template of one file, and of the same releases."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    answers = {"{{_copier_conf.answers_file}}.jinja": "{{ _copier_answers|to_nice_yaml }}"}
    for name, text in {**ONE_FILE, **answers}.items():
        (folder / name).write_text(text, encoding="utf-8")
    for tag in tags:
        with (folder / "README.md.jinja").open("a", encoding="utf-8") as file:
            file.write(f"\n{tag}\n")
        commit(folder)
        git(folder, "tag", tag)


def combinations(template: Path, tag: str) -> list[dict[str, str]]:
    """All combinations of the choices that a release offers."""
    questions = yaml.safe_load(git(template, "show", f"{tag}:copier.yml"))
    offered = {
        name: list(it["choices"].values() if isinstance(it["choices"], dict) else it["choices"])
        for name, it in questions.items()
        if not name.startswith("_") and "choices" in it
    }
    return [dict(zip(offered, values, strict=True)) for values in product(*offered.values())]


def start(template: Path, tag: str, folder: Path, **answers: str) -> Path:
    """A service of a release, in git."""
    data = [part for item in answers.items() for part in ("--data", "=".join(item))]
    run(folder.parent, COPIER, "copy", "--defaults", "--vcs-ref", tag, *data, template, folder)
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def edit(service: Path) -> None:
    """Work on a service as a team does: a line below each anchor, and targets of its own."""
    edited = 0
    for path in service.rglob("*"):
        if not path.is_file() or ".git" in path.relative_to(service).parts:
            continue
        lines = path.read_text("utf-8").splitlines(keepends=True)
        anchors = [number for number, line in enumerate(lines) if ANCHOR in line]
        for number in reversed(anchors):
            line = lines[number]
            indent = line[: len(line) - len(line.lstrip())]
            mark = line.strip().split(" ")[0]
            lines.insert(number + 1, f"{indent}{mark} of the team\n")
        path.write_text("".join(lines), "utf-8")
        edited += bool(anchors)
    if not edited:
        raise MeasuringError(f"no file of {service} has an anchor to edit below")
    (service / "local.mk").write_text("team:\n\techo team\n", "utf-8")
    commit(service)


def update(service: Path, **variables: str) -> Cost:
    """Update a service to the newest release."""
    return run(service, COPIER, "update", "--defaults", **GIT, **variables)


def git_processes(service: Path, traces: Path) -> int:
    """How many processes of git an update takes."""
    traces.mkdir()
    update(service, GIT_TRACE2_EVENT=str(traces))
    return sum(1 for _ in traces.iterdir())


def conflicts(service: Path) -> int:
    """How many files an update has left in conflict."""
    unmerged = git(service, "diff", "--name-only", "--diff-filter=U").splitlines()
    return len({*unmerged, *map(str, service.rglob("*.rej"))})


def rounds_of(started: dict[str, Path], folder: Path, rounds: int) -> Iterator[dict[str, Cost]]:
    """Update a copy of each in turn, again and again."""
    for number in range(1, rounds + 1):
        progress(f"update: round {number} of {rounds}")
        costs = {}
        for name, service in started.items():
            costs[name] = update(
                shutil.copytree(service, folder / f"{name}-{number}", symlinks=True)
            )
            shutil.rmtree(folder / f"{name}-{number}")
        yield costs


def updates(folder: Path, template: Path, tags: list[str], rounds: int) -> Table:
    """What an update costs, against one of the template of one file."""
    one_file(folder / "one-file", tags)
    answers = {"service": "orders"}
    started = {
        "minimal": start(folder / "one-file", tags[0], folder / "minimal", **answers),
        "untouched": start(template, tags[0], folder / "untouched", **answers),
        "edited": start(template, tags[0], folder / "edited", **answers),
    }
    edit(started["edited"])
    processes = {}
    for name, service in started.items():  # the round that warms up
        copy = shutil.copytree(service, folder / f"{name}-0", symlinks=True)
        processes[name] = git_processes(copy, folder / f"{name}-traces")
        if left := conflicts(copy):
            raise MeasuringError(f"the {name} service has {left} files in conflict")
    every = list(rounds_of(started, folder, rounds))
    costs = {name: [each[name] for each in every] for name in started}

    def row(name: str, what: str, target: Target | None = None) -> Row:
        anchor = costs["minimal"] if target else ()
        return Row(f"{what}: {processes[name]} processes of git", costs[name], anchor, target)

    rows = [
        row("untouched", "untouched service", Target("at most", 7, "×")),
        row("edited", "edited service", Target("at most", 7, "×")),
        row("minimal", "a template of one file"),
    ]
    return Table(TITLE, NOTE.format(releases=len(tags), rounds=rounds), rows)


def fleet(folder: Path, template: Path, tags: list[str]) -> Table:
    """Update a hundred services, as many at a time as there are processors."""
    at_once = len(os.sched_getaffinity(0))
    answers_in_turn = islice(cycle(combinations(template, tags[0])), SERVICES)

    def prepare(number: int, answers: dict[str, str]) -> Path:
        name = f"service-{number}"
        service = start(template, tags[0], folder / name, service=name, **answers)
        if number % 3 == 0:
            for path in [path for pattern in EXAMPLE for path in service.glob(pattern)]:
                path.unlink()
        edit(service)
        return service

    def update_one(service: Path) -> tuple[bool, int]:
        try:
            update(service)
        except MeasuringError as error:
            progress(str(error))
            return True, 0
        left = conflicts(service)
        if left:
            progress(f"update: {service.name} has {left} files in conflict")
        return False, left

    with ThreadPoolExecutor(at_once) as pool:
        progress(f"update: copy {SERVICES} services")
        services = list(pool.map(prepare, range(SERVICES), answers_in_turn))
        progress(f"update: update {SERVICES} services")
        started = time.perf_counter()
        outcomes = list(pool.map(update_one, services))
        minutes = (time.perf_counter() - started) / 60
    rows = [
        Count("services", SERVICES),
        Count("failures", sum(failed for failed, _ in outcomes), at_most=0),
        Count("files in conflict", sum(left for _, left in outcomes), at_most=0),
        Count("time for all updates", minutes, " minutes"),
    ]
    return Table(FLEET_TITLE, FLEET_NOTE.format(releases=len(tags), at_once=at_once), rows)


def measure(folder: Path, rounds: int) -> list[Table]:
    """Measure one update, then a hundred."""
    template = folder / "template"
    tags = this_template(template)
    tables = [updates(folder, template, tags, rounds)]
    services = folder / "services"
    services.mkdir()
    return [*tables, fleet(services, template, tags)]
