"""GitLab's part in updates, by `glab`: the merge request, and warnings in the log of a job."""

from functools import partial
from typing import Any

from shipshape.forges.api import ask

from .request import Request

_REQUESTS = "projects/:id/merge_requests"  # glab fills it in

glab = partial(ask, "glab")


def find(branch: str) -> Request | None:
    """The open merge request of a branch."""
    return next(iter(_requests(branch, "opened")), None)


def declined(branch: str) -> list[Request]:
    """The newest merge requests of a branch that people closed without merging."""
    return _requests(branch, "closed")


def create(branch: str, base: str, title: str, body: str, draft: bool) -> Request:
    """Open a merge request."""
    branches = {"source_branch": branch, "target_branch": base, "remove_source_branch": True}
    return _request(glab(_REQUESTS, method="POST", body={**branches, **_text(title, body, draft)}))


def refresh(request: Request, title: str, body: str, draft: bool) -> None:
    """Have an open merge request say what is so now."""
    glab(f"{_REQUESTS}/{request.number}", method="PUT", body=_text(title, body, draft))


def refused(said: str) -> str | None:
    """What to do about a push that GitLab did not take, where that is known."""
    if "not allowed to" in said or "denied" in said or "error: 403" in said:
        return (
            "the token may not push: set the variable UPDATE_TOKEN to a project access token with "
            "the role Developer and the scopes api and write_repository (docs/update.md)"
        )
    return None


def warning(path: str, text: str) -> str:
    """A line of the log; what shows it beside the pipeline is that the job may fail."""
    return f"warning: {path}: {text}"


def _requests(branch: str, state: str) -> list[Request]:
    found = glab(f"{_REQUESTS}?state={state}&source_branch={branch}") or []
    return [_request(it) for it in found]


def _request(it: dict[str, Any]) -> Request:
    return Request(it["iid"], it["web_url"], it["title"])


def _text(title: str, body: str, draft: bool) -> dict[str, str]:
    """A draft is one by its title."""
    return {"title": f"Draft: {title}" if draft else title, "description": body}
