"""example/ is what the default answers give, to the byte."""

import shutil
from pathlib import Path

import pytest

from scripts.example import EXAMPLE, render_example
from tests import checks

State = dict[str, tuple[bytes, int]]


def state(folder: Path) -> State:
    """Each file with its content, and whether it can be executed."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o111)
        for path in folder.rglob("*")
        if path.is_file()
    }


def differences(left: State, right: State) -> list[str]:
    """The names of the files that differ."""
    return sorted(name for name in left | right if left.get(name) != right.get(name))


@pytest.fixture(scope="module")
def fresh(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What example/ should be."""
    return render_example(template, tmp_path_factory.mktemp("example"))


def test_example_is_current(fresh: Path) -> None:
    assert differences(state(EXAMPLE), state(fresh)) == [], "run `make example`"


def test_flake8_is_content(fresh: Path) -> None:
    """Of all copies it looks at among the slow tests only, at this one soon."""
    checks.flake8_is_content(fresh)


def test_rendering_is_the_same_each_time(fresh: Path, template: Path, tmp_path: Path) -> None:
    assert state(render_example(template, tmp_path)) == state(fresh)


def test_a_difference_is_found(fresh: Path, tmp_path: Path) -> None:
    other = shutil.copytree(fresh, tmp_path / "other")
    (other / "extra").write_text("more")
    (other / "Makefile").chmod(0o755)
    (other / "README.md").write_text("other")
    (other / "pyproject.toml").unlink()
    names = ["Makefile", "README.md", "extra", "pyproject.toml"]
    assert differences(state(other), state(fresh)) == names
