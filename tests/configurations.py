"""Configurations of git that people have, and that must not change what comes of an update."""

from pathlib import Path

from tests.repositories import git


def hooks(folder: Path) -> Path:
    """Hooks that change files, and fail."""
    folder.mkdir()
    for name in ("pre-commit", "post-checkout", "post-index-change", "post-merge"):
        (folder / name).write_text("#!/bin/sh\necho hook >> near.txt\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder


def hostile(folder: Path) -> dict[str, str]:
    """Settings of git, each of which somebody has a reason for."""
    (folder / "ignored").write_text("added*\n*.rej\n")
    (folder / "attributes").write_text("* -diff -merge text eol=crlf\n")
    (folder / "monitor").write_text("#!/bin/sh\nprintf 'token\\0'\n")  # sees no change at all
    (folder / "monitor").chmod(0o755)
    (folder / "template").mkdir()
    hooks(folder / "template/hooks")
    (folder / "template/config").write_text("[status]\n\tshowUntrackedFiles = no\n")
    return {
        "add.ignoreErrors": "true",
        "apply.ignoreWhitespace": "change",
        "apply.whitespace": "error-all",
        "color.ui": "always",
        "commit.gpgSign": "true",
        "commit.template": "/no/such/file",
        "core.attributesFile": str(folder / "attributes"),
        "core.autocrlf": "true",
        "core.bigFileThreshold": "10",
        "core.excludesFile": str(folder / "ignored"),
        "core.fsmonitor": str(folder / "monitor"),
        "core.hooksPath": str(hooks(folder / "hooks")),
        "core.quotePath": "false",
        "core.safecrlf": "true",
        "core.whitespace": "tab-in-indent",
        "diff.algorithm": "patience",
        "diff.external": "false",
        "diff.mnemonicPrefix": "true",
        "diff.noprefix": "true",
        "diff.orderFile": "/no/such/file",
        "diff.renames": "copies",
        "gpg.program": "false",
        "init.defaultBranch": "no branch",
        "init.templateDir": str(folder / "template"),
        "log.showSignature": "true",
        "merge.conflictStyle": "diff3",
        "push.followTags": "true",
        "status.relativePaths": "false",
        "status.showUntrackedFiles": "no",
        "user.useConfigOnly": "true",
    }


def configure(path: Path, settings: dict[str, str]) -> None:
    """Write settings into a file of git's."""
    for name, value in settings.items():
        git(path.parent, "config", "--file", str(path), name, value)
