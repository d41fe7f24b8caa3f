"""The template, as a clone of it that is gone afterwards: its files at any release."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import answers
from .answers import Answers
from .errors import UpdateError
from .programs import ROOT, ProgramError, copier, plain_git

# What Copier takes for an address, and git does not.
_ADDRESSES = {
    r"gh:/?(.+?)(\.git)?": r"https://github.com/\1.git",
    r"gl:/?(.+?)(\.git)?": r"https://gitlab.com/\1.git",
    r"git\+(.+)": r"\1",
}


@dataclass(frozen=True)
class Template:
    """A clone in a folder, without any file checked out."""

    folder: Path

    def text(self, release: str, path: str) -> str | None:
        """A file at a release, None where that has no such file."""
        try:
            return plain_git("show", f"{release}:{path}", cwd=self.folder)
        except ProgramError:
            return None

    def copy(self, release: str, given: Mapping[str, Any], target: Path, *options: str) -> None:
        """Have Copier make a service of a release with these answers."""
        data = self.folder.with_name("answers.json")  # which is YAML, too
        data.write_text(json.dumps(given), "utf-8")
        options = (*options, "--defaults", "--quiet", f"--data-file={data}", f"--vcs-ref={release}")
        copier("copy", *options, self.folder, target)

    def require(self, release: str) -> None:
        """UpdateError where the template has no such release or commit."""
        try:
            plain_git("rev-parse", "--verify", "--quiet", release + "^{commit}", cwd=self.folder)
        except ProgramError:
            tags = plain_git("tag", "--sort=-version:refname", cwd=self.folder).split()
            known = f"a release that it has: {', '.join(tags[:5])}" if tags else "a commit of it"
            raise UpdateError(
                f"the template has no {release}, which _commit in {answers.FILE} names: "
                f"write there, and commit, {known}"
            ) from None


@contextmanager
def cloned(source: Answers) -> Iterator[Template]:
    """The template that a service comes from; UpdateError where it or the release is not there."""
    address = source.source
    for pattern, replacement in _ADDRESSES.items():
        if re.fullmatch(pattern, address):
            address = re.sub(f"^{pattern}$", replacement, address)
    if not address.endswith(".git") and _is_bare(Path(address).expanduser()):
        raise UpdateError(
            f"the template at {address} is a bare repository, which Copier does not read by its "
            f"path alone: write _src_path: git+file://{address} into {answers.FILE}, and commit it"
        )
    with tempfile.TemporaryDirectory(prefix="template-") as temporary:
        template = Template(Path(temporary) / "template")
        try:
            plain_git("clone", "--quiet", "--no-checkout", "--", address, template.folder, cwd=ROOT)
        except ProgramError as error:
            raise UpdateError(
                f"the template at {address} cannot be reached: {error.reason}. Where it has moved, "
                f"write its new address as _src_path into {answers.FILE}, and commit that"
            ) from None
        template.require(source.release)
        yield template


def _is_bare(folder: Path) -> bool:
    """Whether a folder is a git repository without a work tree."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()
