"""A platform and gates in memory, which write down what they are asked to do."""

from dataclasses import dataclass, field

from shipshape.errors import ShipshapeError
from shipshape.releases.gates import Gates, SmokeTest


@dataclass
class PlatformInMemory:
    """Runs one digest. `broken` are the digests whose roll-out fails."""

    digest: str | None = None
    broken: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    versions: list[str | None] = field(default_factory=list)

    def current(self, environment: str) -> str | None:
        return self.digest

    def render(self, environment: str, digest: str, version: str | None) -> str:
        return digest

    def diff(self, environment: str, digest: str, version: str | None) -> str:
        return digest

    def migrate(self, environment: str, digest: str, version: str | None) -> None:
        self.asked.append(("migrate", digest))

    def roll_out(self, environment: str, digest: str, version: str | None) -> None:
        self.asked.append(("roll out", digest))
        self.versions.append(version)
        self.digest = digest
        if digest in self.broken:
            raise ShipshapeError("the roll-out is stuck")


@dataclass(frozen=True)
class SmokeTestInMemory(SmokeTest):
    """Passes."""

    url: str = "https://orders.example.com"

    def check(self) -> None:
        pass


@dataclass(frozen=True)
class GatesInMemory(Gates):
    """Passes, but for the commits in `bad`."""

    smoke_test: SmokeTest = field(default_factory=SmokeTestInMemory)
    error_ratio: None = None
    bad: frozenset[str] = frozenset()
    unreachable: bool = False

    def reach(self) -> None:
        if self.unreachable:
            raise ShipshapeError("Prometheus cannot be reached")

    def check(self, commit: str) -> None:
        if commit in self.bad:
            raise ShipshapeError("3 of 200 requests failed")
