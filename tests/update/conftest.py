"""One history of the template, and services of its releases, for all tests of a worker."""

from pathlib import Path

import pytest
from copier._main import Worker

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


@pytest.fixture(autouse=True)
def _copier_of_one_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copier asks git of each file whether the file system has modes, which costs half of the time.

    Where it has them, as here, nothing comes of it; test_copier_versions compares with the whole.
    """
    monkeypatch.setattr(Worker, "_sync_git_index_executable_bit", lambda *_: None)
