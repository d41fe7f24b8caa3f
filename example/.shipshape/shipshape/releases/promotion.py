"""A release: the image of a commit that passed on main gets a version. Nothing is built again."""

from ..errors import ShipshapeError
from . import registry, signature


def promote(image: str, commit: str, version: str) -> str:
    """Name the image of a commit by a version; its digest, which stays the same."""
    digest = registry.digest_of(f"{image}:sha-{commit}")
    reference = f"{image}@{digest}"
    signature.verify(reference)
    # A tag can be moved to another signed image; the label is part of what was signed.
    if (built := registry.revision(reference)) != commit:
        raise ShipshapeError(f"{image}:sha-{commit} was built from another commit, {built}")
    released = registry.find(f"{image}:{version}")
    if released not in (None, digest):
        raise ShipshapeError(f"{version} is released already, as {released}: take another version")
    if released is None:
        registry.add_tag(image, digest, version)
    return digest
