"""A git repository of its own, and a registry behind stand-ins for docker and cosign."""

import atexit
import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from scripts.render import ROOT, exported, render
from shipshape.releases import registry, signature

from . import standin

IMAGE = "registry.example.com/team/orders"


@functools.cache
def rendered(**answers: str) -> Path:
    """A service with these answers, made once. Tests that change it change a copy."""
    temporary = tempfile.TemporaryDirectory(prefix="shipshape-service-")
    atexit.register(temporary.cleanup)
    with exported() as template:
        return render(template, Path(temporary.name) / "orders", service="orders", **answers)


@dataclass(frozen=True)
class Repository:
    """A git repository, in which the test runs."""

    folder: Path
    clock: Iterator[int] = field(default_factory=lambda: count(1_700_000_000))  # in seconds

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, "GIT_COMMITTER_DATE": f"{next(self.clock)} +0000"},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """A commit of all that is there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def release(self, version: str, message: str = "feat: more") -> str:
        """A commit that is tagged as a release."""
        commit = self.commit(message)
        self.git("tag", f"v{version}")
        return commit


@dataclass(frozen=True)
class Registry:
    """What the registry holds."""

    file: Path
    sbom: Path

    def push(self, commit: str, tag: str | None = None, **changes: object) -> str:
        """An image as the pipeline of main makes it, but for `changes`; its digest."""
        digest = f"sha256:{hashlib.sha256(f'{commit}{changes}'.encode()).hexdigest()}"
        image = {
            "type": standin.INDEX,
            "image": {"config": {"Labels": {registry.REVISION: commit}}},
            "provenance": {"SLSA": {"buildDefinition": {"builtFrom": commit}}},
            **changes,
        }
        contents = self.contents
        contents["images"][digest] = image
        contents["tags"][f"{IMAGE}:{tag or f'sha-{commit}'}"] = digest
        self.file.write_text(json.dumps(contents))
        return digest

    def sign(self, digest: str) -> None:
        reference = f"{IMAGE}@{digest}"
        signature.sign(reference, self.sbom, registry.provenance(reference))

    def hold_signed(self, digest: str) -> None:
        """The same, without running a program for it."""
        contents = self.contents
        kinds = (*standin.KINDS.values(), standin.SIGNATURE)
        contents["signed"][digest] = [["a key", kind, {}] for kind in kinds]
        self.file.write_text(json.dumps(contents))

    def fail(self, said: str) -> None:
        """From now on docker says this, and fails."""
        self.file.write_text(json.dumps(self.contents | {"fails": said}))

    @property
    def contents(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    @property
    def tags(self) -> dict[str, str]:
        """The digests by their tags."""
        return {name.removeprefix(f"{IMAGE}:"): to for name, to in self.contents["tags"].items()}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository, with commitizen's settings and nobody's own settings of git."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A. Developer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "developer@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    repository = Repository(tmp_path / "repository")
    repository.folder.mkdir()
    monkeypatch.chdir(repository.folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    settings = '[tool.commitizen]\nversion_provider = "scm"\ntag_format = "v$version"\n'
    (repository.folder / "pyproject.toml").write_text(settings)
    (repository.folder / ".venv").symlink_to(ROOT / ".venv")  # with commitizen
    (repository.folder / ".git/info/exclude").write_text(".venv\n")
    return repository


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """An empty registry, and a key to sign with."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "standin"
    source = Path(standin.__file__).read_text(encoding="utf-8")
    program.write_text(f"#!{sys.executable} -IS\n{source}", encoding="utf-8")
    program.chmod(0o755)
    for name in ("docker", "cosign"):
        (programs / name).hardlink_to(program)
    sbom = tmp_path / "sbom.cdx.json"
    sbom.write_text('{"bomFormat": "CycloneDX"}')
    file = programs / "registry.json"
    file.write_text('{"tags": {}, "images": {}, "signed": {}, "fails": ""}')
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    for name in ("SIGNER_IDENTITY", "SIGNER_ISSUER"):
        monkeypatch.delenv(name, raising=False)
    for name in ("COSIGN_PRIVATE_KEY", "COSIGN_PUBLIC_KEY"):
        monkeypatch.setenv(name, "a key")
    return Registry(file, sbom)
