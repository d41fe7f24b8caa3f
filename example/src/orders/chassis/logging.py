"""Structured logs: one JSON object a line on stdout, or coloured lines on a terminal.

Code of the service logs with `structlog.get_logger(__name__)`; what libraries log through the
standard library, warnings and exceptions that nobody caught come out the same way.
"""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, cast

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import Processor

from .context import request_id
from .output import LineWriter, standard_output
from .redaction import hide_passwords, is_secret, redacted
from .settings import FLUSH_SECONDS, ChassisSettings
from .tracing import describe

LEVELS = ("debug", "info", "warning", "error")

_Event = MutableMapping[str, Any]

# These log headers or addresses of requests at their lower levels, secrets among them.
_TALKATIVE = ("httpcore2", "httpx2", "sqlalchemy", "urllib3", "uvicorn", "websockets")
_JSON_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
_SCALARS = frozenset({str, int, float, bool, type(None), datetime})
_LONGEST_TRACEBACK = 16_384
_LIBRARIES = "site-packages"
_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

_log = structlog.get_logger(__name__)


class Log:
    """What all lines go through: structlog's processors, then the thread that writes."""

    def __init__(self, settings: ChassisSettings, processors: Sequence[Processor] = ()) -> None:
        """`processors` see each line before secrets are masked in it."""
        self._service = {
            "service": settings.otel_service_name,
            "version": settings.service_version,
            "commit": settings.service_commit,
            "instance": describe(settings).attributes["service.instance.id"],
        }
        terminal = sys.stdout is not None and sys.stdout.isatty()
        colors = terminal and not os.environ.get("NO_COLOR")  # https://no-color.org
        console = settings.log_format == "console" or (settings.log_format == "auto" and terminal)
        self._console = structlog.dev.ConsoleRenderer(colors=colors) if console else None
        self._writer = LineWriter(standard_output(), self._notice)
        self.processors: list[Processor] = [
            self._drop_below_level,
            structlog.contextvars.merge_contextvars,
            self._identify,
            _show_exception,
            *processors,
            _mask,
            self._render,
        ]
        self._added = processors
        self.level = settings.log_level

    @property
    def level(self) -> str:
        """The least level that is written, one of LEVELS; it may be set at any time."""
        return self._level

    @level.setter
    def level(self, level: str) -> None:
        self._level = level
        number = self._number = logging.getLevelNamesMapping()[level.upper()]
        logging.getLogger().setLevel(number)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(max(number, logging.WARNING))

    @property
    def dropped(self) -> int:
        """How many lines were lost because nobody took them."""
        return self._writer.dropped

    def logger(self, name: str = "") -> "_Logger":
        """What structlog's loggers of a name hand their lines to."""
        return _Logger(name, self._writer)

    def write_call(
        self,
        event: str,
        identifier: str,
        span: trace.SpanContext,
        fields: _Event,
        more: Mapping[str, Any],
    ) -> None:
        """Write the line about a call that has ended, past structlog: a third of the time.

        `fields` are the chassis' own, `more` those of the service.
        """
        if self._number > logging.INFO:
            return
        line: Any = {
            "timestamp": datetime.now(UTC),
            "level": "info",
            "event": event,
            "logger": __name__,
            "request_id": identifier,
        }
        if span.is_valid:
            line["trace_id"] = span.trace_id.to_bytes(16, "big").hex()
            line["span_id"] = span.span_id.to_bytes(8, "big").hex()
        line.update(self._service)
        line.update(fields)
        if more or self._added:
            line.update((f"{name}_" if name in line else name, more[name]) for name in more)
            for process in (*self._added, _mask):
                line = process(None, "info", line)
        self._writer.put(self._render(None, "info", line)[0][0])

    def close(self) -> None:
        """Write what is left."""
        self._writer.close(FLUSH_SECONDS / 2)

    def _drop_below_level(self, logger: Any, method: str, event: _Event) -> _Event:
        if _NUMBERS[method] < self._number:
            raise structlog.DropEvent
        return event

    def _identify(self, logger: "_Logger", method: str, event: _Event) -> _Event:
        """What every line begins with. A field of the same name is kept, under another."""
        own: _Event = {
            "timestamp": datetime.now(UTC),
            "level": "error" if method == "exception" else method,
            "event": event.pop("event", ""),
            "logger": logger.name,
        }
        if (identifier := request_id.get()) is not None:
            own["request_id"] = identifier
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            own["trace_id"] = trace.format_trace_id(span.trace_id)
            own["span_id"] = trace.format_span_id(span.span_id)
        own.update(self._service)
        if own.keys().isdisjoint(event):
            own.update(event)
        else:
            own.update((f"{name}_" if name in own else name, event[name]) for name in event)
        return own

    def _render(self, logger: Any, method: str, event: _Event) -> tuple[tuple[bytes], _Event]:
        """The arguments of the logger's method."""
        rendered = self._line(event)
        if b"://" in rendered:
            rendered = hide_passwords(rendered.decode()).encode()
        return (rendered,), {}

    def _line(self, event: _Event) -> bytes:
        if self._console is None:
            try:
                return orjson.dumps(event, default=repr, option=_JSON_OPTIONS)
            except TypeError:  # for one of its values, and the line shall not be lost for that
                event = {str(name): _sayable(value) for name, value in event.items()}
                return orjson.dumps(event, default=repr, option=_JSON_OPTIONS)
        for name in self._service:
            event.pop(name, None)
        event["timestamp"] = f"{event['timestamp']:%H:%M:%S.%f}"
        return f"{self._console(None, '', event)}\n".encode()

    def _notice(self, count: int) -> bytes:
        event = {"event": "lines of the log were dropped", "count": count}
        return self._line(self._identify(self.logger(__name__), "warning", event))


