"""Render example/, the service that the default answers give: `make example`."""

import shutil
from pathlib import Path

from .render import ROOT, exported, render

EXAMPLE = ROOT / "example"


def render_example(template: Path, folder: Path) -> Path:
    """The default service, without its answers file: that one names the copy it was made from."""
    return render(template, folder, ["/.copier-answers.yml"], service="orders")


def main() -> None:
    """Replace example/ by a fresh one."""
    if EXAMPLE.exists():
        shutil.rmtree(EXAMPLE)
    with exported() as template:
        render_example(template, EXAMPLE)


if __name__ == "__main__":
    main()
