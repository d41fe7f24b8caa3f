"""GitLab's part in the rules of the repository, by `glab`: settings, and what is protected."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import ShipshapeError
from .api import Change, ask, only

RULES = Path(".gitlab/repository-rules.json")
PROJECT = "projects/:id"  # glab fills it in

glab = partial(ask, "glab")


def changes(rules: Mapping[str, Any]) -> Iterator[Change]:
    """Each thing that the rules speak of."""
    settings = rules["settings"]
    before = only(settings, glab(PROJECT))
    if before is None:
        raise ShipshapeError("GitLab shows no such project to who is logged in")
    yield Change("settings", before, settings, lambda: glab(PROJECT, method="PUT", body=settings))
    for kind in ("protected_branches", "protected_tags", "protected_environments"):
        for wanted in rules[kind]:
            yield _protection(kind, wanted)


def _protection(kind: str, wanted: Mapping[str, Any]) -> Change:
    path = f"{PROJECT}/{kind}/{quote(wanted['name'], safe='')}"
    state = glab(path)
    before = only(wanted, None if state is None else _levels(state))
    return Change(
        f"{kind} {wanted['name']}", before, wanted, lambda: _protect(kind, path, state, wanted)
    )


def _levels(state: Mapping[str, Any]) -> dict[str, Any]:
    """What the API answers, in the words in which it is asked."""
    said = dict(state)
    for action in ("push", "merge", "create"):
        if levels := state.get(f"{action}_access_levels"):
            said[f"{action}_access_level"] = levels[0]["access_level"]
    said["deploy_access_level"] = next(
        (it["access_level"] for it in state.get("deploy_access_levels", ())), None
    )
    said["approvals"] = sum(it["required_approvals"] for it in state.get("approval_rules", ()))
    said["approvers"] = [_handle(it) for it in state.get("approval_rules", ())]
    return said


def _handle(rule: Mapping[str, Any]) -> str:
    """An approver as CODEOWNERS names one."""
    if rule.get("group_id"):
        return f"@{glab('groups/{}'.format(rule['group_id']))['full_path']}"
    if rule.get("user_id"):
        return f"@{glab('users/{}'.format(rule['user_id']))['username']}"
    return f"access level {rule['access_level']}"


def _approver(handle: str) -> dict[str, int]:
    """An approver as the API names one."""
    name = handle.removeprefix("@")
    if group := glab(f"groups/{quote(name, safe='')}"):
        return {"group_id": group["id"]}
    for user in glab(f"users?username={quote(name, safe='')}") or ():
        return {"user_id": user["id"]}
    raise ShipshapeError(f"GitLab knows no {handle}, who is to approve deployments")


def _protect(
    kind: str, path: str, state: Mapping[str, Any] | None, wanted: Mapping[str, Any]
) -> None:
    body = dict(wanted)
    if kind == "protected_environments":
        body = {
            "name": wanted["name"],
            "deploy_access_levels": [{"access_level": wanted["deploy_access_level"]}],
            "approval_rules": [
                {**_approver(handle), "required_approvals": wanted["approvals"]}
                for handle in wanted["approvers"]
            ],
        }
    if state is not None:  # GitLab cannot change a protection: delete it and create it
        glab(path, method="DELETE")
    glab(f"{PROJECT}/{kind}", method="POST", body=body)
