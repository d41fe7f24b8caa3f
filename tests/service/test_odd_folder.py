"""A service works in a folder of any name: it is installed, migrated, tested and run there."""

import os
import re
import signal
import subprocess
import time
import urllib.error
from pathlib import Path

import pytest

from scripts.render import render
from tests.ports import HOST, free_ports

from .conftest import run, without_make
from .test_running import READY_WITHIN, get

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.xdist_group("odd-folder")]

NAME = "My # 100% ? & 'x' $HOME ;"
DEEP = "-".join(["a-long-name"] * 10)  # longer than the path of a Unix socket may be


@pytest.fixture(scope="module")
def service(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that is installed in such a folder."""
    folder = tmp_path_factory.mktemp("odd") / NAME / DEEP / "orders"
    render(template, folder, service="orders")
    run(folder, "make", "install")
    run(folder, "git", "init", "--quiet")
    return folder


def test_migrate_and_test(service: Path) -> None:
    assert "Running upgrade" in run(service, "make", "migrate")
    assert re.search(r"^=+ \d+ passed in .+=$", run(service, "make", "test"), re.MULTILINE)
    assert "Running upgrade" not in run(service, "make", "migrate"), "the data are gone"


def test_run(service: Path) -> None:
    port, management_port = free_ports(2)
    ports = {"HOST": HOST, "PORT": str(port), "MANAGEMENT_PORT": str(management_port)}
    process = subprocess.Popen(
        ["make", "run"],
        cwd=service,
        env=without_make(dict(os.environ)) | ports,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and process.poll() is None:
            try:
                assert get(f"http://{HOST}:{port}/items")[0] == 200
                break
            except urllib.error.URLError:
                time.sleep(0.2)
        else:
            pytest.fail(f"the service is not ready:\n{process.communicate()[0]}")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=60)[0]
    assert "Traceback" not in output
    assert not (service / ".data" / "postgresql" / "postmaster.pid").exists()


def test_a_database_that_cannot_start_is_explained_once(service: Path) -> None:
    version = service / ".data" / "postgresql" / "PG_VERSION"
    before = version.read_text()
    version.write_text("8\n")
    try:
        for target in ("run", "migrate", "test"):
            done = subprocess.run(
                ["make", target],
                cwd=service,
                env=without_make(dict(os.environ)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 2, done.stdout
            assert done.stdout.count("error: PostgreSQL 8 created ") == 1
            assert "Traceback" not in done.stdout
    finally:
        version.write_text(before)


def test_clean_keeps_the_data(service: Path) -> None:
    output = run(service, "make", "clean")
    assert not (service / ".venv").exists()
    assert (service / ".data" / "postgresql" / "PG_VERSION").exists()
    assert "`rm -rf .data`" in output
