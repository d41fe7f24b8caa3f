"""A Docker engine whose BuildKit attests what it builds: one with the images in containerd."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.debian import programs

from .conftest import docker

SNAPSHOTTER = "io.containerd.snapshotter.v1"
SECONDS = 30.0
ADDRESS = "192.0.2.1/30"  # for documentation, so that nothing is there

SETTINGS = {
    "features": {"containerd-snapshotter": True},
    "iptables": False,
    "ip6tables": False,
    "ip-forward": False,
}


@contextmanager
def attesting_engine() -> Iterator[dict[str, str]]:
    """The variables that lead to one: the engine of the machine, or a second one for a while."""
    if SNAPSHOTTER in docker("info", "--format", "{{json .DriverStatus}}"):
        yield {}
        return
    if os.geteuid() != 0 or not shutil.which("ip"):
        # Only root may start an engine and give it a bridge, and no test may ask for a password.
        pytest.skip("the engine cannot attest, and a second one needs root and iproute2")
    path = os.pathsep.join(map(programs, ("docker.io", "containerd")))
    # Not in pytest's folder: the path of a socket may be 107 characters long.
    with tempfile.TemporaryDirectory(prefix="shipshape-engine-") as name:
        with bridge("shipshape0"), second_engine(Path(name), path, "shipshape0") as socket:
            yield {"DOCKER_HOST": f"unix://{socket}"}


@contextmanager
def bridge(name: str) -> Iterator[None]:
    """A network bridge of its own: an engine told to have none deletes the first engine's."""
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", ADDRESS, "dev", name], check=True)
        yield
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)


def bring(image: str, folder: Path, engine: dict[str, str]) -> None:
    """Have an image of the machine's engine in the one that attests, too."""
    if engine:
        archive = folder / "image.tar"
        docker("save", "--output", str(archive), image)
        docker("load", "--quiet", "--input", str(archive), variables=engine)
        archive.unlink()


@contextmanager
def second_engine(folder: Path, path: str, bridge: str) -> Iterator[Path]:
    """The socket of an engine that keeps everything in a folder."""
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
    settings = SETTINGS | {key: str(folder / place) for key, place in places.items()}
    file, socket, log = folder / "daemon.json", folder / "socket", folder / "log"
    file.write_text(json.dumps(settings | {"bridge": bridge}), "utf-8")
    program = shutil.which("dockerd", path=path)
    assert program, f"there is no dockerd in {path}"
    # In a mount namespace of its own, so that nothing that it mounts outlives it.
    command = ["unshare", "--mount", program, f"--config-file={file}", f"--host=unix://{socket}"]
    variables = os.environ | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=variables, stdout=said, stderr=said) as engine,
    ):
        try:
            until = time.monotonic() + SECONDS
            while "Server Version" not in docker(
                "info", check=False, variables={"DOCKER_HOST": f"unix://{socket}"}
            ):
                assert engine.poll() is None, log.read_text("utf-8")[-3000:]
                assert time.monotonic() < until, log.read_text("utf-8")[-3000:]
                time.sleep(0.2)
            yield socket
        finally:
            engine.terminate()
