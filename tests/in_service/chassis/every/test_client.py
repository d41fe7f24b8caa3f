"""Outgoing requests: tried again where that may help, bounded in time, and observed."""

import asyncio
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from orders.chassis import client
from orders.chassis.client import http_client
from orders.chassis.context import request_id

from ..service import PATIENCE_SECONDS, free_ports, running
from .forward_proxy import ForwardProxy, forwarding
from .observed import Observed
from .recorder import Answer, recording

BUSY = Answer(503)
DONE = Answer(200)
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine out of the tests."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    """A forward proxy."""
    with forwarding() as running_proxy:
        yield running_proxy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A private CA's certificate of 127.0.0.1 with its key, in one file: it is its own CA."""
    openssl = shutil.which("openssl")
    if openssl is None:  # neither Python nor a dependency of the service can make a certificate
        pytest.skip("openssl is not installed, which makes the certificate")
    key, file = (tmp_path_factory.mktemp("tls") / name for name in ("key.pem", "both.pem"))
    asked = "req -x509 -days 1 -nodes -newkey rsa:2048 -subj /CN=tests".split()
    for extension in ("subjectAltName=IP:127.0.0.1", "keyUsage=digitalSignature,keyCertSign"):
        asked += ["-addext", extension]
    subprocess.run([openssl, *asked, "-keyout", key, "-out", file], check=True, capture_output=True)
    file.write_text(key.read_text("ascii") + file.read_text("ascii"), "ascii")
    return str(file)


