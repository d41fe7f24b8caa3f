"""The list of releases is as git has it; a release is made whole, or not at all."""

from pathlib import Path

import pytest

from scripts.releases import NOTES, ReleaseError, git, main, read, release, tag
from scripts.render import ROOT

ENTRY = '[[releases]]\nversion = "{}"\ndate = {}\ncommit = "{}"\n'
COMMIT = "0123456789" * 4
SETTINGS = (ROOT / "pyproject.toml").read_text("utf-8").partition("[tool.commitizen]")


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as a test needs it: nobody's settings, an author."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "test")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "test@example.com")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A template of one release, with something new."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    (tmp_path / "pyproject.toml").write_text("".join(SETTINGS[1:]))
    first = commit(tmp_path, "feat: start")
    (tmp_path / "releases.toml").write_text(ENTRY.format("0.1.0", "2026-01-01", first))
    for name in NOTES:
        (tmp_path / name).write_text(f"# {name}\n\n## Unreleased\n\nMuch.\n\n## 0.1.0\n\nAll.\n")
    commit(tmp_path, "feat: more")
    return tmp_path


def commit(folder: Path, message: str) -> str:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def test_the_list_is_in_the_history_and_in_the_notes() -> None:
    releases = read()
    assert len(releases) >= 3
    for each in releases:
        git(ROOT, "merge-base", "--is-ancestor", each.commit, "HEAD")
        for name in NOTES:
            assert f"\n## {each.version}\n" in (ROOT / name).read_text("utf-8"), (name, each)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[releases", "is not TOML"),
        ("", "must hold"),
        ("extra = 1\n" + ENTRY.format("0.1.0", "2026-01-01", COMMIT), "must hold"),
        ('[[releases]]\nversion = "0.1.0"\n', "entry 1 must have version, date and commit"),
        (ENTRY.format("v0.1.0", "2026-01-01", COMMIT), "version must be one such as"),
        (ENTRY.format("0.1.0rc1", "2026-01-01", COMMIT), "version must be one such as"),
        (ENTRY.format("0.1.0", '"2026-01-01"', COMMIT), "date must be one such as"),
        (ENTRY.format("0.1.0", "2026-01-01T00:00:00", COMMIT), "date must be one such as"),
        (ENTRY.format("0.1.0", "2026-01-01", "126b406"), "commit must be 40 hexadecimal"),
        (ENTRY.format("0.1.0", "2026-01-01", COMMIT) * 2, "oldest first, each once"),
        (
            ENTRY.format("0.2.0", "2026-01-01", COMMIT)
            + ENTRY.format("0.10.0", "2025-01-01", COMMIT),
            "0.10.0 stands after 0.2.0",
        ),
    ],
)
def test_a_fault_in_the_list_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "releases.toml").write_text(text)
    with pytest.raises(ReleaseError, match=message):
        read(tmp_path)


def test_no_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is not there"):
        read(tmp_path)


def test_missing_tags_are_made_once(checkout: Path) -> None:
    assert tag(checkout) == ["v0.1.0"]
    assert git(checkout, "rev-list", "-1", "v0.1.0") == read(checkout)[0].commit
    assert tag(checkout) == []


def test_a_tag_is_never_moved(checkout: Path) -> None:
    there = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "v0.1.0", there)
    with pytest.raises(ReleaseError, match="v0.1.0 is at another commit"):
        tag(checkout)
    assert git(checkout, "rev-list", "-1", "v0.1.0") == there


def test_a_repository_of_another_user_is_named(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to test this
    with pytest.raises(ReleaseError, match="run `git config --global --add safe.directory "):
        git(checkout, "status")


def test_a_commit_that_is_not_here_is_named(checkout: Path) -> None:
    text = ENTRY.format("0.2.0", "2026-02-02", COMMIT)
    with (checkout / "releases.toml").open("a") as file:
        file.write(text)
    with pytest.raises(ReleaseError, match=f"the commit of 0.2.0, {COMMIT}, is not in the history"):
        tag(checkout)
    assert git(checkout, "tag") == ""


@pytest.mark.parametrize(("given", "version"), [("0.3.0", "0.3.0"), (None, "0.2.0")])
def test_a_release(checkout: Path, given: str | None, version: str) -> None:
    before = git(checkout, "rev-parse", "HEAD")
    made = release(given, checkout)
    assert made.version == version
    assert read(checkout)[-1] == made
    assert git(checkout, "rev-parse", f"v{version}", f"v{version}^") == f"{made.commit}\n{before}"
    assert git(checkout, "rev-parse", "HEAD^") == made.commit
    assert git(checkout, "status", "--porcelain") == ""
    for name in NOTES:
        text = (checkout / name).read_text()
        assert text == f"# {name}\n\n## {version}\n\nMuch.\n\n## 0.1.0\n\nAll.\n"


def dirty(checkout: Path) -> None:
    (checkout / "new").write_text("new")


def on_a_branch(checkout: Path) -> None:
    git(checkout, "switch", "--quiet", "--create", "other")


def on_no_branch(checkout: Path) -> None:
    git(checkout, "switch", "--quiet", "--detach")


def silent(checkout: Path) -> None:
    (checkout / "UPGRADING.md").write_text("# Upgrading\n\n## Unreleased\n\n## 0.1.0\n\nAll.\n")
    commit(checkout, "docs: nothing")


def refused_by_a_hook(checkout: Path) -> None:
    hook = checkout / ".git" / "hooks" / "commit-msg"
    hook.write_text('#!/bin/sh\n! grep -q "list release" "$1"\n')
    hook.chmod(0o755)


@pytest.mark.parametrize(
    ("hinder", "version", "message"),
    [
        (dirty, "0.2.0", "not clean"),
        (on_a_branch, "0.2.0", "made on main, and this is other"),
        (on_no_branch, "0.2.0", "made on main, and this is no branch"),
        (silent, "0.2.0", "UPGRADING.md says nothing under `## Unreleased`"),
        (refused_by_a_hook, "0.2.0", "git commit"),
        (None, "0.1.0", "VERSION must be above 0.1.0, and is 0.1.0"),
        (None, "0.0.9", "VERSION must be above 0.1.0"),
        (None, "v0.2.0", "VERSION must be one such as 1.2.0, and is 'v0.2.0'"),
        (None, "1.0", "VERSION must be one such as"),
    ],
)
def test_a_release_that_cannot_be_leaves_all_as_it_was(
    checkout: Path, hinder: object, version: str, message: str
) -> None:
    tag(checkout)
    if callable(hinder):
        hinder(checkout)
    before = git(checkout, "for-each-ref"), git(checkout, "status", "--porcelain")
    with pytest.raises(ReleaseError, match=message):
        release(version, checkout)
    assert (git(checkout, "for-each-ref"), git(checkout, "status", "--porcelain")) == before


def test_no_commit_asks_for_a_release(checkout: Path) -> None:
    first = release("0.2.0", checkout)
    for name in NOTES:
        text = (checkout / name).read_text()
        (checkout / name).write_text(text.replace("## 0.2.0", "## Unreleased\n\nMore.\n\n## 0.2.0"))
    commit(checkout, "docs: more")
    with pytest.raises(ReleaseError, match="commitizen knows no next version"):
        release(None, checkout)
    assert read(checkout)[-1] == first


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str], checkout: Path) -> None:
    assert main(["release", "0.0.1"], checkout) == 1
    said = capsys.readouterr()
    assert said.err == "error: VERSION must be above 0.1.0, and is 0.0.1\n"
    assert said.out == ""
