"""The commands of releases. Results go to stdout, progress to stderr."""

import enum
import re
from pathlib import Path
from typing import Annotated

import typer

from .. import platforms, service
from ..platforms.platform import NO_DIGEST
from . import registry, signature, version
from .deployment import Deployment
from .gates import Gates
from .promotion import promote as _promote
from .rollback import roll_back

app = typer.Typer()

_RELEASES = "Releases"
_DEPLOYMENTS = "Deployments"


class Bump(enum.StrEnum):
    """Which part of the version goes up; `auto` reads the commits."""

    AUTO = enum.auto()
    PATCH = enum.auto()
    MINOR = enum.auto()
    MAJOR = enum.auto()


def _digest(text: str) -> str:
    if not registry.DIGEST.fullmatch(text):
        raise typer.BadParameter(
            f"{text!r} is no digest: it must be sha256: and 64 hexadecimal digits"
        )
    return text


def _commit(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{40}", text):
        raise typer.BadParameter(f"{text!r} is no commit: it must be all 40 digits of one")
    return text


def _release(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise typer.BadParameter(f"{text!r} is no version: it must be such as 1.4.0")
    return text


def _reason(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise typer.BadParameter("say why, for those who read this later")
    return words


Digest = Annotated[
    str, typer.Argument(parser=_digest, metavar="DIGEST", help="sha256: and 64 digits")
]
Environment = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="such as staging")]
Release = Annotated[str, typer.Argument(parser=_release, metavar="VERSION", help="such as 1.4.0")]
Named = Annotated[str | None, typer.Option("--version", help="what it calls itself there")]
WithoutSlo = Annotated[bool, typer.Option("--without-slo", help="without looking at Prometheus")]


@app.command("version", rich_help_panel=_RELEASES)
def print_version(bump: Annotated[Bump, typer.Option()] = Bump.AUTO) -> None:
    """Print the next version, from the commits."""
    print(version.next_version(bump))


@app.command("notes", rich_help_panel=_RELEASES)
def print_notes(wanted: Release) -> None:
    """Print what a version changes for its users, in Markdown."""
    print(version.notes(wanted).rstrip("\n"))


@app.command("digest", rich_help_panel=_RELEASES)
def print_digest(
    tag: Annotated[str, typer.Argument(help="such as 1.4.0 or sha-<commit>")],
) -> None:
    """Print the digest behind a tag of the image."""
    print(registry.digest_of(f"{service.image()}:{tag}"))


@app.command(rich_help_panel=_RELEASES)
def sign(
    digest: Digest, sbom: Annotated[Path, typer.Option(metavar="FILE", help="CycloneDX in JSON")]
) -> None:
    """Sign an image that passed all checks, its SBOM and its provenance."""
    reference = f"{service.image()}@{digest}"
    signature.sign(reference, sbom, registry.provenance(reference))
    print(f"signed {reference}")


@app.command(rich_help_panel=_RELEASES)
def verify(digest: Digest) -> None:
    """Check that the pipeline of main signed an image and its provenance."""
    reference = f"{service.image()}@{digest}"
    signature.verify(reference)
    print(f"{reference} is signed by {signature.signer().name}")


@app.command(rich_help_panel=_RELEASES)
def attestations(
    digest: Digest,
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="where to write them")],
) -> None:
    """Save the SBOM and the provenance of an image."""
    for path in signature.save(f"{service.image()}@{digest}", into):
        print(path)


@app.command(rich_help_panel=_RELEASES)
def promote(
    commit: Annotated[str, typer.Option(parser=_commit, metavar="SHA", help="all 40 digits")],
    version: Annotated[str, typer.Option(parser=_release, metavar="VERSION", help="such as 1.4.0")],
) -> None:
    """Release the image of a commit: give it a version."""
    print(_promote(service.image(), commit, version))


@app.command(rich_help_panel=_DEPLOYMENTS)
def deploy(
    environment: Environment,
    digest: Digest,
    version: Named = None,
    without_slo: WithoutSlo = False,
) -> None:
    """Deploy an image and check it. Put back what ran where that fails."""
    print(_deployment(environment, without_slo).deploy(digest, version))


@app.command(rich_help_panel=_DEPLOYMENTS)
def rollback(
    environment: Environment,
    version: Release,
    reason: Annotated[str, typer.Option(parser=_reason, metavar="TEXT", help="for the record")],
    without_slo: WithoutSlo = False,
) -> None:
    """Go back to an earlier release."""
    print(roll_back(_deployment(environment, without_slo), version, reason))


@app.command("manifests", rich_help_panel=_DEPLOYMENTS)
def print_manifests(
    environment: Environment,
    digest: Annotated[str | None, typer.Argument(parser=_digest, metavar="DIGEST")] = None,
    version: Named = None,
) -> None:
    """Print what a deployment would apply."""
    found = platforms.of_service().render(environment, digest or NO_DIGEST, version)
    print(found.rstrip("\n"))


@app.command("diff", rich_help_panel=_DEPLOYMENTS)
def print_difference(
    environment: Environment,
    digest: Annotated[str | None, typer.Argument(parser=_digest, metavar="DIGEST")] = None,
    version: Named = None,
) -> None:
    """Print what a deployment would change."""
    platform = platforms.of_service()
    wanted = digest or platform.current(environment) or NO_DIGEST
    if found := platform.diff(environment, wanted, version).rstrip("\n"):
        print(found)


def _deployment(environment: str, without_slo: bool) -> Deployment:
    gates = Gates.from_environment(with_slo=not without_slo)
    return Deployment(service.image(), environment, platforms.of_service(), gates)
