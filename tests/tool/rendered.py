"""Services of each kind for the tests of the tool."""

from pathlib import Path

from scripts.render import render

KINDS = {
    f"{deploy}-{database}": {"service": "orders", "database": database, "deploy": deploy}
    for deploy in ("kubernetes", "nomad")
    for database in ("postgresql", "none")
}
USUAL, OTHER = "kubernetes-postgresql", "nomad-none"


def services(template: Path, folder: Path) -> dict[str, Path]:
    """A service of each kind, not installed."""
    return {kind: render(template, folder / kind, **answers) for kind, answers in KINDS.items()}
