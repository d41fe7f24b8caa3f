"""Repositories as tests need them: an author, nobody's settings."""

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def git(folder: Path, *arguments: str, given: str | None = None) -> str:
    """What git says; it must not fail."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def initialise(folder: Path) -> Path:
    """Put all that is in a folder into a repository."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "feat: start")
    return folder


def commit(folder: Path, message: str = "feat: more") -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def release(template: Path, tag: str) -> None:
    """Commit what a template has become, and tag it."""
    commit(template, f"feat: {tag}")
    git(template, "tag", tag)


def unmerged(folder: Path) -> list[str]:
    """What git says is in conflict."""
    return git(folder, "diff", "--name-only", "--diff-filter=U").splitlines()


def files(folder: Path) -> dict[str, bytes]:
    """What is in a repository, but for what git, Python and the commands leave there, ignored."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", ".pytest_cache", ".tools", "__pycache__"} & {*path.parts}
    }


def append(path: Path, text: str) -> None:
    """Add to the end of a file."""
    path.write_text(path.read_text("utf-8") + text, "utf-8")
