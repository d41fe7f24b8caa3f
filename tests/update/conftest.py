"""One history of the template, and services of its releases, for all tests of a worker."""

from pathlib import Path

import pytest

from tests.repositories import ENVIRONMENT

from .history import Services, make


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases and the working tree."""
    return make(tmp_path_factory.mktemp("history") / "shipshape")


@pytest.fixture(scope="session")
def services(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Services of the releases."""
    return Services(history, tmp_path_factory.mktemp("services"))


@pytest.fixture(autouse=True)
def _git_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copier calls git too."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
