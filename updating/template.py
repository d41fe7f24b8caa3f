"""The template that a service comes from: its files at any release."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipshape.template import ANSWERS, COMMAND, ProgramError, TemplateError

from .answers import Answers
from .places import IS_FETCHED, TEMPLATE
from .programs import copier, plain_git


@dataclass(frozen=True)
class Template:
    """The clone in .tools/template."""

    folder: Path

    def text(self, release: str, path: str) -> str | None:
        """A file at a release, None where that has no such file."""
        try:
            return plain_git("show", f"{release}:{path}", cwd=self.folder)
        except ProgramError:
            return None

    def copy(self, release: str, given: Mapping[str, Any], target: Path, *options: str) -> None:
        """Have Copier make a service of a release with these answers."""
        with tempfile.TemporaryDirectory(prefix="answers-") as temporary:
            data = Path(temporary) / "answers.json"  # which is YAML, too
            data.write_text(json.dumps(given), "utf-8")
            options = (*options, "--defaults", "--quiet", f"--data-file={data}")
            copier("copy", *options, f"--vcs-ref={release}", self.folder, target)

    def require(self, release: str) -> None:
        """TemplateError where the template has no such release or commit."""
        try:
            plain_git("rev-parse", "--verify", "--quiet", release + "^{commit}", cwd=self.folder)
        except ProgramError:
            tags = plain_git("tag", "--sort=-version:refname", cwd=self.folder).split()
            known = f"a release that it has: {', '.join(tags[:5])}" if tags else "a commit of it"
            raise TemplateError(
                f"the template has no {release}, which _commit in {ANSWERS} names: "
                f"write there, and commit, {known}"
            ) from None


def fetched(source: Answers) -> Template:
    """The template, as it was fetched; TemplateError where it lacks the release of the service."""
    if not IS_FETCHED:
        raise TemplateError(
            f"{TEMPLATE} may lack releases of this service: run `{COMMAND}` in the service, "
            "which fetches them"
        )
    template = Template(TEMPLATE)
    template.require(source.release)
    return template