@pytest.fixture
def tls(certificate: str) -> ssl.SSLContext:
    """What a server with that certificate uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of the clients in this process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(client, "_tracer", provider.get_tracer(__name__))
    return exporter


def test_busy_server_is_asked_again(api: httpx2.Client) -> None:
    with recording([BUSY, BUSY, DONE]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 200
    assert len(recorder.asked) == 3


def test_server_that_stays_busy_is_left_alone(api: httpx2.Client) -> None:
    with recording([BUSY]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 503
    assert len(recorder.asked) == 3


def test_other_errors_are_not_tried_again(api: httpx2.Client) -> None:
    with recording([Answer(500)]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 500
    assert len(recorder.asked) == 1


def test_what_may_not_be_done_twice_is_done_once(api: httpx2.Client) -> None:
    with recording([BUSY]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url, "method": "POST"})

    assert response.json() == 503
    assert len(recorder.asked) == 1


def test_server_may_say_when_to_ask_again(api: httpx2.Client) -> None:
    with recording([Answer(503, {"retry-after": "1"}), DONE]) as recorder:
        response = api.get("/faulty/call", params={"url": recorder.url})

    assert response.json() == 200
    assert response.elapsed.total_seconds() > 1


@pytest.mark.parametrize(("said", "most"), [("0", 0), ("soon", 1), ("²", 1), ("-1", 1), ("1.5", 1)])
def test_pause_is_short_unless_the_server_asks(said: str, most: float) -> None:
    assert 0 <= client._pause(0, said) <= most


@pytest.mark.parametrize(
    ("said", "asked", "pauses"), [("1", 3, 2), ("2", 2, 2), ("86400", 1, 0), ("9" * 400, 1, 0)]
)
async def test_pauses_of_a_request_are_bounded_together(
    said: str, asked: int, pauses: float
) -> None:
    with recording([Answer(503, {"retry-after": said})]) as recorder:
        async with http_client() as http:
            started = time.monotonic()
            response = await http.get(recorder.url)
            seconds = time.monotonic() - started

    assert response.status_code == 503  # the caller learns when to ask again
    assert response.headers["retry-after"] == said
    assert len(recorder.asked) == asked
    assert pauses <= seconds < pauses + 5


def test_each_attempt_has_its_time(api: httpx2.Client) -> None:
    with recording([Answer(200, seconds=4)]) as recorder:
        started = time.monotonic()
        call = {"url": recorder.url, "method": "POST", "timeout": "0.1"}
        response = api.get("/faulty/call", params=call)
        seconds = time.monotonic() - started

    assert response.status_code == 500  # the handler does not expect the exception
    assert 0.1 <= seconds < 4  # it has not waited for the answer


def test_attempts_are_spans_and_samples(observed: Observed, api: httpx2.Client) -> None:
    with recording([BUSY, DONE]) as recorder:
        port = int(recorder.url.rpartition(":")[2])
        address = f"{recorder.url}/things?token=secret"
        response = api.get("/faulty/call", params={"url": address})

    *attempts, about = observed.spans(response)
    assert [(span.name, span.kind, span.parent) for span in attempts] == [
        ("GET", "CLIENT", about.span_id)
    ] * 2
    for number, (span, status) in enumerate(zip(attempts, (503, 200), strict=True)):
        told = {
            "http.request.method": "GET",
            "http.request.resend_count": number,
            "http.response.status_code": status,
            "server.address": "127.0.0.1",
            "server.port": port,
            "url.full": f"{recorder.url}/things",  # the query may hold secrets
        }
        assert told.items() <= span.attributes.items()
        assert sampled(observed, "GET", str(status)) >= 1
    assert [span.status for span in attempts] == ["ERROR", "UNSET"]


def test_server_that_is_not_there_is_asked_again(observed: Observed, api: httpx2.Client) -> None:
    [nowhere] = free_ports(1)
    response = api.get("/faulty/call", params={"url": f"http://127.0.0.1:{nowhere}"})

    assert response.status_code == 500
    attempts = [span for span in observed.spans(response) if span.kind == "CLIENT"]
    assert [(span.status, len(span.events)) for span in attempts] == [("ERROR", 1)] * 3
    assert sampled(observed, "GET", "") >= 3


@pytest.mark.parametrize(
    "way", ["its own", "transport", "mounts", "proxy", "mounted proxy", "environment"]
)
async def test_every_way_out_is_retried_and_observed(
    way: str, spans: InMemorySpanExporter, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "its own": {},
        "transport": {"transport": httpx2.AsyncHTTPTransport()},
        "mounts": {"mounts": {"http://127.0.0.1": httpx2.AsyncHTTPTransport()}},
        "proxy": {"proxy": proxy.url},
        "mounted proxy": {"mounts": {"all://": httpx2.AsyncHTTPTransport(proxy=proxy.url)}},
        "environment": {},
    }
    if way == "environment":
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
    token = request_id.set("of-the-caller")
    before = [counted(status) for status in ("503", "200")]
    try:
        with recording([BUSY, DONE]) as recorder:
            async with http_client(**ways[way]) as http:
                assert (await http.get(f"{recorder.url}/things")).status_code == 200
    finally:
        request_id.reset(token)

    assert len(proxy.targets) == (2 if way in ("proxy", "mounted proxy", "environment") else 0)
    assert [asked["x-request-id"] for asked in recorder.asked] == ["of-the-caller"] * 2
    attempts = spans.get_finished_spans()
    assert [span.attributes and span.attributes["url.full"] for span in attempts] == [
        f"{recorder.url}/things"
    ] * 2
    assert [asked["traceparent"].split("-")[2] for asked in recorder.asked] == [
        f"{span.context.span_id:016x}" for span in attempts
    ]
    assert [counted(status) for status in ("503", "200")] == [number + 1 for number in before]


def test_service_uses_the_proxy_of_its_environment(
    storage_settings: dict[str, str], proxy: ForwardProxy
) -> None:
    with (
        recording([BUSY, DONE]) as recorder,
        recording([DONE]) as near,
        running(
            module="tests.chassis.faulty",
            **storage_settings,
            HTTP_PROXY=proxy.url,
            NO_PROXY=near.url,
        ) as service,
        httpx2.Client(base_url=service.api, timeout=PATIENCE_SECONDS, trust_env=False) as api,
    ):
        answers = [api.get("/faulty/call", params={"url": f"{it.url}/"}) for it in (recorder, near)]

    assert [answer.json() for answer in answers] == [200, 200]
    assert proxy.targets == [f"{recorder.url}/"] * 2
    assert {asked["x-request-id"] for asked in recorder.asked} == {
        answers[0].headers["x-request-id"]
    }
    assert len(near.asked) == 1


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "127.0.0.0/8", "*"])
async def test_no_proxy_is_respected(
    no_proxy: str, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with recording([BUSY, DONE]) as recorder:
        async with http_client() as http:
            assert (await http.get(recorder.url)).status_code == 200

    assert proxy.targets == []
    assert len(recorder.asked) == 2


async def test_environment_is_ignored_on_request(
    proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with recording([DONE]) as recorder:
        async with http_client(trust_env=False) as http:
            assert (await http.get(recorder.url)).status_code == 200

    assert proxy.targets == []


async def test_private_authority_is_trusted_where_it_is_given(
    certificate: str, tls: ssl.SSLContext
) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    with recording([BUSY, DONE], tls) as recorder:
        async with http_client() as http:
            with pytest.raises(httpx2.ConnectError, match="(?i)certificate"):
                await http.get(recorder.url)
        assert recorder.asked == []
        for verify in (trusted, False):
            async with http_client(verify=verify) as http:
                assert (await http.get(recorder.url)).status_code == 200

    assert len(recorder.asked) == 3


async def test_tls_goes_through_proxies(
    certificate: str,
    tls: ssl.SSLContext,
    proxy: ForwardProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with recording([DONE], tls) as recorder:
        async with http_client(verify=ssl.create_default_context(cafile=certificate)) as http:
            assert (await http.get(recorder.url)).status_code == 200

    assert proxy.targets == [recorder.url.removeprefix("https://")]


async def test_client_certificate_is_sent(certificate: str, tls: ssl.SSLContext) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    trusted = ssl.create_default_context(cafile=certificate)
    with recording([DONE], tls) as recorder:
        async with http_client(verify=trusted) as http:
            # With TLS 1.3 the refusal comes after the handshake, and httpx2 passes it on as it is.
            with pytest.raises((httpx2.TransportError, ssl.SSLError)):
                await http.get(recorder.url)
        with pytest.warns(DeprecationWarning, match="cert="):  # httpx2's, and it works
            knows = http_client(verify=trusted, cert=certificate)
        async with knows as http:
            assert (await http.get(recorder.url)).status_code == 200


async def test_connections_are_limited_as_asked(spans: InMemorySpanExporter) -> None:
    with recording([Answer(200, seconds=1)]) as recorder:
        limits, timeout = httpx2.Limits(max_connections=1), httpx2.Timeout(10, pool=0.1)
        async with http_client(limits=limits, timeout=timeout) as http:
            first = asyncio.create_task(http.get(recorder.url))
            await asyncio.sleep(0.02)
            with pytest.raises(httpx2.PoolTimeout):
                await http.get(recorder.url)
            assert (await first).status_code == 200

    assert len(spans.get_finished_spans()) == 2  # one attempt each: the cause is on this side


def test_version_of_http_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)
    with pytest.raises(ImportError, match="http2=True, but the 'h2' package is not installed"):
        http_client(http2=True)


async def test_what_httpx2_offers_works() -> None:
    seen: list[str] = []

    async def sending(request: httpx2.Request) -> None:
        seen.append(f"{request.method} {request.url.path}")

    async def receiving(response: httpx2.Response) -> None:
        seen.append(str(response.status_code))

    moved = Answer(302, {"location": "/v1/new", "set-cookie": "seen=1"})
    with recording([BUSY, moved, BUSY, DONE]) as recorder:
        async with http_client(
            base_url=f"{recorder.url}/v1",
            headers={"x-team": "tests"},
            params={"page": "2"},
            cookies={"kept": "1"},
            auth=("user", "word"),
            event_hooks={"request": [sending], "response": [receiving]},
            follow_redirects=True,
        ) as http:
            response = await http.get("/old")

    assert response.status_code == 200
    assert [before.status_code for before in response.history] == [302]
    assert recorder.paths == ["/v1/old?page=2"] * 2 + ["/v1/new"] * 2
    assert {asked["x-team"] for asked in recorder.asked} == {"tests"}
    assert {asked["authorization"] for asked in recorder.asked} == {"Basic dXNlcjp3b3Jk"}
    assert [asked["cookie"] for asked in recorder.asked[1:3]] == ["kept=1", "seen=1; kept=1"]
    assert seen == ["GET /v1/old", "302", "GET /v1/new", "200"]  # hooks see no attempts


async def test_redirects_end() -> None:
    with recording([Answer(302, {"location": "/"})]) as recorder:
        async with http_client(follow_redirects=True, max_redirects=3) as http:
            with pytest.raises(httpx2.TooManyRedirects):
                await http.get(recorder.url)

    assert len(recorder.asked) == 4


async def test_mock_transport_serves_tests_of_handlers() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        answers.append(httpx2.Response(503 if len(answers) < 2 else 201, json={"n": len(answers)}))
        return answers[-1]

    answers: list[httpx2.Response] = []
    async with http_client(transport=httpx2.MockTransport(answer)) as http:
        response = await http.put("https://warehouse.example/stock", json={"quantity": 1})

    assert (response.status_code, response.json()) == (201, {"n": 2})
    assert len(answers) == 3


async def test_given_transports_are_closed_with_the_client() -> None:
    class Closable(httpx2.AsyncBaseTransport):
        closed = 0

        async def aclose(self) -> None:
            self.closed += 1

    one, other = Closable(), Closable()
    async with http_client(transport=one, mounts={"http://other.example": other}):
        assert (one.closed, other.closed) == (0, 0)
    assert (one.closed, other.closed) == (1, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"retries": 3}, "unexpected keyword argument 'retries'"),
        ({"timeout": 0}, "timeout is a positive number of seconds, .*, not 0"),
        ({"timeout": -1.5}, "timeout is a positive number of seconds, .*, not -1.5"),
        ({"timeout": float("nan")}, "timeout is a positive number of seconds, .*, not nan"),
        ({"timeout": "10"}, "timeout is a positive number of seconds, .*, not '10'"),
        ({"transport": httpx2.AsyncHTTPTransport(), "verify": False}, "given transport .* verify"),
        (
            {"transport": httpx2.AsyncHTTPTransport(), "proxy": "http://proxy", "http2": True},
            "given transport .* http2, proxy",
        ),
        ({"http1": False}, "http1=False needs http2=True"),
    ],
    ids=lambda it: "-".join(it) if isinstance(it, dict) else "",
)
def test_what_cannot_work_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        http_client(**options)


@pytest.mark.parametrize(
    ("timeout", "connect", "read"),
    [
        (10, 2, 10),
        (0.5, 0.5, 0.5),
        (float("inf"), 2, float("inf")),
        (None, None, None),
        (httpx2.Timeout(7, connect=5), 5, 7),
    ],
)
async def test_timeout_may_be_given_as_to_httpx2(
    timeout: Any, connect: float | None, read: float | None  # noqa: ASYNC109
) -> None:
    async with http_client(timeout=timeout) as http:
        assert (http.timeout.connect, http.timeout.read) == (connect, read)


async def test_timeout_of_httpx2_bounds_an_attempt() -> None:
    with recording([Answer(200, seconds=4)]) as recorder:
        async with http_client(timeout=httpx2.Timeout(None, read=0.1)) as http:
            started = time.monotonic()
            with pytest.raises(httpx2.ReadTimeout):
                await http.post(recorder.url)
            assert time.monotonic() - started < 4


async def test_request_that_cannot_be_sent_is_tried_once(spans: InMemorySpanExporter) -> None:
    async with http_client() as http:
        with pytest.raises(httpx2.UnsupportedProtocol):
            await http.get("ftp://127.0.0.1/file")

    assert len(spans.get_finished_spans()) == 1


def counted(status: str) -> float:
    """How many GET attempts of this process ended with a status."""
    labels = {
        "http_request_method": "GET",
        "server_address": "127.0.0.1",
        "http_response_status_code": status,
    }
    return REGISTRY.get_sample_value("http_client_request_duration_seconds_count", labels) or 0


def sampled(observed: Observed, method: str, status: str) -> float:
    """How many attempts with this outcome the metrics know of."""
    labels = {
        "http_request_method": method,
        "server_address": "127.0.0.1",
        "http_response_status_code": status,
    }
    name = "http_client_request_duration_seconds_count"
    return observed.samples()[name, frozenset(labels.items())]
