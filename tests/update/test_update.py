"""An update brings what is new, and costs a team nothing of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from copier import run_copy, run_update
from copier.errors import UnsafeTemplateError

from scripts.render import export
from tests.render.test_example import differences, state

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("update")]

OLD, NEW = "v0.0.1", "v9999.0.0"
ANSWERS = {"service": "orders", "owner": "@some/team"}
ANCHOR = "# -- yours below --"
GIVEN_ONCE = {
    "poetry.lock": "template/poetry.lock.jinja",
    "schema/openapi.yaml": "template/schema/openapi.yaml.jinja",
    "src/orders/api/items.py": "template/src/{{package}}/api/items.py",
    "src/orders/items.py": "template/src/{{package}}/items.py",
}
"""What is the service's: where it is in a service, and in the template."""


def git(folder: Path, *arguments: str) -> str:
    """Git as a test needs it: nobody's settings, an author."""
    settings = ["user.name=test", "user.email=test@example.com", "commit.gpgsign=false"]
    command = ["git", *[part for setting in settings for part in ("-c", setting)], *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, message: str) -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def append(path: Path, text: str) -> None:
    """Add to the end of a file."""
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def release(template: Path, tag: str) -> None:
    """Commit and tag a template."""
    commit(template, f"feat: {tag}")
    git(template, "tag", tag)


def develop(template: Path) -> None:
    """Change a template as the next release might, beside what teams edit and in what is theirs."""
    for path in GIVEN_ONCE.values():
        append(template / path, "# of the new release\n")
    project = template / "template" / "pyproject.toml.jinja"
    text = project.read_text("utf-8")
    assert '"pydantic (>=2.14,<3)",' in text
    project.write_text(
        text.replace('"pydantic (>=2.14,<3)",', '"pydantic (>=2.15,<3)",').replace(
            f"    {ANCHOR}\n]", f'    "zstandard (>=0.25,<1)",\n    {ANCHOR}\n]', 1
        )
    )
    append(template / "template" / "Makefile.jinja", "\n# of the new release\n")
    (template / "template" / "NEW.md").write_text("of the new release\n")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of two releases."""
    template = export(tmp_path_factory.mktemp("releases") / "template")
    git(template, "init", "--quiet", "--initial-branch", "main")
    release(template, OLD)
    develop(template)
    release(template, NEW)
    return template


def copy(template: Path, folder: Path, tag: str) -> Path:
    """A service of a release."""
    run_copy(str(template), folder, ANSWERS, vcs_ref=tag, defaults=True, unsafe=False, quiet=True)
    return folder


@pytest.fixture(scope="module")
def started(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service of the old release, in git."""
    service = copy(released, tmp_path_factory.mktemp("started") / "orders", OLD)
    git(service, "init", "--quiet", "--initial-branch", "main")
    commit(service, "feat: start")
    return service


@pytest.fixture
def service(started: Path, tmp_path: Path) -> Path:
    """A service of the old release to do anything with."""
    return shutil.copytree(started, tmp_path / "orders", symlinks=True)


def update(service: Path) -> None:
    """`copier update --defaults`."""
    run_update(str(service), defaults=True, overwrite=True, unsafe=False, quiet=True)


def update_in_peace(service: Path) -> None:
    """An update after which there is nothing to resolve."""
    update(service)
    assert git(service, "diff", "--name-only", "--diff-filter=U") == ""
    assert not list(service.rglob("*.rej"))
    git(service, "add", "--all")
    assert git(service, "diff", "--cached", "--check") == ""


def files(service: Path) -> dict[str, tuple[bytes, int]]:
    """What git holds of a service, and will."""
    return {name: it for name, it in state(service).items() if not name.startswith(".git/")}


def test_an_update_equals_a_fresh_copy(released: Path, service: Path, tmp_path: Path) -> None:
    before = files(service)
    update_in_peace(service)
    after = files(service)
    fresh = files(copy(released, tmp_path / "fresh", NEW))
    assert differences(after, fresh) == sorted(GIVEN_ONCE)
    assert {name: after[name] for name in GIVEN_ONCE} == {name: before[name] for name in GIVEN_ONCE}
    assert "NEW.md" in after


