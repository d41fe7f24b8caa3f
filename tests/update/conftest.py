"""One history of the template, and services of its releases, for all tests of a worker."""

from pathlib import Path

import pytest

from . import history
from .history import Services


@pytest.fixture(scope="session", name="history")
def _history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases and the working tree."""
    return history.make(tmp_path_factory.mktemp("history") / "shipshape")


@pytest.fixture(scope="session")
def services(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Services of the releases."""
    return Services(history, tmp_path_factory.mktemp("services"))


@pytest.fixture(autouse=True)
def _git_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copier calls git too."""
    for name, value in history.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
