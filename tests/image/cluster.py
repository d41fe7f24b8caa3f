"""The cluster that releases go to: kubectl's stand-in, and what it runs."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .conftest import docker


@dataclass(frozen=True)
class Cluster:
    """Keeps everything in a folder, and runs one container at a time on the two ports."""

    folder: Path
    port: int
    management_port: int
    engine: Mapping[str, str]

    def install(self) -> None:
        """Put a `kubectl` into the folder."""
        source = Path(__file__).with_name("kubectl.py").read_text("utf-8")
        self._program.write_text(f"#!{sys.executable} -IS\n{source}", "utf-8")
        self._program.chmod(0o755)

    @property
    def variables(self) -> dict[str, str]:
        """What a delivery needs to find the cluster, and the service in it."""
        return {
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "CLUSTER": str(self.folder),
            "CONTAINER": self._container,
            "SERVICE_URL": f"http://127.0.0.1:{self.port}",
            "PORT": str(self.port),
            "MANAGEMENT_PORT": str(self.management_port),
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        }

    def run(self, image: str, version: str) -> None:
        """Run an image, of which nobody asks where it comes from."""
        manifests = f"kind: Deployment\nimage: {image}\nsetting: SERVICE_VERSION={version}\n"
        for arguments in (("apply",), ("rollout", "status")):
            subprocess.run(
                [self._program, *arguments],
                env={**os.environ, **self.engine, **self.variables},
                input=manifests,
                text=True,
                check=True,
            )
        self._applied.unlink()

    def stop(self) -> None:
        """Run nothing any more."""
        docker("rm", "--force", self._container, check=False, variables=self.engine)
        for file in (self._running, self._applied):
            file.unlink(missing_ok=True)

    @property
    def digest(self) -> str:
        """That of the image which runs, sha256:…"""
        return self._running.read_text("utf-8").partition("@")[2]

    @property
    def applied(self) -> list[str]:
        """What was applied since, by kind and digest."""
        return self._applied.read_text("utf-8").splitlines() if self._applied.exists() else []

    @property
    def says(self) -> tuple[str, str]:
        """Version and commit, as the service says that runs."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.management_port}/info") as answer:
            told = json.load(answer)
        return told["version"], told["commit"]

    @property
    def _program(self) -> Path:
        return self.folder / "kubectl"

    @property
    def _container(self) -> str:
        return f"shipshape-test-{self.port}"

    @property
    def _running(self) -> Path:
        return self.folder / "running"

    @property
    def _applied(self) -> Path:
        return self.folder / "applied"
