"""Render example/, the service that the default answers give: `make example`."""

import re
import shutil
from pathlib import Path

from .render import ROOT, exported, render

EXAMPLE = ROOT / "example"


SOURCE = "https://git.example.com/platform/shipshape.git"


def render_example(template: Path, folder: Path) -> Path:
    """The default service, as from a template at SOURCE."""
    render(template, folder, service="orders")
    answers = folder / ".copier-answers.yml"
    text = re.sub("^_src_path: .*", f"_src_path: {SOURCE}", answers.read_text(), flags=re.MULTILINE)
    answers.write_text(text)
    return folder


def main() -> None:
    """Replace example/ by a fresh one."""
    if EXAMPLE.exists():
        shutil.rmtree(EXAMPLE)
    with exported() as template:
        render_example(template, EXAMPLE)


if __name__ == "__main__":
    main()
