"""Structured logs: one JSON object a line on stdout, or coloured lines on a terminal.

Code of the service logs with `structlog.get_logger(__name__)`; what libraries log through the
standard library, warnings and exceptions that nobody caught come out the same way.
"""

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, ClassVar, cast

import orjson
import structlog
from opentelemetry import trace
from structlog.types import WrappedLogger

from .context import request_id
from .output import LineWriter
from .settings import FLUSH_SECONDS, ChassisSettings

LEVELS = ("debug", "info", "warning", "error")

# These log headers or addresses of requests at their lower levels, secrets among them.
_TALKATIVE = ("httpcore2", "httpx2", "sqlalchemy", "urllib3", "uvicorn")
_SECRET_FIELDS = frozenset(
    {"api_key", "authorization", "cookie", "password", "secret", "set_cookie", "token"}
)
_OWN_FIELDS = frozenset(
    {
        "commit",
        "event",
        "level",
        "logger",
        "request_id",
        "service",
        "span_id",
        "timestamp",
        "trace_id",
        "version",
    }
)
_UNSAFE_FIELDS = _SECRET_FIELDS | _OWN_FIELDS
_PASSWORD_IN_ADDRESS = re.compile(r"(://[^/\s:@'\"]*:)[^/\s@'\"]+@")
_HIDDEN = "***"
_JSON_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
_LONGEST_TRACEBACK = 16_384
_LIBRARIES = "site-packages"
_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

_log = structlog.get_logger(__name__)


class _BoundLogger(structlog.make_filtering_bound_logger(logging.INFO)):  # type: ignore[misc]
    """The logger that structlog hands out; `Log.level` replaces its methods."""


class Log:
    """Renders events and hands them to the thread that writes them."""

    def __init__(self, settings: ChassisSettings) -> None:
        self.service = {
            "service": settings.otel_service_name,
            "version": settings.service_version,
            "commit": settings.service_commit,
        }
        terminal = sys.stdout.isatty()
        colors = terminal and not os.environ.get("NO_COLOR")  # https://no-color.org
        console = settings.log_format == "console" or (settings.log_format == "auto" and terminal)
        self._console = structlog.dev.ConsoleRenderer(colors=colors) if console else None
        self._writer = LineWriter(sys.stdout.fileno(), self._notice)
        self.level = settings.log_level

    @property
    def level(self) -> str:
        """The least level that is written, one of LEVELS; it may be set at any time."""
        return self._level

    @level.setter
    def level(self, level: str) -> None:
        self._level = level
        self.info_enabled = level in ("debug", "info")
        number = logging.getLevelNamesMapping()[level.upper()]
        # On the class, for loggers keep the class that they were made with, and a line below the
        # level shall cost no more than a call.
        filtering = structlog.make_filtering_bound_logger(number)
        for name, method in vars(filtering).items():
            if not name.startswith("_"):
                setattr(_BoundLogger, name, method)
        logging.getLogger().setLevel(number)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(max(number, logging.WARNING))

    @property
    def dropped(self) -> int:
        """How many lines were lost because nobody took them."""
        return self._writer.dropped

    def emit(self, level: str, logger: str, event: str, fields: dict[str, Any]) -> None:
        """Write one line, with the ids of the request that the caller works for."""
        if not _UNSAFE_FIELDS.isdisjoint(fields):
            fields = dict(map(_safe, fields.items()))
        self.write(
            {
                "timestamp": datetime.now(UTC),
                "level": level,
                "event": event,
                "logger": logger,
                **_identifiers(),
                **self.service,
                **fields,
            },
            at_once=level not in ("debug", "info"),
        )

    def write(self, line: dict[str, Any], *, at_once: bool = False) -> None:
        """Write a whole line, which begins with what every line has."""
        rendered = self._rendered(line)
        if b"@" in rendered and b"://" in rendered:  # in this order: most lines have no @
            rendered = hide_passwords(rendered.decode()).encode()
        self._writer.put(rendered, at_once=at_once)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close(FLUSH_SECONDS / 2)

    def _rendered(self, line: dict[str, Any]) -> bytes:
        if self._console is None:
            try:
                return orjson.dumps(line, default=repr, option=_JSON_OPTIONS)
            except TypeError:  # for one of its values, and the line shall not be lost for that
                line = {str(name): _sayable(value) for name, value in line.items()}
                return orjson.dumps(line, default=repr, option=_JSON_OPTIONS)
        for name in self.service:
            del line[name]
        line["timestamp"] = f"{line['timestamp']:%H:%M:%S.%f}"
        return f"{self._console(None, '', line)}\n".encode()

    def _notice(self, count: int) -> bytes:
        line = {"timestamp": datetime.now(UTC), "level": "warning", "logger": __name__}
        return self._rendered(
            line | self.service | {"event": "lines of the log were dropped", "count": count}
        )


