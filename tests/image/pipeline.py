"""What a pipeline and a release do with a service: commit, build, and Shipshape's commands."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.commands import SHIPSHAPE

from .conftest import docker

# The code of a commit over an image of the service that was built before. Nothing runs meanwhile,
# so that it takes a second. It goes elsewhere, for what was compiled there would be run instead.
DOCKERFILE = """\
ARG BASE
FROM ${BASE}
COPY src code
ARG COMMIT
ENV PYTHONPATH=/app/code SERVICE_COMMIT=$COMMIT
LABEL org.opencontainers.image.revision=$COMMIT
"""
SBOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "components": [{"type": "library", "name": "fastapi", "version": "0.1.0"}],
}


@dataclass(frozen=True)
class Release:
    """A commit and its image. `digest` is sha256:…"""

    version: str
    commit: str
    digest: str

    def __str__(self) -> str:
        return f"{self.version} ({self.digest})"


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `said` is the last line on stderr."""

    status: int
    result: str
    said: str


@dataclass(frozen=True)
class Pipeline:
    """A service in a git repository, an image of it to build upon, and where its images go.

    `variables` lead to the engine, the keys and the cluster. `folder` is for what is left over.
    """

    service: Path
    base: str
    image: str
    variables: Mapping[str, str]
    folder: Path

    def command(self, *arguments: str) -> Outcome:
        """How a command of .shipshape ended; what it said is kept for the report of a failure."""
        done = self._run(*SHIPSHAPE, *arguments)
        print(done.stderr, end="")
        lines = done.stderr.splitlines() or [""]
        return Outcome(done.returncode, done.stdout.strip(), lines[-1])

    def succeed(self, *arguments: str) -> str:
        """The result of a command, which must end well."""
        outcome = self.command(*arguments)
        assert outcome.status == 0, outcome.said
        return outcome.result

    def git(self, *arguments: str) -> str:
        done = self._run("git", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """A commit of all that is there, all 40 digits of it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def build(self, commit: str, provenance: str = "--provenance=mode=max,version=v1") -> str:
        """Build the image of the commit that is checked out, and push it; its digest."""
        dockerfile, metadata = self.folder / "Dockerfile", self.folder / "metadata.json"
        dockerfile.write_text(DOCKERFILE, "utf-8")
        docker(
            "buildx", "build", "--push", provenance,
            f"--file={dockerfile}", f"--metadata-file={metadata}",
            f"--build-arg=BASE={self.base}", f"--build-arg=COMMIT={commit}",
            f"--tag={self.image}:sha-{commit}", str(self.service),
            variables=self.variables,
        )  # fmt: skip
        return str(json.loads(metadata.read_text("utf-8"))["containerimage.digest"])

    def sign(self, digest: str) -> Outcome:
        sbom = self.folder / "sbom.cdx.json"
        sbom.write_text(json.dumps(SBOM), "utf-8")
        return self.command("sign", digest, "--sbom", str(sbom))

    def release(self, version: str, message: str) -> Release:
        """All the way from a commit to a tag, for the image as for git."""
        commit = self.commit(message)
        digest = self.build(commit)
        signed = self.sign(digest)
        assert signed.status == 0, signed.said
        assert self.succeed("promote", "--commit", commit, "--version", version) == digest
        self.git("tag", f"v{version}")
        return Release(version, commit, digest)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.service,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )
