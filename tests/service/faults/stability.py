"""Faults of stops, limits and outages."""

from tests.tool.checklist.mutating import Change, both, replaced

SOURCE = "src/orders"
HANDLERS = f"{SOURCE}/api/items.py"
LISTING = "    found = await _store(request).list(limit + 1"

CALL = "await client.get('http://127.0.0.1:1/prices')"


def calling(call: str) -> Change:
    """Have the list of items call another service, which may fail."""
    return both(
        replaced(
            HANDLERS,
            LISTING,
            "    async with http_client() as client:\n"
            f"        with suppress(httpx2.TransportError):\n            {call}\n{LISTING}",
        ),
        replaced(
            HANDLERS,
            "from uuid import UUID\n",
            "from contextlib import suppress\nfrom uuid import UUID\n\nimport httpx2\n\n"
            "from ..chassis.client import http_client\n",
        ),
    )


LIVENESS_ASKS_THE_DATABASE = both(
    replaced(f"{SOURCE}/chassis/health.py", 'LIVENESS_PATH = "/livez"', 'LIVENESS_PATH = "/other"'),
    replaced(
        HANDLERS,
        "router = APIRouter()\n",
        "router = APIRouter()\n\n\n"
        '@router.get("/livez", include_in_schema=False)\n'
        "async def live(request: Request) -> str:\n"
        "    await _store(request).list(1, None)\n"
        '    return "alive"\n',
    ),
)

MUTATIONS: dict[str, tuple[str, Change]] = {
    "liveness-asks-the-database": ("ST2", LIVENESS_ASKS_THE_DATABASE),
    "no-time-to-route": (
        "ST3",
        replaced(
            f"{SOURCE}/chassis/settings.py",
            "shutdown_delay: float = Field(\n        default=5.0",
            "shutdown_delay: float = Field(\n        default=0.0",
        ),
    ),
    "statements-without-limit": (
        "ST4",
        replaced(f"{SOURCE}/storage/engine.py", '"command_timeout": seconds + 1,', ""),
    ),
    "a-post-that-is-repeated": (
        "ST5",
        calling(f"[{CALL.replace('get', 'post')} for _ in range(2)]"),
    ),
    "retries-without-bounds": (
        "ST5",
        calling(f"[{CALL} for _ in range(5)]"),
    ),
    "spans-sent-in-the-request": (
        "ST6",
        replaced(
            f"{SOURCE}/chassis/tracing.py",
            "import BatchSpanProcessor",
            "import SimpleSpanProcessor as BatchSpanProcessor",
        ),
    ),
    "any-number-of-requests": (
        "ST7",
        replaced(
            f"{SOURCE}/chassis/requests.py",
            "return len(self.active) >= self._max_active",
            "return False",
        ),
    ),
    "bodies-of-any-size": (
        "ST7",
        replaced(
            f"{SOURCE}/chassis/exchange.py",
            "if self.received > self.max_body:",
            "if self.received < 0:",
        ),
    ),
    "requests-of-any-time": (
        "ST7",
        replaced(f"{SOURCE}/chassis/exchange.py", "return self._max_seconds if", "return 1e9 if"),
    ),
}
