"""Deployments: in order, signed, checked, and undone where they fail."""

from dataclasses import dataclass

import pytest

from shipshape.errors import ShipshapeError
from shipshape.releases.deployment import Deployment

from ..conftest import IMAGE, Registry, Repository
from ..environments import GatesInMemory, PlatformInMemory


@dataclass
class Staging:
    """Two releases in an environment that runs the earlier one."""

    platform: PlatformInMemory
    commits: tuple[str, str]
    digests: tuple[str, str]

    def deploy(self, version: str | None = None, **gates: object) -> str:
        """Deploy the later one."""
        checks = GatesInMemory(**gates)  # type: ignore[arg-type]
        deployment = Deployment(IMAGE, "staging", self.platform, checks)
        return deployment.deploy(self.digests[1], version)

    @property
    def rolled_out(self) -> list[str]:
        return [digest for what, digest in self.platform.asked if what == "roll out"]


@pytest.fixture
def staging(repository: Repository, images: Registry) -> Staging:
    commits = repository.release("1.3.0"), repository.release("1.4.0")
    earlier, later = (images.push(commit) for commit in commits)
    images.hold_signed(later)
    return Staging(PlatformInMemory(earlier), commits, (earlier, later))


def test_good_release_runs(staging: Staging) -> None:
    _, later = staging.digests

    assert staging.deploy() == f"staging runs 1.4.0 ({later})"
    assert staging.platform.digest == later
    assert staging.rolled_out == [later]
    assert staging.platform.versions == ["1.4.0"]


def test_commit_between_releases_has_a_name(
    staging: Staging, repository: Repository, images: Registry
) -> None:
    commit = repository.commit("fix: a")
    digest = images.push(commit)
    images.hold_signed(digest)

    staging.digests = "", digest
    assert staging.deploy() == f"staging runs sha-{commit[:7]} ({digest})"


def test_first_deployment_needs_no_earlier_one(staging: Staging) -> None:
    staging.platform.digest = None

    assert "runs 1.4.0" in staging.deploy()


def test_unsigned_image_changes_nothing(staging: Staging, images: Registry) -> None:
    staging.digests = staging.digests[1], staging.digests[0]

    with pytest.raises(ShipshapeError, match="is not signed"):
        staging.deploy()
    assert staging.platform.asked == []


def test_gates_that_cannot_be_reached_change_nothing(staging: Staging) -> None:
    with pytest.raises(ShipshapeError, match="Prometheus cannot be reached"):
        staging.deploy(unreachable=True)
    assert staging.platform.asked == []


def test_stuck_roll_out_is_put_back(staging: Staging) -> None:
    earlier, later = staging.digests
    staging.platform.broken = {later}

    with pytest.raises(ShipshapeError) as failure:
        staging.deploy()

    assert str(failure.value) == (
        f"1.4.0 ({later}) failed in staging: the roll-out is stuck; "
        f"1.3.0 ({earlier}) was put back, and answers"
    )
    assert staging.rolled_out == [later, earlier]
    assert staging.platform.versions == ["1.4.0", "1.3.0"]


def test_release_with_errors_is_put_back(staging: Staging) -> None:
    earlier, later = staging.digests

    with pytest.raises(ShipshapeError, match="3 of 200 requests failed; 1.3.0 .* was put back"):
        staging.deploy(bad=frozenset({staging.commits[1]}))
    assert staging.rolled_out == [later, earlier]


def test_failure_of_the_way_back_is_loud(staging: Staging) -> None:
    staging.platform.broken = set(staging.digests)

    with pytest.raises(ShipshapeError, match="1.3.0 .* could not be put back, so look at once"):
        staging.deploy()


def test_first_deployment_that_fails_stays(staging: Staging) -> None:
    later = staging.digests[1]
    staging.platform = PlatformInMemory(None, broken={later})

    with pytest.raises(ShipshapeError, match="there is nothing to put back"):
        staging.deploy()
    assert staging.rolled_out == [later]


def test_running_image_that_is_gone_does_not_stop_the_next(
    staging: Staging, capsys: pytest.CaptureFixture[str]
) -> None:
    staging.platform.digest = f"sha256:{'0' * 64}"

    assert "runs 1.4.0" in staging.deploy()
    assert "the registry has no more: no way back" in capsys.readouterr().err


def test_same_image_that_fails_is_not_put_back(staging: Staging) -> None:
    later = staging.digests[1]
    staging.platform = PlatformInMemory(later, broken={later})

    with pytest.raises(ShipshapeError, match="look at the settings of the environment"):
        staging.deploy()
    assert staging.rolled_out == [later]
