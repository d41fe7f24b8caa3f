"""The chassis keeps its promises, in services of a few kinds."""

from pathlib import Path

import pytest

from tests.debian import environment

from .conftest import kinds, run

pytestmark = pytest.mark.slow

PYTEST = (".venv/bin/pytest", "--no-cov", "-p", "no:cacheprovider")
DATABASE = "tests/chassis/test_database*.py"


@kinds("postgresql", "none", long=["none"])
def test_style_and_types(tested: Path) -> None:
    run(tested, ".venv/bin/isort", "--check-only", "tests")
    run(tested, ".venv/bin/flake8", "tests")
    run(tested, ".venv/bin/mypy")


@kinds("postgresql", "none", long=["none"])
def test_chassis(tested: Path) -> None:
    run(tested, *PYTEST, "tests/chassis", f"--ignore-glob={DATABASE}")


@pytest.mark.long
@kinds("postgresql")
def test_database(tested: Path) -> None:
    run(tested, *PYTEST, *sorted(map(str, tested.glob(DATABASE))))


@pytest.mark.long
@kinds("postgresql")
def test_database_behind_a_pooler(tested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment("pgbouncer").items():
        monkeypatch.setenv(name, value)
    said = run(tested, *PYTEST, "tests/chassis/test_database_pooler.py")
    assert " passed" in said
    assert "skipped" not in said
