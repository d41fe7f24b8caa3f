"""A forward proxy as companies run them: passes requests on, and records their targets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2


@dataclass
class ForwardProxy:
    """Where it listens, and the target of each request: a URL, or host and port for TLS."""

    url: str
    targets: list[str] = field(default_factory=list)


@contextmanager
def forwarding() -> Iterator[ForwardProxy]:
    """Run a forward proxy (RFC 9110, 9.3.6; RFC 9112, 3.2.2) until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            proxy.targets.append(self.path)
            answer = httpx2.get(self.path, headers=dict(self.headers.items()), trust_env=False)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def do_CONNECT(self) -> None:  # noqa: N802
            proxy.targets.append(self.path)
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host, int(port))) as target:
                self.send_response(200)
                self.end_headers()
                threading.Thread(target=_pump, args=(target, self.connection)).start()
                _pump(self.connection, target)

        def log_message(self, *arguments: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = ForwardProxy(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield proxy
        finally:
            server.shutdown()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy bytes until the source ends."""
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
