"""A template that only those who log in can read."""

import base64
import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.repositories import git

LOGIN = "!f() { echo username=ann; echo password=secret; }; f"
"""A helper of git's that knows the login."""


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Gives out files to those who log in."""

    def do_GET(self) -> None:  # noqa: N802
        token = base64.b64encode(b"ann:secret").decode()
        if self.headers.get("Authorization") == f"Basic {token}":
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def behind_login(template: Path, folder: Path) -> Iterator[str]:
    """Serve a template as `shipshape.git`; the address above it."""
    bare = folder / "site" / "shipshape.git"
    git(folder, "clone", "--quiet", "--bare", str(template), str(bare))
    git(bare, "update-server-info")
    handler = functools.partial(_Handler, directory=str(bare.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
