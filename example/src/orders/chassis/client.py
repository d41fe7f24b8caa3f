"""Outgoing HTTP: with time limits, retries, the ids of the request, a span and a metric.

`http_client()` returns an httpx2 client that takes all options of httpx2.AsyncClient and is used as
httpx2 documents. The additions wrap whichever transport handles a request: a proxy's, a mounted one
or your own.
"""

import asyncio
import random
from time import perf_counter
from typing import Any

import httpx2
from opentelemetry import trace
from opentelemetry.propagate import inject
from prometheus_client import Histogram

from .context import request_id
from .metrics import SECONDS

CONNECT_SECONDS = 2.0
ATTEMPTS = 3
PAUSE_SECONDS = 2.0  # of all pauses of a request together
_FIRST_PAUSE_SECONDS = 0.1

# RFC 9110, 9.2.2: to repeat one of these does no more than to do it once.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
_WORTH_A_RETRY = frozenset({429, 502, 503, 504})
# The cause is on this side, so that another attempt fails like the first.
_HOPELESS = (httpx2.LocalProtocolError, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)

_LIMITS = httpx2.Limits(max_connections=100)  # httpx2 would keep only 20 of them open
_OF_TRANSPORTS = ("cert", "http1", "http2", "limits", "proxy", "verify")

_DURATION = Histogram(
    "http_client_request_duration_seconds",
    "How long outgoing requests took, each attempt by itself; without a status where none came.",
    ("http_request_method", "server_address", "http_response_status_code"),
    buckets=SECONDS,
)
_tracer = trace.get_tracer(__name__)


def http_client(
    *, timeout: float | httpx2.Timeout | None = 10.0, **options: Any
) -> httpx2.AsyncClient:
    """A client to open once, in `app.py`, and to close with the service.

    `timeout` is in seconds, for each wait of an attempt (a connection, each read, each write); a
    number also limits connecting to CONNECT_SECONDS, and None waits for ever. `options` are those
    of httpx2.AsyncClient. An idempotent request that finds no server, or a busy one, is sent up to
    ATTEMPTS times, with pauses of at most PAUSE_SECONDS in all.

    Raises ValueError, TypeError or ImportError for options that cannot work, and for those that
    httpx2 would ignore, such as `verify` beside a `transport` of your own.
    """
    if isinstance(timeout, int | float) and timeout > 0:
        timeout = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
    elif not isinstance(timeout, httpx2.Timeout | None):
        raise ValueError(
            "timeout is a positive number of seconds, an httpx2.Timeout or None (no limit), "
            f"not {timeout!r}"
        )
    if options.get("transport") is None:
        options.setdefault("limits", _LIMITS)
    elif ignored := [name for name in _OF_TRANSPORTS if options.get(name) is not None]:
        raise ValueError(f"a given transport has its own settings: give it {', '.join(ignored)}")
    if options.get("http1") is False and not options.get("http2"):
        raise ValueError("http1=False needs http2=True: there is no other version")
    return _Client(timeout=timeout, **options)


class _Client(httpx2.AsyncClient):
    """Wraps the transport of each request, whether given, mounted or a proxy's.

    httpx2 has no public hook that sees them all, so tests show that it still calls this one.
    """

    def _transport_for_url(self, url: httpx2.URL) -> httpx2.AsyncBaseTransport:
        return _Transport(super()._transport_for_url(url))


class _Transport(httpx2.AsyncBaseTransport):
    """Sends requests through another transport, and again where that may help."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if (identifier := request_id.get()) is not None:
            request.headers.setdefault("x-request-id", identifier)
        # A body that comes as a stream is gone after the first attempt.
        repeatable = request.method in _IDEMPOTENT and isinstance(request.stream, httpx2.ByteStream)
        attempts = ATTEMPTS if repeatable else 1
        seconds_left = PAUSE_SECONDS
        for attempt in range(attempts - 1):
            try:
                response = await self._attempt(request, attempt)
            except _HOPELESS:
                raise
            except httpx2.TransportError:
                pause = min(_pause(attempt), seconds_left)
            else:
                pause = _pause(attempt, response.headers.get("retry-after", ""))
                if response.status_code not in _WORTH_A_RETRY or pause > seconds_left:
                    return response
                await response.aclose()
            seconds_left -= pause
            await asyncio.sleep(pause)
        return await self._attempt(request, attempts - 1)

    async def _attempt(self, request: httpx2.Request, attempt: int) -> httpx2.Response:
        """One attempt: a client span, and a sample.

        https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
        """
        url = request.url
        with _tracer.start_as_current_span(request.method, kind=trace.SpanKind.CLIENT) as span:
            inject(request.headers)
            span.set_attributes(
                {
                    "http.request.method": request.method,
                    "server.address": url.host,
                    "server.port": url.port or (443 if url.scheme == "https" else 80),
                    "url.full": f"{url.scheme}://{url.netloc.decode()}{url.path}",
                    "http.request.resend_count": attempt,
                }
            )
            started, status = perf_counter(), ""
            try:
                response = await self._inner.handle_async_request(request)
                status = str(response.status_code)
                span.set_attribute("http.response.status_code", response.status_code)
                if response.is_error:
                    span.set_status(trace.StatusCode.ERROR)
                return response
            finally:
                seconds = perf_counter() - started
                _DURATION.labels(request.method, url.host, status).observe(seconds)


def _pause(attempt: int, retry_after: str = "") -> float:
    """Seconds until the next attempt: as the server asks, else more each time and never alike."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    return random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt) + 0.02
