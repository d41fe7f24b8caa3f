"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.render import export


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree, without its git repository: what is here is tested."""
    return export(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session", autouse=True)
def _folder_of_inner_pytest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the pytest of a service out of the folder of this one.

    At its start, pytest takes the folder of its user from all others. PostgreSQL, which root must
    start as another user, would lose its programs there in the midst of a test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DEBUG_TEMPROOT", str(tmp_path_factory.mktemp("inner")))
        yield