_NUMBERS = {
    name: logging.getLevelNamesMapping()[name.upper()] for name in (*LEVELS, "critical")
} | {"exception": logging.ERROR}


class _Logger:
    """Writes what the processors have made of a line."""

    def __init__(self, name: str, writer: LineWriter) -> None:
        self.name = name
        self._put = writer.put

    def info(self, line: bytes) -> None:
        self._put(line)

    debug = info

    def warning(self, line: bytes) -> None:
        self._put(line, at_once=True)

    error = critical = exception = warning


class _StandardLibrary(logging.Handler):
    """Brings the records of the standard library's loggers into a Log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        event: _Event = {
            name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES
        }
        try:
            event["event"] = record.getMessage()
        except Exception:  # it does not fit its arguments, which must not stop the caller
            event["event"] = f"{record.msg} {_sayable(record.args)}"
        event["exc_info"] = record.exc_info
        logger, method = self._log.logger(record.name), _method(record.levelno)
        line: Any = event
        try:
            for process in self._log.processors:
                line = process(logger, method, line)
        except structlog.DropEvent:
            return
        getattr(logger, method)(*line[0])


@contextmanager
def logging_to_stdout(
    settings: ChassisSettings, processors: Sequence[Processor] = ()
) -> Iterator[Log]:
    """Have every line that this process writes about itself go through one Log, until the end."""
    log = Log(settings, processors)
    handlers, level = logging.root.handlers[:], logging.root.level
    structlog.configure(
        processors=log.processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=log.logger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_StandardLibrary(log)], force=True)
    log.level = log.level  # `basicConfig` has set another
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


def exception_attributes(error: BaseException) -> dict[str, str]:
    """The attributes of an exception for a span, redacted as in the log."""
    return {
        "exception.message": hide_passwords(str(error)),
        "exception.stacktrace": hide_passwords(_traceback(error)),
    }


def _show_exception(logger: Any, method: str, event: _Event) -> _Event:
    if error := _exception(event.pop("exc_info", method == "exception")):
        event["exception"] = _traceback(error)
    return event


def _mask(logger: Any, method: str, event: _Event) -> _Event:
    for name, value in event.items():
        if type(value) not in _SCALARS or is_secret(name):
            return cast("_Event", redacted(event))
    return event  # as most are: to copy one takes longer than to write it


def _method(level: int) -> str:
    """The method of structlog's loggers for a level of the standard library."""
    return next(
        name for name in reversed((*LEVELS, "critical")) if _NUMBERS[name] <= max(level, 10)
    )


def _is_not_told_already(record: logging.LogRecord) -> bool:
    """Whether a record of uvicorn says more than that an answer broke off, as the chassis told."""
    return "without completing response" not in str(record.msg)


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
