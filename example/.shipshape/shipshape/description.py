"""The settings and metrics of the service, which only its own environment can import."""

from pathlib import Path

from pydantic import BaseModel

from . import programs, service
from .errors import ShipshapeError
from .programs import ProgramError

PYTHON = Path(".venv/bin/python")


class Setting(BaseModel):
    """A setting; default and example as values of an environment variable, or empty."""

    variables: tuple[str, ...]
    description: str
    required: bool
    default: str
    example: str

    @property
    def name(self) -> str:
        """The preferred variable."""
        return self.variables[0]


class Metric(BaseModel):
    """A metric that the service exports."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


class Description(BaseModel):
    """What `describe.py` finds in the code of the service."""

    settings: tuple[Setting, ...]
    latency_buckets: tuple[float, ...]
    metrics: tuple[Metric, ...]


def of_service() -> Description:
    """ShipshapeError if the service is not installed, or cannot be imported."""
    return Description.model_validate_json(run_in_service("describe.py"))


def run_in_service(script: str, *arguments: str) -> str:
    """The stdout of a script of this folder that imports the service."""
    if not PYTHON.exists():
        raise ShipshapeError("the service is not installed: run `make install`")
    package, path = service.answers().package, Path(__file__).with_name(script)
    try:
        # -P: the modules beside the script must not hide those of the service.
        return programs.run(str(PYTHON), "-P", str(path), package, *arguments)
    except ProgramError as error:
        reason = (error.said.strip().splitlines() or ["it does not say why"])[-1]
        raise ShipshapeError(f"{package} cannot be imported: {reason}") from None
