"""The settings that every service has, and how all settings are read."""

import sys
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

Settings = TypeVar("Settings", bound=BaseSettings)

BAD_SETTINGS = 2
"""The exit code for settings that cannot be used."""


class ChassisSettings(BaseSettings):
    """What a service needs to run, whatever it does."""

    # An empty variable is one that is not set: compose files and manifests pass them so.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field(default="0.0.0.0", description="address that both ports listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="port of the API")
    management_port: int = Field(
        default=9000, ge=1, le=65535, description="port of metrics and information, not for users"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged: debug, info, warning or error"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="json, console, or auto: console where it is a terminal"
    )
    shutdown_delay: float = Field(
        default=5.0,
        ge=0,
        description="seconds of serving on while not ready, until no more requests are sent here",
    )
    shutdown_timeout: int = Field(
        default=15, ge=0, description="seconds that requests have to finish after that"
    )
    service_version: str = Field(default="dev", description="version, set by the image")
    service_commit: str = Field(default="unknown", description="git commit, set by the image")
    otel_service_name: str = Field(description="name of the service in logs and metrics")


def read_settings(settings: type[Settings]) -> Settings:
    """The settings from the environment; where they cannot be used, say why and exit."""
    try:
        return settings()
    except ValidationError as error:
        for details in error.errors(include_url=False):
            print(_explanation(settings.model_fields, details), file=sys.stderr)
        raise SystemExit(BAD_SETTINGS) from None


def _explanation(fields: dict[str, FieldInfo], details: ErrorDetails) -> str:
    """One line: the variable, what is wrong with it, what would be right."""
    fault = details["msg"].removeprefix("Value error, ")
    if not details["loc"]:  # a check over several settings, which names them itself
        return f"settings: {fault}"
    name = str(details["loc"][0])
    field = fields[name]
    right = f"{field.description}, for example {_example(field)}"
    if details["type"] == "missing":
        return f"{name.upper()} is not set. It must be: {right}"
    # A secret is not repeated: what is written here ends up in logs.
    value = "" if field.annotation is SecretStr else f"={details['input']!r}"
    return f"{name.upper()}{value} cannot be used: {fault}. It must be: {right}"


def _example(field: FieldInfo) -> object:
    return field.examples[0] if field.examples else field.default
