"""How to start and call the service: `[tool.shipshape]` in pyproject.toml.

A service from the template needs no such table; one that it has overrides the defaults below.
"""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ...service import Answers
from ..check import not_applicable, unknown
from ..decisions import ConfigurationError
from ..subject import Subject

PLACE = "[tool.shipshape] in pyproject.toml"
_ENV_EXAMPLE = Path(".env.example")
_ASSIGNMENT = re.compile(r"""^([A-Z][A-Z0-9_]*)=(['"]?)(.*)\2$""", re.MULTILINE)


class Configuration(BaseModel):
    """Commands run in a shell, in the folder of the service. Paths are those of requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    install: str | None = None
    run: str | None = None
    """Runs the service on a developer's machine."""
    test: str | None = None
    start: str | None = None
    """Starts the service as in production, in the foreground."""
    migrate: str | None = None
    migrate_down: str | None = None
    """Reverts all migrations."""

    port: str = "PORT"
    """The environment variable of the port."""
    management_port: str | None = None
    """That of the port of `metrics`, unless it is the same."""
    database: str | None = None
    """That of the address of a PostgreSQL database."""
    max_concurrency: str | None = None
    """That of the maximum concurrent requests."""
    request_timeout: str | None = None
    """That of the maximum seconds of a request."""
    statement_timeout: str | None = None
    """That of the maximum seconds of a database statement."""
    log_level: str | None = None
    """That of the minimum log level, which may be `debug` and `error`."""
    version: str | None = None
    """That of the version, which the image sets."""
    commit: str | None = None
    """That of the commit, which the image sets."""

    liveness: str | None = None
    readiness: str | None = None
    metrics: str | None = None
    info: str | None = None
    """Version and commit as JSON, on the port of `metrics`."""
    served_schema: str = "/openapi.json"
    """The OpenAPI document as it is served."""
    schema_file: str = "schema/openapi.yaml"
    """The OpenAPI document in the repository."""

    settings: dict[str, str] = {}
    """Environment variables of each start."""
    headers: dict[str, str] = {}
    """Headers of each request to an operation, such as Authorization."""
    grace_seconds: float = 30
    """How long the platform waits after SIGTERM."""
    python: str = ".venv/bin/python"
    """An interpreter that has the packages of the service."""

    def require(self, *names: str) -> None:
        """End the check as unknown if one of these optional fields has no value."""
        if missing := [f"`{name}`" for name in names if not getattr(self, name)]:
            unknown(f"add {' and '.join(missing)} to {PLACE}")

    def need_database(self, subject: Subject) -> str:
        """The variable with the address of the database; it ends the check without one."""
        if self.database is None and not subject.has_database:
            not_applicable("the service has no database")
        return self.need("database")

    def need(self, name: str) -> str:
        """The value of an optional field, which is required for the check."""
        self.require(name)
        return str(getattr(self, name))


def read(subject: Subject) -> Configuration:
    """ConfigurationError if the table is invalid."""
    table = subject.pyproject.get("tool", {}).get("shipshape", {})
    defaults = _of_template(subject.answers) if subject.answers else {}
    if not isinstance(table, dict):
        raise ConfigurationError("pyproject.toml: tool.shipshape must be a table")
    try:
        settings = {**defaults.get("settings", {}), **table.get("settings", {})}
        return Configuration.model_validate({**defaults, **table, "settings": settings})
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise ConfigurationError(f"{PLACE}: {place}: {fault['msg']}") from None


def _of_template(answers: Answers) -> dict[str, Any]:
    """The commands and addresses of a service that was made from the template."""
    has_database = answers.database == "postgresql"
    storage = {
        "migrate": ".venv/bin/alembic upgrade head",
        "migrate_down": ".venv/bin/alembic downgrade base",
        "database": "DATABASE_URL",
        "statement_timeout": "DATABASE_STATEMENT_TIMEOUT",
    }
    return {
        "install": "make install",
        "run": "make run",
        "test": "make test",
        "start": f".venv/bin/python -m {answers.package}",
        "management_port": "MANAGEMENT_PORT",
        "liveness": "/livez",
        "readiness": "/readyz",
        "metrics": "/metrics",
        "info": "/info",
        "settings": {"HOST": "127.0.0.1", **_development_settings()},
        "max_concurrency": "MAX_CONCURRENCY",
        "request_timeout": "REQUEST_TIMEOUT",
        "log_level": "LOG_LEVEL",
        "version": "SERVICE_VERSION",
        "commit": "SERVICE_COMMIT",
        **(storage if has_database else {}),
    }


def _development_settings() -> dict[str, str]:
    """The required settings with the values that `make run` and the tests use too."""
    if not _ENV_EXAMPLE.exists():
        return {}
    return {name: value for name, _, value in _ASSIGNMENT.findall(_ENV_EXAMPLE.read_text("utf-8"))}
