"""GitHub's part in updates, by `gh`: the pull request, and warnings in the log of a job."""

from functools import partial
from typing import Any

from shipshape.errors import ShipshapeError
from shipshape.forges.api import ask
from shipshape.template import ProgramError, run

from ..places import ROOT
from .request import Request

_PULLS = "repos/{owner}/{repo}/pulls"  # gh fills it in
_NO_DRAFTS = "Draft pull requests are not supported"  # in private repositories, by some plans
_TOKEN = (
    "set the secret UPDATE_TOKEN to a token that may write contents, pull requests and workflows "
    "(docs/update.md)"
)

gh = partial(ask, "gh")


def find(branch: str) -> Request | None:
    """The open pull request of a branch."""
    return next((_request(it) for it in _pulls(branch, "open")), None)


def declined(branch: str) -> list[Request]:
    """The newest pull requests of a branch that people closed without merging."""
    return [_request(it) for it in _pulls(branch, "closed") if not it["merged_at"]]


def create(branch: str, base: str, title: str, body: str, draft: bool) -> Request:
    """Open a pull request."""
    wanted = {"head": branch, "base": base, "title": title, "body": body, "draft": draft}
    try:
        it = gh(_PULLS, method="POST", body=wanted)
    except ShipshapeError as error:
        if draft and _NO_DRAFTS in str(error):
            return create(branch, base, title, body, draft=False)
        if "not permitted to create" in str(error):
            raise ShipshapeError(
                f"GitHub Actions may not open pull requests here: {_TOKEN}"
            ) from None
        raise
    return _request(it)


def refresh(request: Request, title: str, body: str, draft: bool) -> None:
    """Have an open pull request say what is so now."""
    gh(f"{_PULLS}/{request.number}", method="PATCH", body={"title": title, "body": body})
    if request.draft == draft:
        return
    undo = ["--undo"] if draft else []
    try:
        run("gh", "pr", "ready", str(request.number), *undo, cwd=ROOT)
    except ProgramError as error:
        if _NO_DRAFTS not in error.said:
            raise


def refused(said: str) -> str | None:
    """What to do about a push that GitHub did not take, where that is known."""
    if "workflow" in said and ("permission" in said or "scope" in said):
        return f"the token may not change workflows, as the update does: {_TOKEN}"
    return None


def warning(path: str, text: str) -> str:
    """A line that GitHub shows beside the file."""
    return f"::warning file={path}::{path}: {text}"


def _pulls(branch: str, state: str) -> list[dict[str, Any]]:
    return gh(_PULLS + f"?state={state}" + "&head={owner}:" + branch) or []


def _request(it: dict[str, Any]) -> Request:
    return Request(it["number"], it["html_url"], it["title"], it["draft"])
