"""Services of each kind, whose rules are read."""

from pathlib import Path

import pytest

from tests.tool.rendered import USUAL, services


@pytest.fixture(scope="session")
def kinds(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return services(template, tmp_path_factory.mktemp("kinds"))


@pytest.fixture
def service(kinds: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the usual service, which is the current one."""
    monkeypatch.chdir(kinds[USUAL])
    return kinds[USUAL]
