"""Automation."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from ..check import Kind, Level, Record, check, unknown
from ..reading import (
    bots,
    dockerfile,
    images,
    nomad,
    protection,
    purposes,
    repository,
    rollouts,
    runs,
)
from ..reading.pipelines import Event
from ..subject import Subject
from ..trial import build
from ..trial import database as databases
from ..trial import earlier, operations, process
from ..trial.configuration import Configuration
from ..trial.instance import Launcher

CHANGELOGS = re.compile(
    r"(changelog|changes|history|news|release-notes)\.(md|rst|txt)", re.IGNORECASE
)
MIGRATION_SECONDS = 60.0


@check(
    "AU1",
    "CI builds and tests every change, and main once more",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="A change that nothing builds is first built when it is needed: in a release.",
    fix=(
        "Add jobs that test and build the image to the pipelines of changes and of main, without "
        "filters of paths."
    ),
    sources=("Fowler", "Mercari", "Google", "OpenSSF Scorecard", "12-factor V"),
)
def test_every_change_is_built(record: Record, subject: Subject) -> None:
    """The pipelines of a change and of main have jobs that block, for tests and for the image."""
    for event, name in ((Event.CHANGE, "a change"), (Event.MAIN, "main")):
        for purpose, pattern in (("tests", purposes.TESTS), ("builds", purposes.BUILDS)):
            found = runs.matching(pattern, subject.runs[event])
            if found:
                command = found[0].entry_point or found[0].command
                record.shows(f"the pipeline of {name} {purpose} by `{command}`", found[0].place)
            else:
                record.problem(f"no job in the pipeline of {name} {purpose} it")


@check(
    "AU2",
    "The image is built in stages, from listed files alone",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why=(
        "Compilers and stray files make the image larger to pull and easier to attack, and may "
        "hold secrets."
    ),
    fix=(
        "Build in a first stage, COPY the result into the last one, and ignore all but the "
        "sources in .dockerignore."
    ),
    sources=("Mercari", "learnk8s", "Fowler"),
)
def test_stages(record: Record) -> None:
    """A build stage, a final one without compilers, and a .dockerignore."""
    found = dockerfile.dockerfiles()
    assert found, "there is no Dockerfile"
    shipped, path = found[0].shipped, found[0].path
    if any(it.name == "COPY" and "--from=" in it.text for it in shipped.instructions):
        record.shows(
            f"{len(found[0].stages)} stages; the last one copies from another", shipped.place
        )
    else:
        record.problem(
            "the last stage copies from no other: it is shipped as it was built", str(path)
        )
    for it in shipped.instructions:
        if it.name == "RUN" and (compiler := purposes.COMPILES.search(it.text)):
            record.problem(f"the shipped image gets {compiler[0]}", it.place)
    ignore = Path(".dockerignore")
    ignored = ignore.read_text("utf-8").split() if ignore.exists() else []
    if "*" in ignored or {".git", ".env"} <= {it.strip("/*") for it in ignored}:
        record.shows("keeps all other files out", str(ignore))
    else:
        record.problem(f"{ignore} must ignore everything first (`*`), or .git and .env at least")


@check(
    "AU3",
    "Images have tags that never move, and know their commit",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why=(
        "Where a tag moves, nobody can tell what runs, and a rollback may pull the faulty image "
        "again."
    ),
    fix=(
        "Tag images with the commit, deploy them by digest, and set the label "
        "org.opencontainers.image.revision."
    ),
    sources=("Fowler", "learnk8s", "Google", "kube-score", "Polaris"),
)
def test_tags_never_move(record: Record, subject: Subject) -> None:
    """What pipelines push and manifests name has a tag of its own; the image names its commit."""
    pushed = images.pushed(subject.runs[Event.MAIN], subject.jobs)
    for image in (*pushed, *images.deployed()):
        if image.moves:
            record.problem(
                f"{image.name} moves: take the commit as its tag, or a digest", image.place
            )
        else:
            record.shows(image.name, image.place)
    revision = images.revision()
    assert revision, "the image does not say which commit it is of"
    record.shows(revision.text.splitlines()[0], revision.place)


@check(
    "AU3",
    "The running service reports its version and commit",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="Without the commit of what runs, nobody knows which code to read, and whether a fix is "
    "already there.",
    fix="Keep SERVICE_VERSION and SERVICE_COMMIT, which the image sets from its build arguments.",
    sources=("Mercari", "Fowler", "Zalando", "Spring Boot"),
)
def test_version_and_commit(record: Record, configuration: Configuration, start: Launcher) -> None:
    """An instance is given a version and a commit, and reports both."""
    version, commit = f"9.9.9-{secrets.token_hex(4)}", secrets.token_hex(20)
    given = {configuration.need("version"): version, configuration.need("commit"): commit}
    instance = start(**given)
    for variable, value in given.items():
        if places := build.reporting(instance, configuration, value):
            record.shows(f"{variable} is in {' and '.join(places)}")
        else:
            record.problem(f"{variable} is neither in the metrics nor in {configuration.info}")


@check(
    "AU4",
    "The pipeline deploys from manifests in the repository",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="What was changed by hand in the cluster is lost when you need it most: at a rebuild.",
    fix="Keep the manifests in deploy/, and let a job deploy them to each environment.",
    sources=("Fowler", "Microsoft", "learnk8s"),
)
def test_deployed_from_manifests(record: Record, subject: Subject) -> None:
    """Manifests are there, and a job applies them."""
    places = [it.place for it in images.workloads()] + [it.place for it in nomad.jobs()]
    places += map(str, repository.files_with("^apiVersion", "*Chart.yaml"))
    assert places, "there are no manifests: of Kubernetes, Helm or Nomad"
    record.shows(f"{len(places)} workloads are described", places[0])
    deploying = [
        it for event in Event for it in runs.matching(purposes.DEPLOYS, subject.runs[event])
    ]
    assert deploying, "no job deploys them"
    record.shows(f"{deploying[0].job} runs `{deploying[0].command}`", deploying[0].place)


@check(
    "AU5",
    "The rollout strategy is explicit, and keeps instances serving",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why=(
        "A strategy that nobody chose may stop all instances at once, or replace them before the "
        "new ones are ready."
    ),
    fix=(
        "Set strategy with maxSurge and maxUnavailable in the Deployment, or the block update "
        "with max_parallel in the job."
    ),
    sources=("Mercari", "learnk8s", "Fowler"),
)
def test_rollout_strategy(record: Record) -> None:
    """Each workload that serves has one."""
    found = rollouts.rollouts()
    assert found, "no workload is described in the repository"
    for rollout in found:
        if rollout.problem:
            record.problem(f"{rollout.workload} {rollout.problem}", rollout.place)
        else:
            record.shows(f"{rollout.workload}: {rollout.strategy}", rollout.place)


@check(
    "AU6",
    "One click rolls back",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="A rollback that has to be thought up takes an hour of an incident; a job takes minutes.",
    fix="Add a pipeline that people start by hand, asks for the version, and deploys it.",
    sources=("Fowler", "Mercari", "Google", "Microsoft"),
)
def test_one_click_rolls_back(record: Record, subject: Subject) -> None:
    """A job that a person starts rolls back."""
    found = runs.matching(purposes.ROLLS_BACK, subject.runs[Event.MANUAL])
    assert found, "no job that people start by hand rolls back"
    record.shows(f"{found[0].job} runs `{found[0].command}`", found[0].place)


@check(
    "AU6",
    "A rollback was rehearsed",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why=(
        "The first rollback finds what is missing: a right, a variable, a migration. Better not "
        "in an incident."
    ),
    fix=(
        "Roll back staging to the previous release and forward again, as docs/release.md says; "
        "attest it in checklist.toml."
    ),
    sources=("Fowler", "Google", "Microsoft"),
)
def test_rollback_was_rehearsed() -> None:
    """A person attests it."""


@check(
    "AU7",
    "A bot proposes newer dependencies",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="Updates that wait for a quiet day become large and risky, and known vulnerabilities stay.",
    fix="Add .github/dependabot.yml with the ecosystem pip, or renovate.json.",
    sources=("OpenSSF Scorecard", "OSPS Baseline", "Microsoft", "Mercari"),
)
def test_dependency_bot(record: Record) -> None:
    """Dependabot or Renovate reads the dependencies in Python."""
    found = list(bots.bots())
    assert found, "neither Dependabot nor Renovate is configured"
    for bot in found:
        if bot.proposes:
            record.shows(f"{bot.name}: {bot.proposes}", bot.place)
    assert record.evidence, f"{found[0].place}: {found[0].name} leaves out the packages of Python"


@check(
    "AU8",
    "Rules as code protect main: review, required checks, no rewritten history",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="Without them, one push to main ships code that nobody read and nothing tested.",
    fix=(
        "Restore the rules in repository-rules.json, and apply them with `make repository-rules "
        "apply=1`."
    ),
    sources=("OpenSSF Scorecard", "OSPS Baseline", "Microsoft", "Fowler"),
)
def test_rules_as_code(record: Record, subject: Subject) -> None:
    """The rules demand a review and checks that exist."""
    rules = protection.protection()
    if rules is None:
        unknown(
            "the repository has no repository-rules.json; what the forge holds is not seen here"
        )
    place = str(rules.path)
    for holds, text in (
        (rules.reviewed, "demand the approval of another person"),
        (rules.checked, "demand that the checks succeed"),
        (rules.permanent, "forbid to rewrite history"),
    ):
        if holds:
            record.shows(f"the rules {text}", place)
        else:
            record.problem(f"the rules do not {text}", place)
    names = {it.name for it in subject.jobs if Event.CHANGE in it.events}
    for name in sorted(set(rules.checks) - names):
        record.problem(f"no job of a change is called {name}: merges wait for it forever", place)


@check(
    "AU8",
    "The forge has the rules of the repository",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why=(
        "Rules protect nothing before somebody applies them, and anyone with the right can lift "
        "them again."
    ),
    fix=(
        "Run `make repository-rules` as an administrator; attest in checklist.toml that it shows "
        "no difference."
    ),
    sources=("OpenSSF Scorecard", "OSPS Baseline"),
)
def test_rules_are_applied() -> None:
    """A person attests it."""


@check(
    "AU9",
    "Migrations go up, down and up, and earlier code runs on the new schema",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="During each rollout two releases use one database. A migration that the earlier one does "
    "not survive is an outage, and one without a way back makes it a long one.",
    fix="Give each migration a `downgrade`, and remove a column or table only when no release uses "
    "it: docs/how-to.md shows it in steps.",
    sources=("Mercari", "Google", "Microsoft", "Fowler"),
)
def test_migrations(record: Record, configuration: Configuration, subject: Subject) -> None:
    """In a database of its own; the earlier code is that of the last release."""
    variable = configuration.need_database(subject)
    empty = configuration.model_copy(update={"migrate": None})
    with databases.opened(empty, variable) as own:
        for name in ("migrate", "migrate_down", "migrate"):
            command = configuration.need(name)
            variables = {**process.of_production(), **configuration.settings, **own.settings}
            ended = process.run(command, variables, MIGRATION_SECONDS)
            assert ended.exit_code == 0, f"`{command}` fails: {ended.reason}"
            record.shows(f"`{command}` ended with 0")
        if (release := earlier.release()) is None:
            record.shows("no release is there whose code has to run on this schema")
            return
        for answer, failed in _answers(release, configuration, own.settings):
            if failed:
                record.problem(f"on the schema of today, {release} answers {answer}")
            record.shows(f"on the schema of today, {release} answers {answer}")


def _answers(
    release: str, configuration: Configuration, settings: dict[str, str]
) -> Iterator[tuple[str, bool]]:
    """What the code of a release answers to its own operations, and whether it failed."""
    with earlier.code_of(release) as folder:
        schema = folder / configuration.schema_file
        with earlier.running(folder, configuration, settings) as instance:
            for operation in operations.read(schema, configuration.headers):
                response = operation.request().send(instance.api)
                yield f"{operation} with {response.status_code}", response.is_server_error


@check(
    "AU10",
    "Releases have an id and a changelog",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why=(
        "In an incident the first question is what changed: only an id and a list of changes "
        "answer it."
    ),
    fix="Release by the pipeline, which tags the version, and keep CHANGELOG.md.",
    sources=("12-factor V", "Microsoft", "OSPS Baseline", "Fowler"),
)
def test_release_id_and_changelog(record: Record) -> None:
    """A pipeline gives releases their ids, and a changelog says what is in them."""
    released = repository.grep(
        purposes.RELEASES.pattern, ".github", ".gitlab", ".gitlab-ci.yml", "Makefile"
    )
    assert released, "no pipeline tags a release"
    record.shows(f"a release is made by `{released[0].text}`", released[0].place)
    files = [*sorted(Path().glob("*.*")), *sorted(Path("docs").glob("*.*"))]
    changelog = next((it for it in files if CHANGELOGS.fullmatch(it.name)), None)
    assert changelog, "there is no changelog"
    headings = re.findall(r"^#+ (.+)$|^(.+)\n[=-]{3,}$", changelog.read_text("utf-8"), re.M)
    assert len(headings) > 1, f"{changelog} lists no change"
    record.shows(f"has {len(headings) - 1} sections", str(changelog))
