"""`make install` replaces what no longer works, and needs no network if its cache is warm."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.render import ROOT, render
from tests.render.test_makefiles import python

from .conftest import run, without_make

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]

UNREACHABLE = dict.fromkeys(
    ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"
)
NO_UV = {"PATH": "/usr/bin:/bin"}
PYTHON = f"PYTHON={os.path.realpath(shutil.which('python3') or '')}"  # a shim is not on that PATH
UV = ROOT / ".tools" / "bin" / "uv"
COMMANDS = "installing Shipshape into .tools/shipshape\n"


def install(
    service: Path, *arguments: str, target: str = "install", **variables: str
) -> subprocess.CompletedProcess[str]:
    """`make install`, with some variables."""
    return subprocess.run(
        ["make", "--silent", target, *arguments],
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


@pytest.mark.long
def test_it_works_where_it_was_moved(service: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    service.rename(moved)
    try:
        assert install(moved).returncode == 0
        run(moved, ".venv/bin/black", "--version")
        run(moved, ".tools/bin/uv", "--version")
        assert install(moved).stderr == "", "it was installed a second time"
    finally:
        moved.rename(service)


@pytest.mark.long
def test_it_works_where_its_python_is_gone(service: Path) -> None:
    for name in (".tools", ".venv"):
        python = service / name / "bin" / "python"
        python.unlink()
        python.symlink_to("/no/such/python")
    assert install(service).returncode == 0
    run(service, ".venv/bin/black", "--version")
    assert install(service).stderr == ""


@pytest.mark.long
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


@pytest.mark.long
def test_without_a_network_it_says_what_to_do(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    render(template, folder, service="orders", database="none")
    caches = {"PIP_CACHE_DIR": str(tmp_path / "pip"), "UV_CACHE_DIR": str(tmp_path / "uv")}
    for path in (NO_UV["PATH"], f"{UV.parent}{os.pathsep}{NO_UV['PATH']}"):
        done = install(folder, PYTHON, **UNREACHABLE, **caches, PATH=path)
        assert done.returncode == 2
        [said] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert "the package index cannot be reached" in said
        assert "README.md" in said
        assert len(done.stderr.splitlines()) == 3, done.stderr


def test_without_a_network_the_cache_will_do(template: Path, tmp_path: Path) -> None:
    path = f"{UV.parent}{os.pathsep}{os.environ['PATH']}"
    for name, network in (("first", {}), ("second", UNREACHABLE)):
        folder = render(template, tmp_path / name / "orders", service="orders", database="none")
        done = install(folder, **network, PATH=path)
        assert done.returncode == 0, done.stderr


# -- Which uv -------------------------------------------------------------------------------------


@pytest.fixture
def new(template: Path, tmp_path: Path) -> Path:
    """A service with nothing installed."""
    return render(template, tmp_path / "orders", service="orders", database="none")


def with_uv(folder: Path, text: str = "") -> dict[str, str]:
    """A PATH with a uv in a folder: a script, or else one that works."""
    folder.mkdir(parents=True)
    if text:
        (folder / "uv").write_text(f"#!/bin/sh\n{text}\n")
        (folder / "uv").chmod(0o755)
    else:
        shutil.copy(UV, folder / "uv")
    return {"PATH": f"{folder}{os.pathsep}{NO_UV['PATH']}"}


def test_install_uses_the_uv_on_the_path_and_no_poetry(new: Path, tmp_path: Path) -> None:
    done = install(new, PYTHON, **with_uv(tmp_path / "bin"))
    assert (done.returncode, done.stderr) == (0, f"installing poetry.lock into .venv\n{COMMANDS}")
    assert (new / ".tools/bin/uv").resolve() == (tmp_path / "bin" / "uv").resolve()
    assert [*new.glob(".[tv]*/**/poetry")] == []
    run(new, ".venv/bin/python", "-c", "import orders")

    shutil.rmtree(tmp_path / "bin")
    done = install(new, PYTHON, **NO_UV)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"installing uv into .tools\n{COMMANDS}", ".venv itself still fits"
    run(new, ".tools/bin/uv", "--version")


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    ["echo 'uv 0.10.12 (00d72dac7 2026-03-19)'", "echo 'uv: no version is set' >&2; exit 126"],
    ids=["too old", "a shim with nothing behind it"],
)
def test_a_uv_that_will_not_do(new: Path, tmp_path: Path, text: str) -> None:
    done = install(new, PYTHON, target=".tools/.installed", **with_uv(tmp_path / "bin", text))
    assert (done.returncode, done.stderr) == (0, "installing uv into .tools\n")
    pinned = re.search("^uv==(.*?) ", (new / "tools.lock").read_text("utf-8"), re.MULTILINE)
    assert pinned
    assert run(new, ".tools/bin/uv", "--version").startswith(f"uv {pinned[1]} ")


@pytest.mark.long
def test_a_python_without_pip(new: Path, tmp_path: Path) -> None:
    """As Debian's is: then its venv brings one."""
    without = "import importlib.util; importlib.util.find_spec = lambda name: None"
    named = f"PYTHON={python(tmp_path / 'python', without)}"
    done = install(new, named, target=".tools/.installed", **NO_UV)
    assert (done.returncode, done.stderr) == (0, "installing uv into .tools\n")
    run(new, ".tools/bin/uv", "--version")


@pytest.mark.long
@pytest.mark.parametrize("folder", [".tools/bin", ".venv/bin"])
def test_a_uv_of_the_service_itself_is_not_used(new: Path, folder: str) -> None:
    """It would be deleted by the installation."""
    done = install(new, PYTHON, target=".tools/.installed", **with_uv(new / folder))
    assert (done.returncode, done.stderr) == (0, "installing uv into .tools\n")
    assert (new / ".tools/bin/uv").resolve() == (new / ".tools/bin/uv").absolute()
    run(new, ".tools/bin/uv", "--version")


def test_what_builds_the_service_is_verified(new: Path, tmp_path: Path) -> None:
    lock = new / "tools.lock"
    before, entry, after = re.split(
        r"^(poetry-core==.*\n(?: .*\n)+)", lock.read_text("utf-8"), flags=re.M
    )
    lock.write_text(before + re.sub("(?<=sha256:).{8}", "00000000", entry) + after, "utf-8")
    done = install(new, PYTHON, **with_uv(tmp_path / "bin"))
    assert done.returncode == 2
    assert "Hash mismatch for `poetry-core==" in done.stderr


@pytest.mark.long
def test_poetry_is_installed_for_make_lock_alone(new: Path, tmp_path: Path) -> None:
    path = with_uv(tmp_path / "bin")
    done = install(new, PYTHON, target=".tools/poetry/.installed", **path)
    assert (done.returncode, done.stderr) == (0, "installing Poetry into .tools/poetry\n")
    assert install(new, PYTHON, target=".tools/poetry/.installed", **path).stderr == ""
    assert "poetry-plugin-pypi-mirror" in run(
        new, ".tools/poetry/bin/poetry", "self", "show", "plugins"
    )
    planned = install(new, PYTHON, "--dry-run", target="lock", **path).stdout
    assert re.search("PYPI_MIRROR_URL:-https?://.* .tools/poetry/bin/poetry lock", planned)
