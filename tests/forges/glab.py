"""Stands in for `glab api` of a project: keeps what it is told in the file that STATE names."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote

FILE = Path(os.environ["STATE"])
STATE = json.loads(FILE.read_text()) if FILE.exists() else {}
SETTINGS = STATE.setdefault("settings", {"name": "orders", "merge_method": "merge"})
PROTECTED = STATE.setdefault("protected", {})
REQUESTS = STATE.setdefault("requests", [])
TEAM = {"id": 7, "full_path": "your-organisation/your-team"}


def told(body: dict) -> dict:  # type: ignore[type-arg]
    """As GitLab answers: in other words than it is asked in."""
    said = dict(body)
    for action in ("push", "merge", "create"):
        if f"{action}_access_level" in body:
            level = {"id": 1, "access_level": said.pop(f"{action}_access_level")}
            said[f"{action}_access_levels"] = [level]
    return said


def requests(path: str, method: str, body: dict) -> object:  # type: ignore[type-arg]
    """Merge requests, open until a test says otherwise."""
    if method == "POST":
        number = len(REQUESTS) + 1
        url = f"https://gitlab.com/your-organisation/orders/-/merge_requests/{number}"
        REQUESTS.append({**body, "state": "opened", "iid": number, "web_url": url})
        return REQUESTS[-1]
    if method == "PUT":
        REQUESTS[int(path.rpartition("/")[2]) - 1].update(body)
        return {}
    asked = dict(parse_qsl(path.partition("?")[2]))
    return [it for it in REQUESTS[::-1] if asked.items() <= it.items()]


def answer(method: str, path: str, body: dict) -> object:  # type: ignore[type-arg]
    """What the API says; None where it knows nothing by this path."""
    if path == "projects/:id":
        SETTINGS.update(body or {})
        return SETTINGS
    if path in {"groups/your-organisation%2Fyour-team", "groups/7"}:
        return TEAM
    if path.startswith("projects/:id/merge_requests"):
        return requests(path, method, body)
    if not path.startswith("projects/:id/protected_"):
        return None
    name = unquote(path.removeprefix("projects/:id/"))
    if method == "POST":
        PROTECTED[f"{name}/{body['name']}"] = told(body)
        return {}
    return PROTECTED.pop(name, None) if method == "DELETE" else PROTECTED.get(name)


def main() -> None:
    method, path = sys.argv[sys.argv.index("--method") + 1], sys.argv[-1]
    body = json.load(sys.stdin) if "--input" in sys.argv else None
    STATE.setdefault("log", []).append(f"{method} {path}")
    said = answer(method, path, body)  # type: ignore[arg-type]
    FILE.write_text(json.dumps(STATE))
    if said is None:
        sys.exit("glab: 404 Not Found (HTTP 404)")
    print(json.dumps(said))


main()
