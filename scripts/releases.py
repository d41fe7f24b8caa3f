"""The releases of the template: releases.toml lists them, git's tags are made from it.

`make tags` makes the tags that are missing. `make release VERSION=1.2.0` turns what is unreleased
into a release; without VERSION, commitizen reads the next one from the commits.
"""

import argparse
import datetime
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIST = "releases.toml"
NOTES = ("CHANGELOG.md", "UPGRADING.md")
"""What has a section for each release."""

BRANCH = "main"
UNRELEASED = "## Unreleased\n"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
ENTRY = """
[[releases]]
version = "{version}"
date = {date}
commit = "{commit}"
"""


class ReleaseError(Exception):
    """What stands in the way of a release, in a sentence."""


class OwnerError(ReleaseError):
    """The repository belongs to another user, and git does not read such a one unasked."""


@dataclass(frozen=True)
class Release:
    """A release, and the commit that services are made from."""

    version: str
    date: datetime.date
    commit: str

    @property
    def tag(self) -> str:
        return f"v{self.version}"


def read(folder: Path = ROOT) -> list[Release]:
    """The releases of a checkout, oldest first."""
    path = folder / LIST
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ReleaseError(f"{path} is not there: a checkout of the template has it") from None
    except ValueError as error:
        raise ReleaseError(f"{path} is not TOML: {error}") from None
    entries = document.get("releases")
    if not isinstance(entries, list) or document.keys() != {"releases"}:
        raise ReleaseError(f"{path} must hold [[releases]], and nothing else")
    releases = [_release(f"{path}, entry {number}", each) for number, each in enumerate(entries, 1)]
    for earlier, later in pairwise(releases):
        if order(later.version) <= order(earlier.version) or later.date < earlier.date:
            raise ReleaseError(
                f"{path}: {later.version} stands after {earlier.version}: oldest first, each once"
            )
    return releases


def _release(where: str, entry: Any) -> Release:
    """An entry, checked."""
    if not isinstance(entry, dict) or entry.keys() != {"version", "date", "commit"}:
        raise ReleaseError(f"{where} must have version, date and commit, and nothing else")
    version, date, commit = entry["version"], entry["date"], entry["commit"]
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise ReleaseError(f'{where}: version must be one such as "1.2.0", and is {version!r}')
    if type(date) is not datetime.date:
        raise ReleaseError(f"{where}: date must be one such as 2026-11-23, and is {date!r}")
    if not isinstance(commit, str) or not re.fullmatch("[0-9a-f]{40}", commit):
        raise ReleaseError(f"{where}: commit must be 40 hexadecimal digits, and is {commit!r}")
    return Release(version, date, commit)


def order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def git(folder: Path, *arguments: str) -> str:
    """What a command of git says; its own words where it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if trust := re.search(r"git config --global --add safe\.directory (.+)", done.stderr):
        raise OwnerError(
            f"{trust[1]} belongs to another user, so git does not read it: if you trust it, "
            f"run `{trust[0]}`"
        )
    if done.returncode != 0:
        raise ReleaseError(f"git {' '.join(arguments)}: {done.stderr.strip() or done.stdout}")
    return done.stdout.strip()


def tag(folder: Path = ROOT) -> list[str]:
    """Make the tags that are missing, all or none; their names."""
    tags = set(git(folder, "tag", "--list").splitlines())
    releases = read(folder)
    for release in releases:
        _require_commit(folder, release)
        if release.tag in tags and git(folder, "rev-list", "-1", release.tag) != release.commit:
            raise ReleaseError(
                f"the tag {release.tag} is at another commit than {LIST} says, {release.commit}:"
                " find out which is right; one that services may have seen is never moved"
            )
    missing = [release for release in releases if release.tag not in tags]
    for release in missing:
        # No tag object: that would have an author and a time, and differ on each machine.
        git(folder, "tag", release.tag, release.commit)
    return [release.tag for release in missing]


def _require_commit(folder: Path, release: Release) -> None:
    try:
        git(folder, "merge-base", "--is-ancestor", release.commit, "HEAD")
    except ReleaseError:
        raise ReleaseError(
            f"the commit of {release.version}, {release.commit}, is not in the history here:"
            " if that is cut off, `git fetch --unshallow` brings the rest"
        ) from None


def release(version: str | None, folder: Path = ROOT) -> Release:
    """Commit, list and tag what is unreleased; nothing at all where something stands in the way."""
    if git(folder, "status", "--porcelain"):
        raise ReleaseError("the working tree is not clean: commit or remove what is there")
    if (branch := git(folder, "branch", "--show-current")) != BRANCH:
        raise ReleaseError(f"releases are made on {BRANCH}, and this is {branch or 'no branch'}")
    tag(folder)
    version = _checked(version or _next(folder), read(folder))
    notes = {name: _closed(folder / name, version) for name in NOTES}
    start = git(folder, "rev-parse", "HEAD")
    try:
        for name, text in notes.items():
            (folder / name).write_text(text, "utf-8")
        commit = _commit(folder, f"chore: release {version}")
        new = Release(version, datetime.datetime.now(datetime.UTC).date(), commit)
        with (folder / LIST).open("a", encoding="utf-8") as file:
            file.write(ENTRY.format_map(vars(new)))
        _commit(folder, f"chore: list release {version}")
        tag(folder)
    except BaseException:
        git(folder, "reset", "--hard", "--quiet", start)  # the tree was clean
        raise
    return new


def _next(folder: Path) -> str:
    """The version that the conventional commits since the last release ask for."""
    command = [sys.executable, "-m", "commitizen", "bump", "--get-next", "--yes"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ReleaseError(
            f"commitizen knows no next version ({done.stderr.strip() or done.returncode}):"
            " give one, as in `make release VERSION=1.2.0`"
        )
    return done.stdout.strip()


def _checked(version: str, releases: Sequence[Release]) -> str:
    if not VERSION.fullmatch(version):
        raise ReleaseError(f"VERSION must be one such as 1.2.0, and is {version!r}")
    if releases and order(version) <= order(releases[-1].version):
        raise ReleaseError(f"VERSION must be above {releases[-1].version}, and is {version}")
    return version


def _closed(path: Path, version: str) -> str:
    """A file of notes, with what is unreleased under the version."""
    before, found, after = path.read_text("utf-8").partition(UNRELEASED)
    if not found or not after.partition("\n## ")[0].strip():
        raise ReleaseError(
            f"{path.name} says nothing under `{UNRELEASED.strip()}`: write what teams should know"
        )
    return f"{before}## {version}\n{after}"


def _commit(folder: Path, message: str) -> str:
    git(folder, "commit", "--all", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """One of the commands, and its exit code."""
    parser = argparse.ArgumentParser(prog="releases", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tags", help="make the tags that are missing")
    commands.add_parser("release", help="make a release").add_argument("version", nargs="?")
    options = parser.parse_args(arguments)
    try:
        if options.command == "tags":
            print("made " + (", ".join(tag(folder)) or "no tag: all are there"))
        else:
            made = release(options.version, folder)
            print(f"released {made.version}. Look at it, then:\n")
            print(f"    git push --atomic origin {BRANCH} {made.tag}")
    except ReleaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
