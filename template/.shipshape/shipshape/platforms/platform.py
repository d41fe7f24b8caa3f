"""What a platform can do."""

from typing import Protocol

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
