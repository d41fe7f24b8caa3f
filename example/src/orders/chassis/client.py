"""Outgoing HTTP: with time limits, retries, the ids of the request, a span and a metric.

`http_client()` gives an httpx2 client; what it does besides is in its transport, so that it is
used as httpx2 documents.
"""

import asyncio
import random
from time import perf_counter
from typing import Any

import httpx2
from opentelemetry import trace
from opentelemetry.propagate import inject
from prometheus_client import Histogram

from .call import request_id
from .metrics import SECONDS

CONNECT_SECONDS = 2.0
ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0

# RFC 9110, 9.2.2: to repeat one of these does no more than to do it once.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
_WORTH_A_RETRY = frozenset({429, 502, 503, 504})

_DURATION = Histogram(
    "http_client_request_duration_seconds",
    "How long outgoing requests took, each attempt by itself; without a status where none came.",
    ("http_request_method", "server_address", "http_response_status_code"),
    buckets=SECONDS,
)
_tracer = trace.get_tracer(__name__)


def http_client(*, timeout: float = 10.0, **options: Any) -> httpx2.AsyncClient:
    """A client to open once, in `app.py`, and to close with the service.

    Each attempt may take `timeout` seconds. `options` are httpx2.AsyncClient's. An idempotent
    request that finds nobody, or a server that is busy, is tried ATTEMPTS times in all.
    """
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        transport=_Transport(httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=100))),
        **options,
    )


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
        for attempt in range(attempts - 1):
            try:
                response = await self._attempt(request, attempt)
            except httpx2.TransportError:
                await asyncio.sleep(_pause(attempt))
                continue
            if response.status_code not in _WORTH_A_RETRY:
                return response
            await response.aclose()
            await asyncio.sleep(_pause(attempt, response.headers.get("retry-after", "")))
        return await self._attempt(request, attempts - 1)

    async def aclose(self) -> None:
        await self._inner.aclose()

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
        return min(float(retry_after), _LONGEST_PAUSE_SECONDS)
    return random.uniform(0, min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS)) + 0.02
