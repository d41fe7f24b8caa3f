"""A service that the template did not make: `python tiny.py`, with the variable PORT.

After SIGTERM it serves on for DELAY seconds.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802
        self._answer(200 if self.path in ("/alive", "/ready", "/things") else 404)

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(201)

    def _answer(self, status: int) -> None:
        print(json.dumps({"event": "request", "path": self.path}), flush=True)
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *arguments: object) -> None:
        """Write nothing to stderr."""


def main() -> None:
    try:
        port = int(os.environ["PORT"])
    except ValueError as error:
        sys.exit(f"PORT cannot be used: {error}")
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = False

    def stop() -> None:
        time.sleep(float(os.environ.get("DELAY", "1.5")))
        server.shutdown()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop).start())
    server.serve_forever(0.02)
    server.server_close()


if __name__ == "__main__":
    main()
