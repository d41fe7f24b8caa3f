"""The settings that every service has, and how all settings are read."""

import re
import sys
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .setting_errors import explanations

Settings = TypeVar("Settings", bound=BaseSettings)

BAD_SETTINGS = 2
"""The exit code for settings that cannot be used."""

FLUSH_SECONDS = 3.0
"""How long the end of the process waits for a slow collector or reader of the log."""

CLOSE_SECONDS = 2
"""How long each may take to close at the end: two ports, and what the service has opened."""

_ROOT_PATH = re.compile(r"(/[^/?#\s]+)+")
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://([^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(:\d{1,5})?")


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
    forwarded_allow_ips: str | None = Field(
        default=None,
        description="proxies (addresses, networks) whose X-Forwarded-For is believed, with commas",
        examples=["10.0.0.0/8"],
    )
    root_path: str = Field(
        default="",
        description="path prefix that a proxy strips from requests before they come here",
        examples=["/orders"],
    )
    cors_allow_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="origins whose browsers may call the API, comma-separated; * allows all",
        examples=["https://app.example.com"],
    )
    keep_alive_timeout: float = Field(
        default=620.0,
        gt=0,
        description="seconds that an idle connection is kept: more than the load balancer's",
    )
    max_body_bytes: int = Field(
        default=1_048_576, ge=0, description="greatest body of a request; a greater one gets 413"
    )
    max_concurrency: int = Field(
        default=256, ge=1, description="requests handled at once; one more gets 503 without delay"
    )
    max_websockets: int = Field(
        default=1024,
        ge=1,
        description="WebSocket connections at the same time; one more is refused with 503",
    )
    request_timeout: float = Field(
        default=30.0,
        gt=0,
        description="seconds that a request may take; then its work is cancelled and it gets 504",
    )
    background_timeout: float = Field(
        default=30.0,
        gt=0,
        description="maximum seconds of work after the response, such as background tasks",
    )
    shutdown_delay: float = Field(
        default=5.0,
        ge=0,
        description="seconds of serving on while not ready, until no more requests are sent here",
    )
    shutdown_timeout: float = Field(
        default=15.0, ge=0, description="seconds that requests have to finish after that"
    )
    shutdown_grace_period: float = Field(
        default=30.0,
        gt=0,
        description="seconds that the platform waits before it kills: what the stop must fit into",
    )
    otel_service_name: str = Field(
        description="name of the service in logs, metrics and traces", examples=["orders"]
    )
    otel_traces_sampler_arg: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of the requests that are traced, where the caller has not decided it",
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None,
        pattern="^https?://[^@]+$",  # what names a user belongs into the headers
        description="address of the OpenTelemetry collector (HTTP) that gets the traces",
        examples=["http://localhost:4318"],
    )
    otel_exporter_otlp_headers: SecretStr = Field(
        default=SecretStr(""),
        description="headers for the collector, such as its token",
        examples=["authorization=Bearer%20…"],
    )
    otel_exporter_otlp_timeout: int = Field(
        default=10_000, gt=0, description="milliseconds that the collector may take to answer"
    )
    service_version: str = Field(default="dev", description="version, set by the image")
    service_commit: str = Field(default="unknown", description="git commit, set by the image")
    service_built_at: str = Field(default="unknown", description="time of build, set by the image")

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("root_path")
    @classmethod
    def _starts_with_a_slash(cls, value: str) -> str:
        if value and not _ROOT_PATH.fullmatch(value):
            raise ValueError("it must be a path that starts with / and does not end with /")
        return value

    @field_validator("cors_allow_origins", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, (origin.strip().lower() for origin in value.split(","))))

    @field_validator("cors_allow_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin (scheme://host[:port]) or *")
        return value

    @model_validator(mode="after")
    def _stop_fits_the_grace_period(self) -> Self:
        closing = 3 * CLOSE_SECONDS + FLUSH_SECONDS
        needed = self.shutdown_delay + self.shutdown_timeout + closing
        if needed > self.shutdown_grace_period:
            raise ValueError(
                f"SHUTDOWN_DELAY + SHUTDOWN_TIMEOUT + {closing:g} s to close and flush are "
                f"{needed:g} s, and SHUTDOWN_GRACE_PERIOD is {self.shutdown_grace_period:g} s: "
                "lower one of the two, or raise it here and in the platform"
            )
        return self


def read_settings(settings: type[Settings]) -> Settings:
    """The settings from the environment.

    Where they cannot be used, one line for each bad variable goes to stderr, and the process ends
    with exit code 2.
    """
    try:
        return settings()
    except Exception as error:  # a check of the service may raise anything
        for line in explanations(settings, error):
            print(line, file=sys.stderr)
        raise SystemExit(BAD_SETTINGS) from None
