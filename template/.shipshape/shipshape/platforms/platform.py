"""What a platform can do, and what each of them refuses."""

from collections.abc import Iterable
from typing import Protocol

from ..errors import ShipshapeError
from ..releases.registry import DIGEST

NO_DIGEST = f"sha256:{64 * '0'}"
"""What stands in deploy/ for the image's digest: no registry has it."""

MIGRATION_SECONDS = 600
"""How long migrations may take. A Job's own deadline is later, for when nobody waits any more."""


class Platform(Protocol):
    """What runs the service. It is asked each time; what fails is a ShipshapeError."""

    def current(self, environment: str) -> str | None:
        """The digest that runs there; None where nothing does."""

    def render(self, environment: str, digest: str, version: str | None) -> str:
        """What a deployment would apply."""

    def diff(self, environment: str, digest: str, version: str | None) -> str:
        """What a deployment would change; empty where nothing."""

    def migrate(self, environment: str, digest: str, version: str | None) -> None:
        """Run the migrations of an image to their end, where there are any, and print their log."""

    def roll_out(self, environment: str, digest: str, version: str | None) -> None:
        """Run this image there, and return once it is available."""


def require_environment(environment: str, known: Iterable[str]) -> None:
    """ShipshapeError for an environment that deploy/ does not have."""
    names = sorted(known)
    if environment not in names:
        raise ShipshapeError(f"there is no environment {environment!r}: name {' or '.join(names)}")


def require_digest(digest: str) -> None:
    """ShipshapeError for anything but a digest."""
    if not DIGEST.fullmatch(digest):
        raise ShipshapeError(f"{digest!r} is no digest, which is sha256: and 64 hexadecimal digits")


def running_digest(environment: str, image: str) -> str:
    """The digest of the image that runs; ShipshapeError if it is named by a tag."""
    digest = image.partition("@")[2]
    if not DIGEST.fullmatch(digest):
        raise ShipshapeError(
            f"{environment} runs {image}, which no digest says for sure: "
            "deploy an image by its digest first"
        )
    return digest
