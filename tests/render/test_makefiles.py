"""On a machine that lacks something, `make` says so in a sentence, and stops."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.render import ROOT, render

OLD = ("version_info", "error: Python 3.11 or newer is needed")
WITHOUT_VENV = ("ensurepip", "comes without venv: install it")


@pytest.mark.parametrize("whose", ["template", "service"])
@pytest.mark.parametrize(("lacking", "sentence"), [OLD, WITHOUT_VENV], ids=["old", "without-venv"])
def test_a_python_that_will_not_do(
    template: Path, tmp_path: Path, whose: str, lacking: str, sentence: str
) -> None:
    folder = tmp_path / "orders"
    if whose == "service":
        render(template, folder)
    else:
        folder.mkdir()
        for name in ("Makefile", "tools.lock", "poetry.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$2" in *{lacking}*) exit 1;; esac\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "install", f"PYTHON={python}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1, done.stderr
    assert said[0].startswith("error: ")
    assert sentence in said[0]
    assert not (folder / ".tools").exists()
