"""Stands in for `gh` of a repository: keeps what it is told in the file that STATE names."""

import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import parse_qsl

FILE = Path(os.environ["STATE"])
STATE = json.loads(FILE.read_text()) if FILE.exists() else {}
SETTINGS = STATE.setdefault("settings", {"name": "orders", "allow_merge_commit": True})
RULESETS = STATE.setdefault("rulesets", [])
ENVIRONMENTS = STATE.setdefault("environments", {})
PULLS = STATE.setdefault("pulls", [])
DRAFTS = "NO_DRAFTS" not in os.environ  # some plans have none in private repositories
NO_DRAFTS = "Draft pull requests are not supported in this repository."
TEAM = {"id": 7, "slug": "your-team", "html_url": "https://github.com/orgs/your-organisation/x"}


def environment(name: str, method: str, body: dict) -> object:  # type: ignore[type-arg]
    """As GitHub answers: in other words than it is asked in."""
    if method == "PUT":
        reviewers = [{"type": it["type"], "reviewer": TEAM} for it in body["reviewers"]]
        rule = {"type": "required_reviewers", "reviewers": reviewers}
        rule["prevent_self_review"] = body["prevent_self_review"]
        ENVIRONMENTS.setdefault(name, {"name": name, "branches": []})
        ENVIRONMENTS[name]["protection_rules"] = [rule] if reviewers else []
    return ENVIRONMENTS.get(name)


def policies(name: str, method: str, body: dict) -> object:  # type: ignore[type-arg]
    branches = ENVIRONMENTS[name]["branches"] if name in ENVIRONMENTS else []
    if method == "POST":
        branches.append({"id": len(branches) + 1, "name": body["name"]})
    return {"branch_policies": branches}


def pulls(path: str, method: str, body: dict) -> object:  # type: ignore[type-arg]
    """Pull requests, open until a test says otherwise."""
    if method == "POST":
        if body["draft"] and not DRAFTS:
            sys.exit(f"gh: {NO_DRAFTS} (HTTP 422)")
        number = len(PULLS) + 1
        url = f"https://github.com/your-organisation/orders/pull/{number}"
        state = {"state": "open", "merged_at": None}
        PULLS.append({**body, **state, "number": number, "html_url": url})
        return PULLS[-1]
    if method == "PATCH":
        PULLS[int(path.rpartition("/")[2]) - 1].update(body)
        return {}
    asked = dict(parse_qsl(path.partition("?")[2]))
    asked["head"] = asked["head"].removeprefix("{owner}:")
    return [it for it in PULLS[::-1] if asked.items() <= it.items()]


def answer(method: str, path: str, body: dict) -> object:  # type: ignore[type-arg]
    """What the API says; None where it knows nothing by this path."""
    path = path.removeprefix("repos/{owner}/{repo}").removesuffix("?includes_parents=false")
    if path == "":
        SETTINGS.update(body or {})
        return SETTINGS
    if path.startswith("/pulls"):
        return pulls(path, method, body)
    if path == "/rulesets":
        if method == "POST":
            RULESETS.append({**body, "id": len(RULESETS) + 1, "source_type": "Repository"})
        return RULESETS
    if match := re.fullmatch(r"/rulesets/(\d+)", path):
        RULESETS[int(match[1]) - 1].update(body or {})
        found = RULESETS[int(match[1]) - 1]
        return {**found, "rules": found["rules"][::-1]}  # an order of its own
    if match := re.fullmatch(r"/environments/(\w+)/deployment-branch-policies", path):
        return policies(match[1], method, body)
    if match := re.fullmatch(r"/environments/(\w+)", path):
        return environment(match[1], method, body)
    return TEAM if path == "orgs/your-organisation/teams/your-team" else None


def main() -> None:
    if sys.argv[1:3] == ["pr", "ready"]:
        if "--undo" in sys.argv and not DRAFTS:
            sys.exit(f"GraphQL: {NO_DRAFTS} (convertPullRequestToDraft)")
        PULLS[int(sys.argv[3]) - 1]["draft"] = "--undo" in sys.argv
        FILE.write_text(json.dumps(STATE))
        return
    method, path = sys.argv[sys.argv.index("--method") + 1], sys.argv[-1]
    body = json.load(sys.stdin) if "--input" in sys.argv else None
    STATE.setdefault("log", []).append(f"{method} {path}")
    said = answer(method, path, body)  # type: ignore[arg-type]
    FILE.write_text(json.dumps(STATE))
    if said is None:
        sys.exit("gh: Not Found (HTTP 404)")
    print(json.dumps(said))


main()
