"""Faults of starting, testing and settings."""

from tests.tool.checklist.mutating import Change, both, replaced

SOURCE = "src/orders"

A_FILE_PER_REQUEST = both(
    replaced(
        f"{SOURCE}/api/items.py",
        "from uuid import UUID\n",
        "from pathlib import Path\nfrom uuid import UUID\n",
    ),
    replaced(
        f"{SOURCE}/api/items.py",
        "    item = items.Item.new(_draft(body))\n",
        '    Path(".data/last").write_text(body.name)\n    item = items.Item.new(_draft(body))\n',
    ),
)

MUTATIONS: dict[str, tuple[str, Change]] = {
    "run-starts-nothing": ("DX1", replaced("Makefile", "$(BIN)/python -m orders", "true")),
    "a-bad-setting-is-an-error-like-others": (
        "DX6",
        replaced(f"{SOURCE}/chassis/settings.py", "BAD_SETTINGS = 2", "BAD_SETTINGS = 1"),
    ),
    "a-file-per-request": ("DX7", A_FILE_PER_REQUEST),
}