def test_a_second_update_changes_nothing(service: Path) -> None:
    update_in_peace(service)
    commit(service, "chore: update")
    before = files(service)
    update_in_peace(service)
    assert files(service) == before


def test_edits_below_the_anchors_survive(service: Path) -> None:
    edited = {}
    for path in service.rglob("*"):
        if not path.is_file() or ".git" in path.parts or ANCHOR not in path.read_text("utf-8"):
            continue
        lines = []
        for line in path.read_text("utf-8").splitlines(keepends=True):
            lines.append(line)
            if line.strip() == ANCHOR:
                indent = line[: len(line) - len(line.lstrip())]
                lines.append(f"{indent}# of the team\n")
        path.write_text("".join(lines), "utf-8")
        edited[path] = sum("# of the team" in line for line in lines)
    assert {"pyproject.toml", "settings.py", ".pre-commit-config.yaml"} <= {
        it.name for it in edited
    }
    commit(service, "feat: ours")
    update_in_peace(service)
    for path, count in edited.items():
        assert path.read_text("utf-8").count("# of the team") == count, path
    project = (service / "pyproject.toml").read_text("utf-8")
    assert '"pydantic (>=2.15,<3)",' in project
    assert '"zstandard (>=0.25,<1)",' in project


def test_what_the_team_deleted_stays_deleted(service: Path) -> None:
    deleted = [service / "src/orders/items.py", service / "src/orders/api/items.py"]
    deleted += [service / "migrations/versions/0001_items.py", service / "SECURITY.md"]
    for path in deleted:
        path.unlink()
    commit(service, "feat!: no items")
    update_in_peace(service)
    assert [path for path in deleted if path.exists()] == []


def test_what_the_team_rewrote_stays_as_it_is(service: Path) -> None:
    for name in GIVEN_ONCE:
        (service / name).write_text("# of the team\n")
    commit(service, "feat!: all ours")
    update_in_peace(service)
    assert {(service / name).read_text() for name in GIVEN_ONCE} == {"# of the team\n"}


def test_answers_can_be_changed_without_a_newer_release(service: Path) -> None:
    """The command that the message after a copy gives."""
    run_update(
        str(service),
        {"owner": "@other/team"},
        vcs_ref=OLD,
        defaults=True,
        overwrite=True,
        unsafe=False,
        quiet=True,
    )
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert (answers["owner"], answers["_commit"]) == ("@other/team", OLD)


@pytest.mark.parametrize("given_once", ["_skip_if_exists", "_exclude"])
def test_a_list_that_forgets_the_teams_files_is_noticed(
    released: Path, service: Path, tmp_path: Path, given_once: str
) -> None:
    faulty = shutil.copytree(released, tmp_path / "faulty")
    path = faulty / "copier.yml"
    configuration = yaml.safe_load(path.read_text("utf-8"))
    configuration[given_once] = []
    path.write_text(yaml.safe_dump(configuration, allow_unicode=True), "utf-8")
    release(faulty, "v9999.0.1")
    before = files(service)
    point_at(service, faulty)
    update(service)
    after = files(service)
    assert [name for name in GIVEN_ONCE if after[name] != before[name]]


def test_a_task_is_noticed(released: Path, service: Path, tmp_path: Path) -> None:
    faulty = shutil.copytree(released, tmp_path / "faulty")
    append(faulty / "copier.yml", "_tasks: [echo]\n")
    release(faulty, "v9999.0.1")
    point_at(service, faulty)
    with pytest.raises(UnsafeTemplateError):
        update(service)


def point_at(service: Path, template: Path) -> None:
    """Have a service updated from another place."""
    path = service / ".copier-answers.yml"
    answers = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump(answers | {"_src_path": str(template)}), "utf-8")
    commit(service, "chore: another template")
