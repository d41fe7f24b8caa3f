"""The service that is checked: one from the template, or any other repository."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from .. import description, service
from ..description import Description
from ..errors import ShipshapeError
from ..service import ANSWERS, Answers
from .decisions import ConfigurationError
from .reading import drivers, runs
from .reading.pipelines import Event, Job
from .reading.runs import Run

Platform = Literal["kubernetes", "nomad"]
Forge = Literal["github", "gitlab"]


@dataclass(frozen=True)
class Subject:
    """All paths start in the folder of the service, which is the current one."""

    answers: Answers | None
    """None for a service that was not made from the template."""

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        """Empty without the file; ConfigurationError if it is invalid."""
        try:
            return tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigurationError(f"pyproject.toml cannot be read: {error}") from None

    @cached_property
    def described(self) -> Description:
        """Its settings and metrics; ShipshapeError if it is not installed or not the template's."""
        if not self.answers:
            raise ShipshapeError("only a service from the template tells its settings and metrics")
        return description.of_service()

    @cached_property
    def jobs(self) -> Sequence[Job]:
        """The jobs of its pipelines; it ends the check without any."""
        return runs.jobs()

    @cached_property
    def runs(self) -> Mapping[Event, Sequence[Run]]:
        """What the pipelines run on each event."""
        return {event: runs.on(event, self.jobs) for event in Event}

    @property
    def name(self) -> str:
        """The name in pyproject.toml, else that of the folder."""
        return str(self.pyproject.get("project", {}).get("name") or Path.cwd().name)

    @property
    def platform(self) -> Platform | None:
        """What runs it, by its answers or its files."""
        if Path("deploy/service.nomad.hcl").exists():
            return "nomad"
        return "kubernetes" if Path("deploy/base").is_dir() else None

    @property
    def forge(self) -> Forge | None:
        """Whose pipelines it has."""
        if Path(".github/workflows").is_dir():
            return "github"
        return "gitlab" if Path(".gitlab-ci.yml").exists() else None

    @property
    def has_database(self) -> bool:
        """By its answers, or by the packages that it names."""
        if self.answers:
            return self.answers.database != "none"
        return any(drivers.drivers())


def of_service() -> Subject:
    """The service in the current folder; ShipshapeError if its answers cannot be read."""
    return Subject(service.answers() if ANSWERS.exists() else None)
