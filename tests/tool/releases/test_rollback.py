"""The way back to an earlier release."""

import json
from dataclasses import dataclass, field

import pytest

from shipshape.errors import ShipshapeError
from shipshape.releases.deployment import Deployment
from shipshape.releases.rollback import roll_back

from ..conftest import IMAGE, Registry, Repository
from ..environments import GatesInMemory, PlatformInMemory

VERSIONS = "1.3.0", "1.4.0", "1.5.0"


@dataclass
class Production:
    """Three signed releases, of which the middle one runs."""

    digests: dict[str, str]
    commits: dict[str, str]
    platform: PlatformInMemory = field(default_factory=PlatformInMemory)
    gates: GatesInMemory = field(default_factory=GatesInMemory)

    def roll_back(self, version: str) -> str:
        deployment = Deployment(IMAGE, "production", self.platform, self.gates)
        return roll_back(deployment, version, "orders were lost")


@pytest.fixture
def production(repository: Repository, images: Registry) -> Production:
    commits = {version: repository.release(version) for version in VERSIONS}
    digests = {version: images.push(commits[version], tag=version) for version in VERSIONS}
    for digest in digests.values():
        images.hold_signed(digest)
    return Production(digests, commits, PlatformInMemory(digests["1.4.0"]))


def test_earlier_release_runs_again(
    production: Production, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = production.digests["1.3.0"]

    said = production.roll_back("1.3.0")

    assert said == f"production runs 1.3.0 ({digest}); rolled back: orders were lost"
    assert production.platform.asked == [("roll out", digest)]
    assert production.platform.versions == ["1.3.0"]
    assert "production goes back to 1.3.0: orders were lost" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.2.0", "1.2.0 was not released; the newest releases: 1.5.0, 1.4.0, 1.3.0"),
        ("1.4.0", "1.4.0 is what runs in production"),
        ("1.5.0", "1.5.0 is not older than 1.4.0, which runs in production: deploy it instead"),
    ],
)
def test_what_is_no_way_back_changes_nothing(
    production: Production, version: str, message: str
) -> None:
    with pytest.raises(ShipshapeError, match=message):
        production.roll_back(version)
    assert production.platform.asked == []


def test_unsigned_release_changes_nothing(production: Production, images: Registry) -> None:
    contents = images.contents
    del contents["signed"][production.digests["1.3.0"]]
    images.file.write_text(json.dumps(contents))

    with pytest.raises(ShipshapeError, match="is not signed"):
        production.roll_back("1.3.0")
    assert production.platform.asked == []


def test_nothing_that_runs_cannot_be_rolled_back(production: Production) -> None:
    production.platform.digest = None

    with pytest.raises(ShipshapeError, match="nothing runs in production"):
        production.roll_back("1.3.0")


def test_failed_way_back_is_undone(production: Production) -> None:
    production.gates = GatesInMemory(bad=frozenset({production.commits["1.3.0"]}))

    with pytest.raises(ShipshapeError, match="1.4.0 .* was put back"):
        production.roll_back("1.3.0")
    assert production.platform.digest == production.digests["1.4.0"]
