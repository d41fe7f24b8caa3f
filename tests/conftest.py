"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from copier._main import Worker
from jinja2 import Environment

from scripts.render import export

collect_ignore = ["in_service"]  # `service/test_in_service.py` runs them in generated services

_compile = Environment.compile
_compiled: dict[object, Any] = {}


def _compile_once(environment: Environment, source: str, *arguments: Any, **options: Any) -> Any:
    """What Jinja makes of a text, by a syntax that there is one lexer for."""
    key = source, environment.lexer, *environment.extensions, arguments, *sorted(options.items())
    if key not in _compiled:
        _compiled[key] = _compile(environment, source, *arguments, **options)
    return _compiled[key]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more worker than cores: a fifth of the time, tests wait for something to happen."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _quick_copier() -> Iterator[None]:
    """Spare Copier half of its time: the tests make hundreds of services.

    It compiles the same texts for each, and asks git of each file whether the file system has
    modes. Where it has them, as here, nothing comes of that. Copier's command is left as it is.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", _compile_once)
        patch.setattr(Worker, "_sync_git_index_executable_bit", lambda *_: None)
        yield


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
