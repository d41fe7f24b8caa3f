"""A stand-in for another service: answers as it is told to, and remembers who asked."""

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """An answer to give, after a while."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0


@dataclass
class Recorder:
    """Where it listens, and of each request its path and its headers, by names in lower case."""

    url: str
    asked: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def recording(answers: Sequence[Answer], tls: ssl.SSLContext | None = None) -> Iterator[Recorder]:
    """Give these answers in turn, and the last one from then on; with `tls` over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            answer = answers[min(len(recorder.asked), len(answers) - 1)]
            recorder.paths.append(self.path)
            recorder.asked.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(answer.seconds)
            self.send_response(answer.status)
            for name, value in {"content-length": "0", **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if tls is None else "https"
        recorder = Recorder(f"{scheme}://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield recorder
        finally:
            server.shutdown()
