"""An image registry on this machine, which docker and cosign speak plain HTTP to."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.debian import program

SECONDS = 15.0


@contextmanager
def image_registry(folder: Path, port: int) -> Iterator[str]:
    """Its address, such as localhost:5000; it keeps its images in a folder."""
    settings = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    file, log = folder / "registry.yaml", folder / "registry.log"
    file.write_text(json.dumps(settings), "utf-8")
    command = [program("docker-registry", "docker-registry"), "serve", str(file)]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said) as registry,
    ):
        try:
            until = time.monotonic() + SECONDS
            while not answers(f"http://localhost:{port}/v2/"):
                assert registry.poll() is None, log.read_text("utf-8")[-3000:]
                assert time.monotonic() < until, log.read_text("utf-8")[-3000:]
                time.sleep(0.1)
            yield f"localhost:{port}"
        finally:
            registry.terminate()


def answers(url: str) -> bool:
    """Whether a GET gets a 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
