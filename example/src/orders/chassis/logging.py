"""Structured logs: one JSON object a line on stdout, or coloured lines on a terminal.

Code of the service logs with `structlog.get_logger()`; what libraries log through the standard
library comes out the same way.
"""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from .context import request_id
from .settings import ChassisSettings


def configure_logging(settings: ChassisSettings) -> None:
    """Set up every log line of this process."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Processor]
    if settings.log_format == "console" or (settings.log_format == "auto" and sys.stdout.isatty()):
        rendering = [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]
    else:
        service = _ServiceFields(settings)
        rendering = [structlog.processors.format_exc_info, service, _render_json]

    structlog.configure(
        processors=[*common, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *common,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    # Its steps of starting and stopping are told by the chassis.
    logging.getLogger("uvicorn").setLevel(max(level, logging.WARNING))


class _ServiceFields:
    """Says on every line which service, version and commit wrote it."""

    def __init__(self, settings: ChassisSettings) -> None:
        self._fields = {
            "service": settings.otel_service_name,
            "version": settings.service_version,
            "commit": settings.service_commit,
        }

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.update(self._fields)
        return event


def _add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if (identifier := request_id.get()) is not None:
        event["request_id"] = identifier
    return event


def _render_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=_serialisable, option=orjson.OPT_NON_STR_KEYS).decode()


def _serialisable(value: Any) -> str:
    return repr(value)