class _Logger:
    """What structlog's loggers hand their events to, under one name."""

    log: ClassVar[Log]

    def __init__(self, name: str = "") -> None:
        self._name = name

    def _emit(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if error := _exception(fields.pop("exc_info", None)):
            fields["exception"] = _traceback(error)
        if bound := structlog.contextvars.get_contextvars():
            fields = bound | fields
        self.log.emit(level, self._name, event, fields)

    def debug(self, event: str = "", **fields: Any) -> None:
        self._emit("debug", event, fields)

    def info(self, event: str = "", **fields: Any) -> None:
        self._emit("info", event, fields)

    def warning(self, event: str = "", **fields: Any) -> None:
        self._emit("warning", event, fields)

    def error(self, event: str = "", **fields: Any) -> None:
        self._emit("error", event, fields)

    def critical(self, event: str = "", **fields: Any) -> None:
        self._emit("critical", event, fields)


class _StandardLibrary(logging.Handler):
    """Brings the records of the standard library's loggers into a Log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields = {
            name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES
        }
        if error := _exception(record.exc_info):
            fields["exception"] = _traceback(error)
        try:
            message = record.getMessage()
        except Exception:  # it does not fit its arguments, which must not stop the caller
            message = f"{record.msg} {_sayable(record.args)}"
        self._log.emit(record.levelname.lower(), record.name, message, fields)


@contextmanager
def logging_to_stdout(settings: ChassisSettings) -> Iterator[Log]:
    """Have every line that this process writes about itself go through one Log, until the end."""
    log = _Logger.log = Log(settings)
    handlers, level = logging.root.handlers[:], logging.root.level
    structlog.configure(
        processors=[_as_arguments],
        wrapper_class=_BoundLogger,
        logger_factory=_Logger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_StandardLibrary(log)], force=True)
    logging.captureWarnings(True)
    logging.getLogger("uvicorn.error").addFilter(_is_not_told_already)
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _uncaught_in_interpreter
    try:
        yield log
    finally:
        log.close()
        structlog.reset_defaults()
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        logging.captureWarnings(False)
        logging.getLogger("uvicorn.error").removeFilter(_is_not_told_already)
        threading.excepthook = threading.__excepthook__
        sys.unraisablehook = sys.__unraisablehook__


def _as_arguments(
    logger: WrappedLogger, method: str, event: MutableMapping[str, Any]
) -> tuple[tuple[()], MutableMapping[str, Any]]:
    """structlog's only processor: the logger's method gets the event as it is."""
    return (), event


def _is_not_told_already(record: logging.LogRecord) -> bool:
    """Whether a record of uvicorn says more than that an answer broke off, as the chassis told."""
    return "without completing response" not in str(record.msg)


def _safe(field: tuple[str, Any]) -> tuple[str, Any]:
    """A field that neither tells a secret nor takes the place of one that every line has."""
    name, value = field
    if name in _OWN_FIELDS:
        return f"{name}_", value
    return name, _HIDDEN if name in _SECRET_FIELDS else value


def _sayable(value: Any) -> Any:
    """The value where JSON can say it, else what Python calls it."""
    try:
        orjson.dumps(value, default=repr, option=_JSON_OPTIONS)
    except TypeError:
        try:
            return ascii(value)
        except Exception:
            return f"<{type(value).__name__}>"
    return value


def hide_passwords(text: str) -> str:
    """The text with no password in the addresses that it names."""
    return _PASSWORD_IN_ADDRESS.sub(rf"\1{_HIDDEN}@", text)


def exception_attributes(error: BaseException) -> dict[str, str]:
    """What a span may tell of an exception: what the log tells, and not what the SDK would."""
    return {
        "exception.message": hide_passwords(str(error)),
        "exception.stacktrace": hide_passwords(_traceback(error)),
    }


def _identifiers() -> dict[str, Any]:
    """The ids of the request and of the span that this code runs in."""
    found: dict[str, Any] = {}
    if (identifier := request_id.get()) is not None:
        found["request_id"] = identifier
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        found["trace_id"] = trace.format_trace_id(span.trace_id)
        found["span_id"] = trace.format_span_id(span.span_id)
    return found


def _exception(exc_info: Any) -> BaseException | None:
    """The exception that a caller of a logger means, in whichever form it says so."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return cast("BaseException | None", exc_info[1])
    return sys.exc_info()[1] if exc_info else None


def _traceback(error: BaseException) -> str:
    """The traceback, with one frame for each way through a library: the one that it ends in."""
    summary = traceback.TracebackException.from_exception(error)
    link: traceback.TracebackException | None = summary
    while link is not None:
        frames = link.stack
        link.stack = traceback.StackSummary.from_list(
            frame
            for frame, following in zip_longest(frames, frames[1:])  # none, where it was not raised
            if not (following and _LIBRARIES in frame.filename and _LIBRARIES in following.filename)
        )
        link = link.__cause__ or link.__context__
    return "".join(summary.format())[-_LONGEST_TRACEBACK:]


def _uncaught_in_thread(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread else None
    _log.error("uncaught exception in a thread", thread=name, exc_info=failure.exc_value)


def _uncaught_in_interpreter(failure: "sys.UnraisableHookArgs") -> None:
    _log.error("unraisable exception", object=failure.object, exc_info=failure.exc_value)
