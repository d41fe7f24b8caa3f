"""A small template of made-up releases, and a service of it, to try the commands of updates on.

The commands themselves are those of the working tree.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from copier import run_copy

from scripts.render import ROOT
from tests import repositories
from tests.repositories import commit, git, initialise

OLD, NEW = "v0.1.0", "v0.2.0"

Content = str | bytes | None

_COPIER = """
_subdirectory: template
_answers_file: .copier-answers.yml
_skip_if_exists: [/poetry.lock]
_exclude: ["{% if _copier_operation == 'update' %}/example.txt{% endif %}"]
_ownership:
  template: [/.copier-answers.yml, /.shipshape/, /Makefile, /chassis/, /example.txt]
  shared: [/settings.txt, /.gitignore]
service: {type: str, default: orders}
ci: {type: str, choices: [github, gitlab]}
owner:
  type: str
  default: "@some/team"
  validator: "{% if owner[0] != '@' %}It must be a handle such as @organisation/team.{% endif %}"
"""
_MAKEFILE = """
lock:
\t@echo locked >> poetry.lock
generate:
\t@echo generated > generated.txt
check:
\t@git diff --quiet
\t@! grep -rn '^<<<<<<< ' settings.txt
"""
_TEN_LINES = "".join(f"line {number}\n" for number in range(10))

_FIRST = {
    "copier.yml": _COPIER,
    "CHANGELOG.md": "# Changelog\n\n## 0.1.0\n\nThe first one.\n",
    "UPGRADING.md": "# Upgrading\n\n## 0.1.0\n\nNothing.\n",
    "template/{{_copier_conf.answers_file}}.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
    "template/.gitignore": ".tools/\n__pycache__/\nignored.txt\n",
    "template/Makefile": _MAKEFILE,
    "template/poetry.lock": "locked\n",
    "template/example.txt": "an example\n",
    "template/settings.txt": _TEN_LINES,
    "template/chassis/old.txt": "old\n",
    "template/chassis/wheels.txt": _TEN_LINES,
}
_SECOND: dict[str, Content] = {
    "copier.yml": _COPIER + "tier: {type: str, default: gold}\n",
    "CHANGELOG.md": (
        "# Changelog\n\n## Unreleased\n\nNot yet.\n\n## 0.2.0\n\n### Added\n\n- A new file.\n\n"
        "## 0.1.0\n\nThe first one.\n"
    ),
    "UPGRADING.md": "# Upgrading\n\n## 0.2.0\n\nTurn it by hand.\n\n## 0.1.0\n\nNothing.\n",
    "template/settings.txt": _TEN_LINES.replace("line 5", "line five"),
    "template/chassis/old.txt": None,
    "template/chassis/new.txt": "new\n",
    "template/poetry.lock": "locked anew\n",
    "template/example.txt": "another example\n",
}


def release(template: Path, tag: str, files: Mapping[str, Content]) -> None:
    """Write files, delete those that are None, and tag it all."""
    write(template, files)
    repositories.release(template, tag)


def write(folder: Path, files: Mapping[str, Content]) -> None:
    """Write files, and delete those that are None."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def template_of_releases(folder: Path) -> Path:
    """A template of two releases."""
    for part in ("template/.shipshape", "updating"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    release(folder, OLD, _FIRST)
    release(folder, NEW, _SECOND)
    return folder


def install_copier(folder: Path, before: str = "") -> None:
    """Have a service use the Copier of these tests, after some lines of a shell script."""
    python = folder / ".tools" / "copier" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\n{before}exec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    shutil.copy(ROOT / "updating" / "copier.lock", folder / ".tools" / "copier")


@dataclass
class Service:
    """A service in git, and what its commands are run with."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(cls, template: Path, folder: Path, ci: str = "github", tag: str = OLD) -> "Service":
        """A service of a release, by default the first one."""
        answers = {"service": folder.name, "ci": ci}
        run_copy(str(template), folder, answers, vcs_ref=tag, defaults=True, quiet=True)
        initialise(folder)
        install_copier(folder)
        return cls(folder)

    def update(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the commands."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, ".shipshape", *arguments]

    def replace(self, name: str, old: str, new: str) -> None:
        """Edit a file, and commit that."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        commit(self.folder)

    def answers(self) -> dict[str, object]:
        text = (self.folder / ".copier-answers.yml").read_text("utf-8")
        answers: dict[str, object] = yaml.safe_load(text)
        return answers

    def answer(self, **changed: object) -> None:
        """Write other answers into the file, and commit that; None takes one out."""
        answers = {k: v for k, v in (self.answers() | changed).items() if v is not None}
        (self.folder / ".copier-answers.yml").write_text(yaml.safe_dump(answers), "utf-8")
        commit(self.folder)

    def state(self) -> dict[str, object]:
        """All that an update could change: files, index, commits, branches and worktrees."""
        folder = self.folder
        hidden = {".git", ".tools", "__pycache__"}
        state: dict[str, object] = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and not hidden & set(path.relative_to(folder).parts)
        }
        for command in ("ls-files --stage", "for-each-ref", "worktree list", "stash list"):
            if (folder / ".git").is_dir():
                state[command] = git(folder, *command.split())
        return state
