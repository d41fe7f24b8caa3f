"""What a team has changed outlives every update, and does not get in its way.

`edits/` holds what teams do, as patches: in a folder for the release that first allows it, with
the choices that it needs behind `@`. Those of `no-example/` put a team's own endpoints, which are
among the others, in the place of the example; it is told by the database.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.ownership import ANCHOR, owners
from scripts.releases import order
from tests.repositories import commit, git
from tests.service.conftest import run

from .history import (
    NOW,
    RELEASES,
    TEXTS,
    Answers,
    Services,
    configuration,
    fork,
    of_release,
    point_at,
    release_next,
    sets,
    update,
)
from .template_of_releases import install_copier
from .test_update import assert_peace, files

pytestmark = pytest.mark.slow

EDITS = Path(__file__).with_name("edits")


def edits(tag: str, answers: Answers) -> list[Path]:
    """The patches for a service of a release, in the order of the releases that allow them."""
    chosen = {*map(str, answers.values())}
    if "ci" not in answers:  # the first releases knew no other
        chosen.add("github")
    allowed = [
        path
        for path in EDITS.glob("[0-9]*/*.patch")
        if tag == NOW or order(path.parent.name) <= order(tag.removeprefix("v"))
        if set(path.stem.split("@")[1:]) <= chosen
    ]
    assert len(allowed) > 5
    return sorted(allowed)


def apply(service: Path, patch: Path, *options: str) -> bool:
    """Apply a patch by the lines next to its own; whether that could be done."""
    command = ["git", "apply", "-C1", "--whitespace=nowarn", *options, str(patch)]
    return subprocess.run(command, cwd=service, capture_output=True, check=False).returncode == 0


def edit(service: Path, tag: str, answers: Answers) -> None:
    """Change a service as a team would."""
    for patch in edits(tag, answers):
        assert apply(service, patch), f"{patch.name} does not fit {tag}"
    commit(service, "feat: ours")


def remove_example(service: Path, answers: Answers) -> list[str]:
    """Delete the example of an edited service, and what speaks of it; the deleted files."""
    seeds = [name for name in files(service) if owners(configuration(NOW), name) == ["seed"]]
    gone = [name for name in seeds if Path(name).name != "tables.py"]
    for name in gone:
        (service / name).unlink()
    patch = EDITS / "no-example" / f"{answers['database']}.patch"
    assert apply(service, patch), f"{patch.name} does not fit"
    commit(service, "feat!: no items")
    return gone


def assert_edits_are_there(service: Path, tag: str, answers: Answers) -> None:
    """Each patch could be taken back."""
    gone = [it.name for it in edits(tag, answers) if not apply(service, it, "--reverse", "--check")]
    assert gone == []


def chosen(tag: str) -> list[dict[str, Any]]:
    """Sets of answers to a release, the texts as they are by default: patches show some."""
    return [
        {name: answer for name, answer in answers.items() if name not in TEXTS}
        for answers in sets(tag)
    ]


def combinations(*tags: str) -> list[Any]:
    """Each of the releases with sets of answers."""
    return [
        pytest.param(tag, answers, marks=of_release(tag, number))
        for tag in tags
        for number, answers in enumerate(chosen(tag))
    ]


@pytest.mark.parametrize(("tag", "answers"), combinations(*RELEASES))
def test_edits_survive(services: Services, tag: str, answers: Answers) -> None:
    service = services.updated(tag, answers, edit)
    assert_peace(service)
    assert_edits_are_there(service, tag, answers)


@pytest.mark.parametrize(("tag", "answers"), combinations(RELEASES[-1])[:2])
def test_a_deleted_file_stays_deleted(
    services: Services, tmp_path: Path, tag: str, answers: Answers
) -> None:
    service = services.mine(tag, answers, tmp_path)
    edit(service, tag, answers)
    (service / "SECURITY.md").unlink(missing_ok=True)
    gone = remove_example(service, answers)
    update(service)
    assert_peace(service)
    assert [name for name in [*gone, "SECURITY.md"] if (service / name).exists()] == []


@pytest.mark.parametrize(
    ("tag", "answers"),
    [
        pytest.param(
            RELEASES[0],
            chosen(RELEASES[0])[0],
            marks=[*of_release(RELEASES[0], 0), pytest.mark.long],
        ),
        pytest.param(RELEASES[-1], chosen(RELEASES[-1])[1], marks=of_release(RELEASES[-1], 1)),
    ],
)
def test_the_command_of_a_service_merges_the_same(
    services: Services, tmp_path: Path, tag: str, answers: Answers
) -> None:
    """As plain Copier does, that is. It has losses of its own, but not here: test_losses.py."""
    service = services.mine(tag, answers, tmp_path)
    edit(service, tag, answers)
    if not (service / ".shipshape").exists():  # before 0.9.0
        shutil.copytree(services.fresh(NOW, answers) / ".shipshape", service / ".shipshape")
        commit(service, "feat: the file that fetches the newest commands")
    install_copier(service)
    run(service, sys.executable, ".shipshape", "update")
    assert_merged_as_by_copier(service, services.updated(tag, answers, edit), tmp_path)


def assert_merged_as_by_copier(service: Path, updated: Path, folder: Path) -> None:
    """All that git has of a service is as in one that Copier has updated."""
    expected = shutil.copytree(updated, folder / "expected", symlinks=True)
    stages = []
    for each in (service, expected):
        git(each, "add", "--all")
        stages.append(git(each, "ls-files", "--stage"))
    assert stages[0] == stages[1]


WITH_COMMANDS = RELEASES[RELEASES.index("v0.4.0") : RELEASES.index("v0.8.0") + 1]
"""The releases whose services have the commands, in `scripts/update`."""


def hold_no_level(service: Path) -> None:
    """Set the level of the checklist to none, as UPGRADING.md says where that has to be done."""
    catalog = service / "catalog-info.yaml"
    text = catalog.read_text("utf-8").replace("shipshape/level: silver", "shipshape/level: none")
    catalog.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("tag", "answers"), [each for tag in WITH_COMMANDS for each in combinations(tag)[:2]]
)
def test_the_old_commands_of_a_service_bring_this_release(
    services: Services, tmp_path: Path, tag: str, answers: Answers
) -> None:
    """They are deleted by the update that they make; the next one is made by the newest ones."""
    service = services.mine(tag, answers, tmp_path)
    edit(service, tag, answers)
    (service / ".tools").mkdir()
    (service / ".tools" / "copier").symlink_to(Path(sys.prefix))
    said = run(service, sys.executable, "-B", "-m", "scripts.update", "update")
    assert "in conflict" not in said
    assert_peace(service)
    assert_edits_are_there(service, tag, answers)
    hold_no_level(service)
    assert_merged_as_by_copier(service, services.updated(tag, answers, edit), tmp_path)
    assert not (service / "scripts" / "update").exists()

    commit(service, "chore: update")
    (service / ".tools" / "copier").unlink()
    install_copier(service)
    said = run(service, sys.executable, ".shipshape", "update")
    assert said == "this is the newest release of the template: nothing to update\n"


# -- Beside the anchors ----------------------------------------------------------------------------


def change_beside_anchors(template: Path) -> None:
    """Change the line above each anchor, and add one there, as a dependency is bumped and added."""
    for path in (template / "template").rglob("*"):
        if not path.is_file() or not ANCHOR.search(text := path.read_text("utf-8")):
            continue
        lines: list[str] = []
        for line in text.splitlines(keepends=True):
            if ANCHOR.search(line):
                indent = line[: len(line) - len(line.lstrip())]
                lines[-1] = lines[-1].rstrip("\n") + " # changed by the template\n"
                lines.append(f"{indent}# added by the template\n")
            lines.append(line)
        path.write_text("".join(lines), "utf-8")


def add_below_anchors(service: Path) -> dict[str, int]:
    """Add a line below each anchor; the files, and how many each."""
    added = {}
    for name in files(service):
        lines = (service / name).read_text("utf-8").splitlines(keepends=True)
        ours = []
        for line in lines:
            ours.append(line)
            if ANCHOR.search(line):
                ours.append(line[: len(line) - len(line.lstrip())] + "# of the team\n")
        if len(ours) > len(lines):
            (service / name).write_text("".join(ours), "utf-8")
            added[name] = len(ours) - len(lines)
    return added


@pytest.fixture(scope="session")
def beside(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template, with a next release that changes what is beside each anchor."""
    template = fork(history, tmp_path_factory.mktemp("beside") / "shipshape")
    change_beside_anchors(template)
    release_next(template)
    return template


