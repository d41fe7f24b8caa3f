"""Every setting of the service, typed, read from the environment when it starts."""

from pydantic import Field

from .chassis import ChassisSettings
from .storage import StorageSettings


class Settings(StorageSettings, ChassisSettings):
    """The settings: those of the chassis, those of the storage, and the service's own.

    A field is read from the environment variable of its name in capitals. Its description,
    default and first example become its line in `.env.example` and in the README.
    """

    otel_service_name: str = Field(
        default="orders",
        min_length=1,
        description="name of the service in logs and metrics",
    )
    # -- yours below --
