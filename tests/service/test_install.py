"""`make install` replaces what no longer works, and needs no network if its cache is warm."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.render import ROOT, render

from .conftest import run, without_make

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]

UNREACHABLE = dict.fromkeys(
    ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"
)
NO_UV = {"PATH": "/usr/bin:/bin"}


def install(service: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make install`, with some variables."""
    return subprocess.run(
        ["make", "--silent", "install", *arguments],
        cwd=service,
        env=without_make(dict(os.environ)) | {"PIP_FIND_LINKS": "", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def service(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that is installed, and that tests may move."""
    folder = tmp_path_factory.mktemp("install") / "orders"
    render(template, folder, service="orders", database="none")
    run(folder, "make", "install")
    return folder


def test_it_works_where_it_was_moved(service: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    service.rename(moved)
    try:
        assert install(moved).returncode == 0
        run(moved, ".venv/bin/black", "--version")
        run(moved, ".tools/bin/poetry", "--version")
        assert install(moved).stderr == "", "it was installed a second time"
    finally:
        moved.rename(service)


def test_it_works_where_its_python_is_gone(service: Path) -> None:
    for name in (".tools", ".venv"):
        python = service / name / "bin" / "python"
        python.unlink()
        python.symlink_to("/no/such/python")
    assert install(service).returncode == 0
    run(service, ".venv/bin/black", "--version")
    assert install(service).stderr == ""


def test_the_python_that_is_named_replaces_another(service: Path, tmp_path: Path) -> None:
    named = shutil.which("python3", path="/usr/bin")
    if not named or os.path.realpath(named) == os.path.realpath(service / ".venv/bin/python"):
        # A container often has no second Python, and none can be installed without root.
        pytest.skip("there is one Python only")
    done = install(service, f"PYTHON={named}")
    if "is needed, and" in done.stderr or "comes without venv" in done.stderr:
        # The system's Python may be too old, or lack venv as on Debian; both refusals are correct.
        pytest.skip(f"{named} cannot be used: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert os.path.realpath(service / ".venv/bin/python") == os.path.realpath(named)
    assert install(service).stderr == "", "without PYTHON, what is there stays"


def test_a_lock_that_does_not_fit_changes_nothing(service: Path) -> None:
    path = service / "pyproject.toml"
    before = path.read_text("utf-8")
    path.write_text(before.replace("dependencies = [", 'dependencies = [\n    "x",', 1), "utf-8")
    try:
        done = install(service)
        assert done.returncode == 2
        assert "error: poetry.lock does not fit pyproject.toml any more: run `make lock`\n" in (
            done.stderr
        )
        run(service, ".venv/bin/black", "--version")
    finally:
        path.write_text(before, "utf-8")


def test_without_a_network_it_says_what_to_do(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    render(template, folder, service="orders", database="none")
    caches = {"PIP_CACHE_DIR": str(tmp_path / "pip"), "UV_CACHE_DIR": str(tmp_path / "uv")}
    python = f"PYTHON={os.path.realpath(shutil.which('python3') or '')}"
    for path in (NO_UV["PATH"], f"{ROOT / '.tools' / 'bin'}{os.pathsep}{NO_UV['PATH']}"):
        done = install(folder, python, **UNREACHABLE, **caches, PATH=path)
        assert done.returncode == 2
        [said] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert "the package index cannot be reached" in said
        assert "README.md" in said
        assert len(done.stderr.splitlines()) == 3, done.stderr


def test_without_a_network_the_cache_will_do(template: Path, tmp_path: Path) -> None:
    path = f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for name, network in (("first", {}), ("second", UNREACHABLE)):
        folder = render(template, tmp_path / name / "orders", service="orders", database="none")
        done = install(folder, **network, PATH=path)
        assert done.returncode == 0, done.stderr
