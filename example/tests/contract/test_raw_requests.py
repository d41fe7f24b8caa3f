"""No request makes the service fail, whatever its bytes are.

Client libraries, and so Schemathesis, do not let such requests through. Only a status of 503 may
follow, as from an operation that calls another service.
"""

import re
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path
from random import Random

import hypothesis
import yaml
from hypothesis import strategies as st

from ..service import Service
from .raw import connected

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[2] / "schema" / "openapi.yaml").read_text(encoding="utf-8")
)
PARAMETERS = re.findall(r"\bname: ([\w-]+)$", yaml.safe_dump(SCHEMA), re.MULTILINE)
OPERATIONS = [
    (method.upper(), path)
    for path, item in SCHEMA["paths"].items()
    for method in item
    if method != "parameters"
] + [("GET", path) for path in ("/", "//", "/docs", "/openapi.json", "/static-offline-docs/")]
HEADERS = (
    "Accept Accept-Encoding Authorization Baggage Connection Content-Encoding Content-Type Cookie "
    "Expect Forwarded Host If-Match If-Modified-Since If-None-Match Origin Range Traceparent "
    "Tracestate Upgrade X-Forwarded-For X-Forwarded-Host X-Forwarded-Prefix X-Forwarded-Proto "
    "X-Request-ID"
).split()
PIECES = (
    "%00 %0d%0a %2e%2e %2f %5c %7B %ed%a0%80 %f0%9f%98%80 %ff % %zz .. . / // ; : @ [ \\ { ' \" "
    "-1 0 1 1e9 NaN true 7d444840-9dc0-11d1-b245-5ffdce74fad2"
).split()
VALUES = (
    '* "1" W/"1" "1 1, -1 \xff \xe9 \xc3\xa9 [::1 ::1 [fe80::1%25] :0 a:99999 a@b http://a https '
    "100-continue websocket upgrade close gzip identity br,gzip;q=0 bytes=0- bytes=9-1 "
    "Bearer Basic\t= a=b;a=c application/json application/json;charset=x application/x+json "
    "text/plain */*;q=2 application/x-www-form-urlencoded multipart/form-data "
    "multipart/form-data;boundary= 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 "
    "00-0-0-00 for=_;proto=x"
).split(" ")
BODIES = (b"", b"{}", b"[", b"null", b"\x1f\x8b\x08", b"\xff\x00", b'{"\\ud800": NaN}')
# No length of a body that is longer than what is sent: the service would wait for the rest.
LENGTHS = ("", "0", "+1", "-1", "1_0", "0x1", "1, 1", "9" * 30, "\xb2", "0\r\nContent-Length: 1")
CODINGS = ("gzip", "identity", "x", "", "chunked\r\nContent-Length: 5", "gzip, chunked")


def odd(random: Random, pieces: list[str]) -> str:
    """A few of these pieces, or a long text."""
    return "".join(random.choices([*pieces, "x" * 999], k=random.choice((1, 1, 1, 2, 3))))


def odd_target(random: Random, path: str) -> str:
    """The path with odd parameters, perhaps a query, and perhaps more behind the path."""
    path = re.sub(r"\{.*?\}", lambda _: odd(random, PIECES), path)
    end = odd(random, PIECES) if random.random() < 0.2 else ""
    pairs = (
        f"{odd(random, [*PARAMETERS, *PIECES])}={odd(random, PIECES)}"
        for _ in range(random.choice((0, 1, 2, 20)))
    )
    return f"{path}{end}?{'&'.join(pairs)}"


def framed_body(random: Random) -> tuple[str, bytes]:
    """A header that says where the body ends, which may be wrong, and the body."""
    body = random.choice(BODIES)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    right = (f"Content-Length: {len(body)}", body), ("Transfer-Encoding: chunked", chunks)
    length = f"Content-Length: {random.choice(LENGTHS)}", b""
    coding = f"Transfer-Encoding: {random.choice(CODINGS)}", chunks
    return random.choice((*right * 5, length, coding))


def odd_request(random: Random) -> bytes:
    """A request in which much is odd, and in some even the syntax of HTTP."""
    method, path = random.choice(OPERATIONS)
    if random.random() < 0.1:
        method = random.choice(("HEAD", "OPTIONS", "PATCH", "QUERY", "TRACE", "get", "\xff"))
    lines = [f"{method} {odd_target(random, path)} HTTP/1.1"]
    names = [name for name in [*HEADERS, *PARAMETERS] if random.random() < 0.5]
    lines += [f"{name}: {odd(random, VALUES)}" for name in names]
    if random.random() < 0.5:
        lines.append("Content-Type: application/json")
    head = "\r\n".join(lines).encode("latin-1")
    if random.random() < 0.1:
        place = random.randrange(len(head))
        head = head[:place] + random.randbytes(3) + head[place:]
    framing, body = framed_body(random)
    return b"\r\n".join([head, framing.encode("latin-1"), b"", body])


@hypothesis.given(random=st.randoms(use_true_random=True))
@hypothesis.settings(max_examples=1000, derandomize=True)
def test_odd_request(random: Random, service: Service) -> None:
    request = odd_request(random)
    hypothesis.note(f"{request!r}")
    with connected(service) as client:
        client.sendall(request)
        with closing(HTTPResponse(client)) as response:
            response.begin()
            assert response.status < 500 or response.status == 503
