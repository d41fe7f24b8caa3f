"""A deployment: one path for a new release and for the way back, which ends well or undone."""

from dataclasses import dataclass

from .. import git
from ..errors import ShipshapeError
from ..platforms.platform import Platform
from ..progress import say, step
from . import data, registry, signature
from .gates import Gates


@dataclass(frozen=True)
class Release:
    """An image with what its labels and the tags say of it."""

    digest: str
    commit: str
    version: str

    @classmethod
    def of(cls, image: str, digest: str, version: str | None = None) -> "Release":
        commit = registry.revision(f"{image}@{digest}")
        return cls(digest, commit, version or git.name_of(commit))

    def __str__(self) -> str:
        return f"{self.version} ({self.digest})"


@dataclass(frozen=True)
class Deployment:
    """Brings images of the service into an environment."""

    image: str
    environment: str
    platform: Platform
    gates: Gates

    def deploy(self, digest: str, version: str | None) -> str:
        """Deploy a signed image; what runs then, in a sentence."""
        self.verify(digest)
        wanted = Release.of(self.image, digest, version)
        earlier = self.running()
        # While it rolls out, the earlier code runs beside it; should it fail, on its own again.
        if earlier and (obstacle := data.obstacle(wanted.commit, earlier.commit)):
            raise ShipshapeError(
                f"{wanted.version} cannot follow {earlier.version}, "
                f"which runs in {self.environment}: {obstacle}"
            )
        data.prepare(self.platform, self.environment, digest, wanted.version)
        return self.roll_out(wanted, earlier)

    def verify(self, digest: str) -> None:
        """ShipshapeError where the image is not signed, or where it could not be watched later."""
        git.require_history()
        self.gates.reach()
        with step(f"verify {digest}"):
            signature.verify(f"{self.image}@{digest}")

    def running(self) -> Release | None:
        """What runs there now; None where nothing does, or where its image is gone."""
        digest = self.platform.current(self.environment)
        if digest is None:
            return None
        if registry.find(f"{self.image}@{digest}") is None:
            say(f"{self.environment} runs {digest}, which the registry has no more: no way back")
            return None
        return Release.of(self.image, digest)

    def roll_out(self, wanted: Release, earlier: Release | None) -> str:
        """Roll an image out, and check it. Where that fails, `earlier` is put back."""
        try:
            self._roll_out(wanted)
        except (ShipshapeError, KeyboardInterrupt) as error:
            fault = str(error) or "it was interrupted"
            raise ShipshapeError(
                f"{wanted} failed in {self.environment}: {fault}; {self._put_back(wanted, earlier)}"
            ) from None
        return f"{self.environment} runs {wanted}"

    def _roll_out(self, release: Release) -> None:
        with step(f"roll {release.version} out to {self.environment}"):
            self.platform.roll_out(self.environment, release.digest, release.version)
        self.gates.check(release.commit)

    def _put_back(self, failed: Release, earlier: Release | None) -> str:
        """Run again what ran before; how that went."""
        if earlier is None:
            return "there is nothing to put back, so it was left as it is"
        if earlier.digest == failed.digest:
            return "the same image ran there before, so look at the settings of the environment"
        say(f"putting {earlier.version} back")
        try:
            with step(f"roll {earlier.version} out to {self.environment}"):
                self.platform.roll_out(self.environment, earlier.digest, earlier.version)
            self.gates.smoke_test.check()
        except ShipshapeError as error:
            return f"and {earlier} could not be put back, so look at once: {error}"
        return f"{earlier} was put back, and answers"
