"""What an update needs of GitHub and of GitLab."""

from typing import Protocol

from shipshape.template import ANSWERS, TemplateError

from ..answers import Answers
from . import github, gitlab
from .request import Request


class Forge(Protocol):
    """The module of a forge."""

    def find(self, branch: str) -> Request | None:
        """The open request of a branch."""

    def declined(self, branch: str) -> list[Request]:
        """The newest requests of a branch that people closed without merging."""

    def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> Request:
        """Open a request."""

    def refresh(self, request: Request, title: str, body: str, draft: bool) -> None:
        """Update the text of an open request."""

    def refused(self, said: str) -> str | None:
        """What to do about a push that the forge did not take, where that is known."""

    def warning(self, path: str, text: str) -> str:
        """A line of a job's log that warns about a file."""


_FORGES: dict[object, Forge] = {"github": github, "gitlab": gitlab}


def forge(source: Answers) -> Forge:
    """The forge of a service, by its answer `ci`."""
    try:
        return _FORGES[source.given.get("ci")]
    except (KeyError, TypeError):
        raise TemplateError(
            f"ci in {ANSWERS} must be one of {', '.join(map(str, _FORGES))}"
        ) from None
