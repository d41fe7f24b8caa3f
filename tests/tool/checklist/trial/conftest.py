"""A folder with a service that the template did not make."""

import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from . import tiny

_SCHEMA = """\
    openapi: 3.1.0
    paths:
      /things:
        get: { responses: {} }
        post:
          requestBody:
            content:
              application/json: { schema: { type: object } }
          responses: {}
    """


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a service that pyproject.toml says how to start."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny.__file__, tmp_path)
    (tmp_path / "openapi.yaml").write_text(dedent(_SCHEMA), "utf-8")
    configure(
        tmp_path,
        start=f"{sys.executable} tiny.py",
        liveness="/alive",
        readiness="/ready",
        schema_file="openapi.yaml",
    )
    return tmp_path


def configure(folder: Path, **values: str) -> None:
    """Write these values into [tool.shipshape]."""
    lines = [f'{name} = "{value}"\n' for name, value in values.items()]
    text = "".join(['[project]\nname = "tiny"\n\n[tool.shipshape]\n', *lines])
    (folder / "pyproject.toml").write_text(text, "utf-8")
