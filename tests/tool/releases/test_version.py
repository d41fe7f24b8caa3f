"""Versions and notes, out of real commits by the real commitizen."""

from pathlib import Path

import pytest

from shipshape.errors import ShipshapeError
from shipshape.releases.version import next_version, notes

from ..conftest import Repository


@pytest.mark.parametrize(
    ("message", "version"),
    [("feat: a", "0.1.0"), ("fix: a", "0.0.1"), ("feat!: a", "1.0.0")],
)
def test_first_release(repository: Repository, message: str, version: str) -> None:
    repository.commit(message)

    assert next_version("auto") == version


@pytest.mark.parametrize(
    ("message", "bump", "version"),
    [
        ("fix: a", "auto", "1.4.1"),
        ("feat: a", "auto", "1.5.0"),
        ("feat: a\n\nBREAKING CHANGE: b", "auto", "2.0.0"),
        ("docs: a", "patch", "1.4.1"),
        ("fix: a", "major", "2.0.0"),
    ],
)
def test_next_release(repository: Repository, message: str, bump: str, version: str) -> None:
    repository.release("1.4.0")
    repository.commit(message)

    assert next_version(bump) == version


def test_commits_that_change_nothing_for_users_are_not_released(repository: Repository) -> None:
    repository.release("1.4.0")
    repository.commit("docs: a")

    with pytest.raises(ShipshapeError, match="nothing to release: no feat"):
        next_version("auto")


@pytest.mark.parametrize("bump", ["auto", "patch"])
def test_a_release_is_not_released_again(repository: Repository, bump: str) -> None:
    repository.release("1.4.0")

    with pytest.raises(ShipshapeError, match="this commit is 1.4.0"):
        next_version(bump)


def test_a_version_of_another_line_is_not_given_twice(repository: Repository) -> None:
    repository.release("1.4.0")
    repository.git("checkout", "--quiet", "-b", "other")
    repository.release("1.4.1", "fix: a")
    repository.git("checkout", "--quiet", "main")
    repository.commit("fix: b")

    with pytest.raises(ShipshapeError, match=r"1\.4\.1 was released from a commit"):
        next_version("auto")


def test_a_clone_without_history_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.release("1.4.0")
    repository.commit("feat: a")
    origin = repository.folder.as_uri()
    repository.git("clone", "--quiet", "--depth=1", origin, str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")

    with pytest.raises(ShipshapeError, match="git fetch --unshallow"):
        next_version("auto")
    with pytest.raises(ShipshapeError, match="git fetch --unshallow"):
        notes("1.4.0")


def test_notes_tell_of_one_release(repository: Repository) -> None:
    repository.release("1.4.0", "feat: the first")
    repository.release("1.4.1", "fix(api): the second")
    repository.commit("feat: the third")

    released, next_one = notes("1.4.1"), notes("1.5.0")

    assert "**api**: the second" in released
    assert "the first" not in released
    assert "the third" in next_one
    assert "the second" not in next_one
