"""What would cost teams something is caught by the checks that every release passes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from copier.errors import UnsafeTemplateError
from jinja2 import UndefinedError

from tests.repositories import commit, git

from .history import (
    NEXT,
    NOW,
    RELEASES,
    Services,
    answers_of,
    copy,
    fork,
    point_at,
    release_next,
    update,
)
from .test_edits import assert_edits_are_there, chosen, edit
from .test_update import assert_as_fresh, assert_peace

pytestmark = pytest.mark.slow

ANSWERS = chosen(NOW)[0]
SEED = "src/orders/items.py"


def replace(path: Path, old: str, new: str) -> None:
    """Change a text that is there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def append(path: Path, text: str) -> None:
    """Add to the end of a file."""
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def nothing(template: Path) -> None:
    """A release like the one before."""
    append(template / "template" / "Makefile.jinja", "\n# of the next release\n")


def an_edit_beside_a_users_line(template: Path) -> None:
    anchor = "    # -- yours below --\n"
    replace(template / "template/pyproject.toml.jinja", anchor, anchor + '    "zstandard",\n')


def a_rename(template: Path) -> None:
    package = template / "template/src/{{package}}"
    (package / "settings.py.jinja").rename(package / "configuration.py.jinja")


def a_task(template: Path) -> None:
    append(template / "copier.yml", "\n_tasks: [echo]\n")


def randomness(template: Path) -> None:
    append(template / "template/docs/release.md.jinja", "\n{{ range(10**5) | random }}\n")


def a_required_question(template: Path) -> None:
    question = "\nregion:\n  type: str\n  help: Where?\n  validator: ''\n"
    append(template / "copier.yml", question)


def a_lifted_seed_exclusion(template: Path) -> None:
    line = "  - \"{% if _copier_operation == 'update' %}/src/*/items.py{% endif %}\"\n"
    replace(template / "copier.yml", line, "")


def an_undefined_variable(template: Path) -> None:
    append(template / "template/docs/release.md.jinja", "\n{{ servce }}\n")


def check_untouched(services: Services, template: Path, folder: Path) -> None:
    """What test_update.py asks of an update."""
    service = services.mine(NOW, ANSWERS, folder)
    point_at(service, template)
    update(service)
    assert_peace(service)
    assert_as_fresh(service, copy(template, folder / "fresh/orders", NEXT, answers_of(service)))


def check_edited(services: Services, template: Path, folder: Path) -> None:
    """What test_edits.py asks of an update, of one service that has it all."""
    service = services.mine(NOW, ANSWERS, folder)
    edit(service, NOW, ANSWERS)
    (service / SEED).unlink()
    point_at(service, template)
    update(service)
    assert_peace(service)
    assert_edits_are_there(service, NOW, ANSWERS)
    assert not (service / SEED).exists()


Fault = Callable[[Path], None]
Check = Callable[[Services, Path, Path], None]
FAULTS: dict[Fault, tuple[Check, type[Exception]]] = {
    an_edit_beside_a_users_line: (check_edited, AssertionError),
    a_rename: (check_edited, AssertionError),
    a_task: (check_untouched, UnsafeTemplateError),
    randomness: (check_untouched, AssertionError),
    a_required_question: (check_untouched, ValueError),
    a_lifted_seed_exclusion: (check_edited, AssertionError),
    an_undefined_variable: (check_untouched, UndefinedError),
}


def faulty(history: Path, fault: Fault, folder: Path) -> Path:
    """The template with a next release that has a fault."""
    template = fork(history, folder / "shipshape")
    fault(template)
    release_next(template)
    return template


@pytest.mark.xdist_group("update-0")
@pytest.mark.parametrize("check", [check_untouched, check_edited], ids=lambda it: it.__name__)
def test_no_fault_is_none(services: Services, history: Path, tmp_path: Path, check: Check) -> None:
    check(services, faulty(history, nothing, tmp_path), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=pytest.mark.xdist_group(f"update-{number % 2}"))
        for number, fault in enumerate(FAULTS)
    ],
    ids=lambda fault: fault.__name__,
)
def test_a_fault_is_caught(services: Services, history: Path, tmp_path: Path, fault: Fault) -> None:
    template = faulty(history, fault, tmp_path)
    check, error = FAULTS[fault]
    with pytest.raises(error):
        check(services, template, tmp_path)


# -- Where both sides changed the same line --------------------------------------------------------


@pytest.mark.xdist_group("update-1")
def test_a_collision_is_seen_by_git_and_named(
    services: Services, history: Path, tmp_path: Path
) -> None:
    template = fork(history, tmp_path / "shipshape")
    line = "# `make help` lists the targets."
    replace(template / "template/Makefile.jinja", line, "# Theirs.")
    release_next(template)
    service = services.mine(NOW, ANSWERS, tmp_path)
    replace(service / "Makefile", line, "# Ours.")
    commit(service, "feat: ours")
    point_at(service, template)
    update(service)
    assert git(service, "diff", "--name-only", "--diff-filter=U") == "Makefile\n"
    text = (service / "Makefile").read_text("utf-8")
    assert re.search(r"^<<<<<<< .*\n# Ours.*\n(.*\n)*?# Theirs.*\n>>>>>>> ", text, re.MULTILINE)
    assert not list(service.rglob("*.rej"))


@pytest.mark.xdist_group("update-0")
def test_a_setting_from_before_0_2_collides_where_upgrading_says(
    services: Services, tmp_path: Path
) -> None:
    """Both sides add a last line to the tables of settings, which `make docs` then makes anew."""
    answers = chosen(RELEASES[0])[0]
    service = services.mine(RELEASES[0], answers, tmp_path)
    setting = "    # -- yours below --\n"
    field = '    currency: str = Field(default="EUR", description="currency of all prices")\n'
    replace(service / "src/orders/settings.py", setting, setting + field)
    append(service / ".env.example", "\n# currency of all prices\n#CURRENCY=EUR\n")
    end = "<!-- end of settings -->"
    replace(service / "README.md", end, f"| `CURRENCY` | currency of all prices | `EUR` |\n{end}")
    commit(service, "feat: ours")
    update(service)
    conflicts = git(service, "diff", "--name-only", "--diff-filter=U")
    assert conflicts == ".env.example\nREADME.md\n"
