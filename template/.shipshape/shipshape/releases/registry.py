"""The images of the service in their registry, by `docker buildx imagetools`."""

import json
import re
from typing import Any

from ..errors import ShipshapeError
from ..programs import ProgramError, run

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REVISION = "org.opencontainers.image.revision"

_INDEXES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
# As buildx says it. A number alone does not do: ports, digests and versions have the same ones.
_REFUSAL = re.compile(
    r"401 unauthorized|403 forbidden|access denied|denied: |unauthorized: |authorization failed"
    r"|insufficient_scope",
    re.IGNORECASE,
)


def find(reference: str) -> str | None:
    """The digest behind a name such as IMAGE:1.4.0; None where the registry has no such name."""
    try:
        return str(_inspect(reference, "Manifest")["digest"])
    except ProgramError as error:
        if error.said.strip().endswith(": not found"):
            return None
        raise


def digest_of(reference: str) -> str:
    """The digest behind a name that must be there."""
    digest = find(reference)
    if digest is None:
        raise ShipshapeError(f"the registry has no {reference}")
    return digest


def revision(reference: str) -> str:
    """The commit that an image was built from, as its label says; 40 hexadecimal digits."""
    commits = {
        (each.get("config") or {}).get("Labels", {}).get(REVISION)
        for each in _by_platform(_inspect(reference, "Image"), "config")
    }
    if len(commits) != 1 or not re.fullmatch("[0-9a-f]{40}", commit := str(commits.pop())):
        raise ShipshapeError(f"the label {REVISION} of {reference} names no commit")
    return commit


def provenance(reference: str) -> list[dict[str, Any]]:
    """How BuildKit says it built an image: a predicate of SLSA 1 for each of its platforms."""
    found = [each["SLSA"] for each in _by_platform(_inspect(reference, "Provenance"), "SLSA")]
    if not found or not all("buildDefinition" in predicate for predicate in found):
        raise ShipshapeError(
            f"{reference} has no provenance of SLSA 1: build it with "
            "--provenance=mode=max,version=v1"
        )
    return found


def add_tag(image: str, digest: str, tag: str) -> None:
    """Give an image another tag, behind which is the very same digest."""
    source, target = f"{image}@{digest}", f"{image}:{tag}"
    # A single manifest would be wrapped into a new index, and nothing signed is known of that one.
    if _inspect(source, "Manifest")["mediaType"] not in _INDEXES:
        raise ShipshapeError(
            f"{source} is a single manifest, whose digest a new tag would change: "
            "build it with --provenance=mode=max,version=v1"
        )
    _imagetools(target, "create", "--tag", target, source)
    if (tagged := digest_of(target)) != digest:
        raise ShipshapeError(f"{target} became {tagged}, not {digest}: delete this tag")


def _by_platform(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """buildx answers with one thing, or with several by their platforms."""
    return [answer] if key in answer else list(answer.values())


def _inspect(reference: str, what: str) -> dict[str, Any]:
    answer = _imagetools(reference, "inspect", "--format", f"{{{{json .{what}}}}}", reference)
    found = json.loads(answer)
    return found if isinstance(found, dict) else {}


def _imagetools(reference: str, *arguments: str) -> str:
    try:
        return run("docker", "buildx", "imagetools", *arguments)
    except ProgramError as error:
        if re.search("unknown command: docker buildx|'buildx' is not a docker command", error.said):
            raise ShipshapeError("docker has no buildx: install this plugin of it") from None
        if _REFUSAL.search(error.said):
            raise ShipshapeError(
                f"the registry refuses {reference}: log in with docker login, to an account with "
                "the right to it"
            ) from None
        raise
