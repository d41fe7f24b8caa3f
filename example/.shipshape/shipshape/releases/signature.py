"""Signatures by cosign. One on an image says: the pipeline of main was content with its commit.

Signed is last, when all checks have passed; so who asks for the signature asks for all of them.
Signed, too, are the SBOM and BuildKit's provenance, as attestations beside the image.
"""

import base64
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import service
from ..errors import ShipshapeError
from ..programs import ProgramError, run

SBOM = "cyclonedx"
PROVENANCE = "slsaprovenance1"

_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
_NOTHING_FOUND = 10  # cosign's exit code


@dataclass(frozen=True)
class Signer:
    """Whose signature counts. `options` are those of cosign to verify it."""

    name: str
    options: tuple[str, ...]


def signer() -> Signer:
    """The pipeline that SIGNER_IDENTITY and SIGNER_ISSUER name, or COSIGN_PUBLIC_KEY's owner."""
    identity, issuer = _pipeline()
    if identity and issuer:
        options = ("--certificate-identity", identity, "--certificate-oidc-issuer", issuer)
        return Signer(identity, options)
    if key := os.environ.get("COSIGN_PUBLIC_KEY"):
        # Who has a key of their own keeps to themselves what they sign: no public log has it.
        return Signer(f"the key {key}", ("--key", key, "--insecure-ignore-tlog=true"))
    raise ShipshapeError(
        "nobody is named whose signature counts: set SIGNER_IDENTITY and SIGNER_ISSUER, "
        "or COSIGN_PUBLIC_KEY"
    )


def sign(reference: str, sbom: Path, provenance: list[dict[str, Any]]) -> None:
    """Attest the SBOM and the provenance of an image, and then sign it."""
    _require_cyclonedx(sbom)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = ("--yes", *_signing_options(folder))
        _cosign("attest", *options, "--type", SBOM, "--predicate", str(sbom), reference)
        for predicate in provenance:
            path = folder / "provenance.json"
            path.write_text(json.dumps(predicate), encoding="utf-8")
            _cosign("attest", *options, "--type", PROVENANCE, "--predicate", str(path), reference)
        _cosign("sign", *options, reference)


def verify(reference: str) -> None:
    """ShipshapeError where the signer has not signed an image and its provenance."""
    # cosign is content with any attestation here, and these may come before all checks have passed.
    if _SIGNATURE not in _signed(reference):
        raise ShipshapeError(f"{reference} is not signed: its checks have not passed on main")
    attestations(reference, PROVENANCE)


def attestations(reference: str, kind: str) -> list[str]:
    """What the signer attested of an image, each time a DSSE envelope in JSON."""
    who = signer()
    try:
        lines = _cosign("verify-attestation", *who.options, "--type", kind, reference).splitlines()
    except ProgramError as error:
        raise ShipshapeError(f"{reference} has no {kind} of {who.name}: {error}") from None
    return [line for line in lines if line.strip()]


def save(reference: str, folder: Path) -> list[Path]:
    """Write the verified SBOM and provenance of an image into a folder; where they are then."""
    sboms, provenance = attestations(reference, SBOM), attestations(reference, PROVENANCE)
    folder.mkdir(parents=True, exist_ok=True)
    name = service.name()
    sbom, statements = folder / f"{name}.cdx.json", folder / f"{name}.intoto.jsonl"
    sbom.write_text(f"{json.dumps(_predicate(sboms[-1]), indent=2)}\n", encoding="utf-8")
    statements.write_text("".join(f"{line}\n" for line in provenance), encoding="utf-8")
    return [sbom, statements]


def _signed(reference: str) -> set[str]:
    """The kinds of what the signer has signed about an image."""
    who = signer()
    try:
        found = _cosign("verify", *who.options, reference)
    except ProgramError as error:
        if error.status == _NOTHING_FOUND:
            return set()
        raise ShipshapeError(f"{reference} is not signed by {who.name}: {error}") from None
    return {each["critical"]["type"] for each in json.loads(found)}


def _predicate(envelope: str) -> Any:
    """What an attestation says."""
    return json.loads(base64.b64decode(json.loads(envelope)["payload"]))["predicate"]


def _pipeline() -> tuple[str | None, str | None]:
    names = "SIGNER_IDENTITY", "SIGNER_ISSUER"
    identity, issuer = (os.environ.get(name) or None for name in names)
    if bool(identity) != bool(issuer):
        raise ShipshapeError(f"{' and '.join(names)} belong together: set both, or none")
    return identity, issuer


def _signing_options(folder: Path) -> tuple[str, ...]:
    if all(_pipeline()):
        return ()
    key = os.environ.get("COSIGN_PRIVATE_KEY")
    if not key:
        raise ShipshapeError(
            "there is nothing to sign with: set SIGNER_IDENTITY and SIGNER_ISSUER in a pipeline "
            "with an identity, or COSIGN_PRIVATE_KEY"
        )
    services = folder / "no-services.json"
    _cosign("signing-config", "create", "--out", str(services))
    return "--key", key, "--signing-config", str(services)


def _require_cyclonedx(path: Path) -> None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        raise ShipshapeError(f"{path} is no SBOM of CycloneDX in JSON")


def _cosign(*arguments: str) -> str:
    return run("cosign", *arguments)
