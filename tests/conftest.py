"""What all tests share."""

from pathlib import Path

import pytest

from scripts.render import export


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree, without its git repository: what is here is tested."""
    return export(tmp_path_factory.mktemp("template"))
