"""A release on GitLab: its assets are kept, its notes shown, and a refusal is one sentence."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.render import render
from tests.commands import shipshape

COMMIT = "c0ffee" * 6 + "c0de"


class GitLab(ThreadingHTTPServer):
    """Keeps what is sent, and answers with one status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 201
        self.requests: list[tuple[str, str, str | None, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    """Of one request."""

    server: GitLab

    def take(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        token = self.headers["JOB-TOKEN"]
        self.server.requests.append((self.command, self.path, token, body))
        said = b'{"message": "Release already exists"}'
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_PUT = take  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with GitLab() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Path:
    folder = render(template, tmp_path / "orders", service="orders", ci="gitlab")
    (folder / "notes.md").write_text("## 1.4.0\n\n- items have a colour\n")
    (folder / "orders.cdx.json").write_text("{}")
    return folder


def publish(service: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Run the command as the job does."""
    variables = {
        "CI_API_V4_URL": f"http://127.0.0.1:{port}/api/v4",
        "CI_COMMIT_SHA": COMMIT,
        "CI_JOB_TOKEN": "of-the-job",
        "CI_PROJECT_ID": "42",
        "CI_PROJECT_URL": "https://gitlab.com/your-organisation/orders",
    }
    return shipshape(service, "publish", "1.4.0", "notes.md", "orders.cdx.json", **variables)


def test_the_assets_come_before_the_release_that_links_them(service: Path, gitlab: GitLab) -> None:
    done = publish(service, gitlab.server_port)
    assert done.returncode == 0, done.stderr
    asset, release = gitlab.requests
    path = "/api/v4/projects/42/packages/generic/release/1.4.0/orders.cdx.json"
    assert asset == ("PUT", path, "of-the-job", b"{}")
    assert release[:3] == ("POST", "/api/v4/projects/42/releases", "of-the-job")
    said = json.loads(release[3])
    assert said["tag_name"] == "v1.4.0"
    assert said["ref"] == COMMIT
    assert "items have a colour" in said["description"]
    [link] = said["assets"]["links"]
    assert link["url"].endswith(path)


def test_a_refusal_is_one_sentence(service: Path, gitlab: GitLab) -> None:
    gitlab.status = 409
    done = publish(service, gitlab.server_port)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: GitLab answers 409 to PUT packages/generic/release/1.4.0/"
    )
    assert "Traceback" not in done.stderr
    assert len(gitlab.requests) == 1


def test_nobody_answers(service: Path, gitlab: GitLab) -> None:
    done = publish(service, 9)
    assert done.returncode == 1
    assert done.stderr.startswith("error: GitLab cannot be reached: ")
