"""What the checks look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..description import Description
from ..monitoring import objectives, rules, tables
from ..monitoring.objectives import Promise
from ..monitoring.rules import Group


@dataclass(frozen=True)
class Subject:
    """The service. ShipshapeError if a file that it is read from is invalid."""

    described: Description
    commands: frozenset[str]
    """The commands of this tool."""

    @cached_property
    def promise(self) -> Promise:
        return objectives.read(self.described.latency_buckets)

    @cached_property
    def groups(self) -> Sequence[Group]:
        return rules.groups(self.promise)

    @cached_property
    def alerts(self) -> Sequence[dict[str, Any]]:
        return list(tables.all_alerts(self.groups))
