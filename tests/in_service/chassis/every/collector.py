"""A stand-in for an OpenTelemetry collector: takes spans over HTTP, and keeps them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shipshape.checklist.trial.spans import Span, decoded


class Collector:
    """What has arrived so far, decoded and raw."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.raw = b""

    def take(self, body: bytes) -> None:
        self.raw += body
        self.spans += list(decoded(body))  # all at once, for another thread reads it


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["content-length"]))
            sent = self.path, self.headers["content-type"]
            fitting = sent == ("/v1/traces", "application/x-protobuf")
            if fitting:
                collector.take(body)
            self.send_response(200 if fitting else 400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield collector
        finally:
            server.shutdown()
