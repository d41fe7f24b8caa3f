"""The rules that protect main, as the repository has them for the forge."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ShipshapeError
from ...forges import github, gitlab

_MAIN = {"refs/heads/main", "refs/heads/master", "~DEFAULT_BRANCH"}


@dataclass(frozen=True)
class Protection:
    """What a change to main has to pass."""

    path: Path
    reviewed: bool
    """Whether another person has to approve it."""
    checked: bool
    """Whether its pipeline has to succeed."""
    checks: tuple[str, ...]
    """The jobs that have to succeed, where they are named one by one."""
    permanent: bool
    """Whether history cannot be rewritten."""


def protection() -> Protection | None:
    """None where the repository has no file of rules."""
    for path, read in ((github.RULES, _of_github), (gitlab.RULES, _of_gitlab)):
        if path.exists():
            try:
                return read(path, json.loads(path.read_text("utf-8")))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise ShipshapeError(f"{path} cannot be read: {error!r}") from None
    return None


def _of_github(path: Path, rules: Mapping[str, Any]) -> Protection:
    found: dict[str, Mapping[str, Any]] = {}
    for ruleset in rules["rulesets"]:
        branches = set(ruleset["conditions"]["ref_name"]["include"])
        if ruleset["enforcement"] == "active" and branches & _MAIN:
            found |= {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}
    contexts = found.get("required_status_checks", {}).get("required_status_checks", ())
    checks = tuple(it["context"] for it in contexts)
    return Protection(
        path,
        reviewed=found.get("pull_request", {}).get("required_approving_review_count", 0) > 0,
        checked=bool(checks),
        checks=checks,
        permanent={"deletion", "non_fast_forward"} <= found.keys(),
    )


def _of_gitlab(path: Path, rules: Mapping[str, Any]) -> Protection:
    named = {it["name"]: it for it in rules["protected_branches"]}
    main = named.get("main", named.get("master", {}))
    return Protection(
        path,
        reviewed=bool(main.get("code_owner_approval_required")) and not main["push_access_level"],
        checked=bool(rules["settings"].get("only_allow_merge_if_pipeline_succeeds")),
        checks=(),
        permanent=main.get("allow_force_push") is False,
    )
