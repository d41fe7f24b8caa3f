"""A Docker engine, and the image of each kind of service, built once.

Where there is no engine, DOCKER_ENGINE may name a program that starts one: it gets IMAGE=KIND for
each image that is needed, and sees to it that the engine has something under that name.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.render import render

PYTHON, POSTGRES = "python:3.14-slim-trixie", "postgres:18-trixie"
PROMETHEUS, ALERTMANAGER = "prom/prometheus:v3.15.0", "prom/alertmanager:v0.34.1"
STAND_INS = {
    PYTHON: "python",
    POSTGRES: "postgres",
    PROMETHEUS: "prometheus",
    ALERTMANAGER: "alertmanager",
}
CANARY = "canary-in-the-address-of-the-index"


def docker(*arguments: str, check: bool = True, variables: Mapping[str, str] | None = None) -> str:
    """What `docker` says, which must end well if it is checked."""
    done = subprocess.run(
        ["docker", *arguments],
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (
        done.returncode == 0 or not check
    ), f"docker {' '.join(arguments)}:\n{done.stdout[-6000:]}"
    return done.stdout


@dataclass(frozen=True)
class Engine:
    """Which base images to take, where not those that the service names."""

    images: dict[str, str]

    @property
    def base(self) -> tuple[str, ...]:
        """Arguments of `docker build`."""
        given = self.images.get("PYTHON_IMAGE")
        return ("--build-arg", f"PYTHON_IMAGE={given}") if given else ()


@pytest.fixture(scope="session")
def engine() -> Engine:
    """A Docker engine that runs."""
    if program := os.environ.get("DOCKER_ENGINE"):
        pairs = [f"{image}={kind}" for image, kind in STAND_INS.items()]
        subprocess.run([program, *pairs], check=True)
        return Engine(
            {
                "PYTHON_IMAGE": PYTHON,
                "POSTGRES_IMAGE": POSTGRES,
                "PROMETHEUS_IMAGE": PROMETHEUS,
                "ALERTMANAGER_IMAGE": ALERTMANAGER,
            }
        )
    if not shutil.which("docker") or "Server Version" not in docker("info", check=False):
        # Who works on the template needs no Docker, and a container cannot start an engine.
        pytest.skip("no Docker engine runs here")
    return Engine({})


@dataclass(frozen=True)
class Built:
    """A service and its image."""

    service: Path
    engine: Engine
    image: str

    @property
    def service_name(self) -> str:
        return self.image.split("/")[1].removesuffix(":dev")

    def build(self, image: str, *arguments: str) -> None:
        docker("build", "--tag", image, *self.engine.base, *arguments, str(self.service))

    def inspect(self, path: str) -> Any:
        return inspect(self.image, path)


def inspect(image: str, path: str) -> Any:
    """What the engine knows of an image at a path, such as .Config.User."""
    return json.loads(docker("image", "inspect", "--format", f"{{{{json {path}}}}}", image))


@pytest.fixture(scope="session", params=["postgresql", "none"])
def built(
    request: pytest.FixtureRequest,
    engine: Engine,
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    """A service's image, built with a package index whose address holds a secret."""
    folder = tmp_path_factory.mktemp("image") / "service"
    service = render(template, folder, service=f"sample-{request.param}", database=request.param)
    image = f"shipshape-test-{os.getpid()}/sample-{request.param}:dev"
    built = Built(service, engine, image)
    index = os.environ.get("UV_DEFAULT_INDEX", "https://pypi.org/simple")
    secret = folder.with_name("index")
    secret.write_text(index.replace("://", f"://anybody:{CANARY}@", 1), "utf-8")
    built.build(
        image,
        "--secret",
        f"id=index,src={secret}",
        *("--build-arg", f"COMMIT={'c0ffee' * 6}c0ff"),
        *("--build-arg", "VERSION=sha-c0ffee0"),
        *("--build-arg", "SOURCE=https://git.example.com/sample"),
    )
    yield built
    docker("image", "rm", "--force", image)
