"""Copies of rendered services, which tests break."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shipshape import description
from tests.tool.conftest import rendered

from .described import described
from .mutating import GITHUB, KINDS


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a copy of a service of some kind, as if it was installed, the current folder."""

    def copy(kind: str = GITHUB) -> Path:
        service = rendered(**KINDS[kind])
        folder = shutil.copytree(service, tmp_path / "orders")
        monkeypatch.chdir(folder)
        monkeypatch.setattr(description, "of_service", lambda: described(service))
        return folder

    return copy


@pytest.fixture
def evidence_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that made-up evidence is about, in the current folder."""
    file = tmp_path / "service.py"
    file.write_text("", "utf-8")
    monkeypatch.chdir(tmp_path)
    return file
