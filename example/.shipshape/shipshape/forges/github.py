"""GitHub's part in the rules of the repository, by `gh`: settings, rulesets, environments."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import ShipshapeError
from .api import Change, ask, only

RULES = Path(".github/repository-rules.json")
REPOSITORY = "repos/{owner}/{repo}"  # gh fills it in

gh = partial(ask, "gh")


def changes(rules: Mapping[str, Any]) -> Iterator[Change]:
    """Each thing that the rules speak of."""
    settings = rules["settings"]
    before = only(settings, gh(REPOSITORY))
    if before is None:
        raise ShipshapeError("GitHub shows no such repository to who is logged in")
    yield Change(
        "settings", before, settings, lambda: gh(REPOSITORY, method="PATCH", body=settings)
    )
    known = {it["name"]: it["id"] for it in gh(f"{REPOSITORY}/rulesets?includes_parents=false")}
    for ruleset in rules["rulesets"]:
        yield _ruleset(ruleset, known.get(ruleset["name"]))
    for name, environment in rules["environments"].items():
        yield _environment(name, environment)


def _ruleset(ruleset: Mapping[str, Any], number: int | None) -> Change:
    name = f"ruleset {ruleset['name']}"
    path = f"{REPOSITORY}/rulesets"
    if number is None:
        return Change(name, None, ruleset, lambda: gh(path, method="POST", body=ruleset))
    path = f"{path}/{number}"
    before = only(ruleset, gh(path))
    after = only(ruleset, ruleset)  # in the same order
    return Change(name, before, after, lambda: gh(path, method="PUT", body=ruleset))


def _environment(name: str, wanted: Mapping[str, Any]) -> Change:
    path = f"{REPOSITORY}/environments/{name}"
    state = gh(path)
    before = None
    if state is not None:
        before = {"branches": _branches(path), "prevent_self_review": False, "reviewers": []}
        for rule in state.get("protection_rules", ()):
            if rule["type"] == "required_reviewers":
                before["prevent_self_review"] = rule.get("prevent_self_review", False)
                before["reviewers"] = [_handle(it) for it in rule["reviewers"]]
    return Change(
        f"environment {name}",
        before and only(wanted, before),
        wanted,
        lambda: _set_environment(path, wanted),
    )


def _branches(path: str) -> list[str]:
    """The branches that may be deployed from; none where any may."""
    policies = gh(f"{path}/deployment-branch-policies") or {}
    return sorted(it["name"] for it in policies.get("branch_policies", ()))


def _handle(reviewer: Mapping[str, Any]) -> str:
    """A reviewer as CODEOWNERS names one."""
    who = reviewer["reviewer"]
    if reviewer["type"] == "User":
        return f"@{who['login']}"
    return f"@{who['html_url'].split('/orgs/')[1].split('/')[0]}/{who['slug']}"


def _reviewer(handle: str) -> dict[str, Any]:
    """A reviewer as the API names one."""
    organisation, _, team = handle.removeprefix("@").partition("/")
    path = f"orgs/{organisation}/teams/{team}" if team else f"users/{organisation}"
    who = gh(path)
    if who is None:
        raise ShipshapeError(f"GitHub knows no {handle}, who is to review deployments")
    return {"type": "Team" if team else "User", "id": who["id"]}


def _set_environment(path: str, wanted: Mapping[str, Any]) -> None:
    body = {
        "prevent_self_review": wanted["prevent_self_review"],
        "reviewers": [_reviewer(handle) for handle in wanted["reviewers"]],
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    }
    gh(path, method="PUT", body=body)
    policies = (gh(f"{path}/deployment-branch-policies") or {}).get("branch_policies", ())
    for policy in policies:
        if policy["name"] not in wanted["branches"]:
            gh(f"{path}/deployment-branch-policies/{policy['id']}", method="DELETE")
    for branch in set(wanted["branches"]) - {policy["name"] for policy in policies}:
        gh(f"{path}/deployment-branch-policies", method="POST", body={"name": branch})
