"""The tests of the service."""

import re
from collections.abc import Mapping
from pathlib import Path

from . import repository

_TEST = r"^ *(async )?def test_|^class Test"
_CLIENTS = re.compile(
    r"\b(TestClient|ASGITransport|AsyncClient|httpx2?|requests|aiohttp|urllib3|testcontainers"
    r"|subprocess|live_server|APIClient|test_client|RequestFactory)\b"
)
_FOLDERS = re.compile(r"(^|/)(integration|functional|contract|acceptance|e2e|end.to.end|api)(/|_)")


def by_kind() -> Mapping[str, list[Path]]:
    """The files with tests: integration tests ask the service or others, unit tests do not."""
    found: dict[str, list[Path]] = {"unit": [], "integration": []}
    for path in repository.files_with(_TEST, "*test*.py", "*tests*.py"):
        asks = _FOLDERS.search(str(path)) or _CLIENTS.search(path.read_text("utf-8", "replace"))
        found["integration" if asks else "unit"].append(path)
    return found