@pytest.mark.parametrize(("tag", "answers"), combinations(RELEASES[-1])[:2])
def test_either_side_of_an_anchor_can_change(
    services: Services, beside: Path, tmp_path: Path, tag: str, answers: Answers
) -> None:
    service = services.mine(tag, answers, tmp_path)
    added = add_below_anchors(service)
    assert len(added) > 7
    commit(service, "feat: ours")
    point_at(service, beside)
    update(service)
    assert_peace(service)
    for name, count in added.items():
        text = (service / name).read_text("utf-8")
        assert text.count("# of the team") == count, name
        assert text.count("# added by the template") == count, name
        assert text.count("# changed by the template") == count, name


@pytest.mark.parametrize(("tag", "answers"), combinations(NOW)[:2])
def test_edits_survive_a_change_beside_each(
    services: Services, beside: Path, tmp_path: Path, tag: str, answers: Answers
) -> None:
    service = services.mine(tag, answers, tmp_path)
    edit(service, tag, answers)
    point_at(service, beside)
    update(service)
    assert_peace(service)
    ours = git(service, "diff", "HEAD~2", "--", "pyproject.toml")
    assert '+    "humanize (>=4,<5)",' in ours
    assert "+    # added by the template" in ours


# -- A whole service -------------------------------------------------------------------------------


def group(number: int) -> pytest.MarkDecorator:
    return pytest.mark.xdist_group(f"update-{number}")


@pytest.mark.long
@pytest.mark.parametrize(
    ("tag", "answers"), [pytest.param(RELEASES[0], chosen(RELEASES[0])[0], marks=group(0))]
)
def test_an_edited_service_passes_its_checks(
    services: Services, tmp_path: Path, tag: str, answers: Answers
) -> None:
    updated = services.updated(tag, answers, edit)
    service = shutil.copytree(updated, tmp_path / "orders", symlinks=True)
    commit(service, "chore: update")
    run(service, "make", "lock", "install", "generate", "check")


@pytest.mark.long
@pytest.mark.parametrize(
    ("tag", "answers", "target"),
    [
        pytest.param(RELEASES[-1], chosen(RELEASES[-1])[0], "migrations", marks=group(0)),
        pytest.param(RELEASES[-1], chosen(RELEASES[-1])[1], "check", marks=group(1)),
    ],
)
def test_a_service_without_the_example_passes_its_checks(
    services: Services, tmp_path: Path, tag: str, answers: Answers, target: str
) -> None:
    service = services.mine(tag, answers, tmp_path)
    edit(service, tag, answers)
    hold_no_level(service)  # its edits do without what the checklist asks for
    remove_example(service, answers)
    update(service)
    assert_peace(service)
    commit(service, "chore: update")
    run(service, "make", "lock", "install", "generate", "check", target)
