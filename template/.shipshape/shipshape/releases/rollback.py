"""The way back to an earlier release, by the path that every deployment takes."""

from .. import git
from ..errors import ShipshapeError
from ..progress import say
from . import data, registry
from .deployment import Deployment, Release


def roll_back(deployment: Deployment, version: str, reason: str) -> str:
    """Put an earlier release back; what runs then and why, in a sentence."""
    git.require_history()
    image, environment = deployment.image, deployment.environment
    releases = git.releases()
    digest = registry.find(f"{image}:{version}") if version in releases else None
    if digest is None:
        known = ", ".join(releases[:5]) or "there are none yet"
        raise ShipshapeError(f"{version} was not released; the newest releases: {known}")
    deployment.verify(digest)
    wanted, running = Release.of(image, digest, version), deployment.running()
    _require_older(wanted, running, environment)
    say(f"{environment} goes back to {version}: {reason}")
    return f"{deployment.roll_out(wanted, running)}; rolled back: {reason}"


def _require_older(wanted: Release, running: Release | None, environment: str) -> None:
    """ShipshapeError where what is wanted did not come before what runs, or cannot run any more."""
    if running is None:
        raise ShipshapeError(f"nothing runs in {environment} that could be rolled back")
    if running.digest == wanted.digest:
        raise ShipshapeError(f"{wanted.version} is what runs in {environment}")
    if not git.is_ancestor(wanted.commit, running.commit):
        raise ShipshapeError(
            f"{wanted.version} is not older than {running.version}, which runs in {environment}: "
            "deploy it instead"
        )
    if obstacle := data.obstacle(running.commit, wanted.commit):
        raise ShipshapeError(f"{environment} cannot go back to {wanted.version}: {obstacle}")
    # After an earlier rollback the data may be ahead of what runs.
    if obstacle := data.obstacle("HEAD", wanted.commit):
        say(f"careful, if {environment} was rolled back before: {obstacle}")
