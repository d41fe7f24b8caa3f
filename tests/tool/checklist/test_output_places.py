"""Files and lines of evidence, and their addresses at the forge."""

from pathlib import Path

import pytest

from shipshape.checklist.output import places, sources
from shipshape.checklist.output.places import Place, Repository

from ..conftest import Repository as Git


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("service.py", Place("service.py", None)),
        ("service.py:12", Place("service.py", 12)),
        ("./service.py:12", Place("service.py", 12)),
        ("gone.py:12", None),
        ("GET /items", None),
        ("http://localhost:80", None),
        ("/etc/hostname:1", None),
        ("", None),
    ],
)
def test_place(evidence_file: Path, text: str, place: Place | None) -> None:
    assert places.parsed(text) == place


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/acme/orders.git", "https://github.com/acme/orders"),
        ("https://github.com/acme/orders/", "https://github.com/acme/orders"),
        (
            "https://user:word@gitlab.example.com/a/b/c.git",  # pragma: allowlist secret
            "https://gitlab.example.com/a/b/c",
        ),
        ("git@github.com:acme/orders.git", "https://github.com/acme/orders"),
        ("ssh://git@git.example.com:2222/acme/orders.git", "https://git.example.com/acme/orders"),
        ("/srv/orders.git", ""),
        ("../orders", ""),
        ("file:///srv/orders", ""),
    ],
)
def test_address_of_the_files(repository: Git, remote: str, address: str) -> None:
    commit = repository.commit("feat: a")
    repository.git("remote", "add", "origin", remote)
    found = places.repository()
    assert found.commit == commit
    assert found.files == (f"{address}/blob/{commit}" if address else "")


def test_address_at_gitlab(repository: Git) -> None:
    (repository.folder / ".gitlab-ci.yml").touch()
    commit = repository.commit("feat: a")
    repository.git("remote", "add", "origin", "git@gitlab.com:acme/orders.git")
    assert places.repository().files == f"https://gitlab.com/acme/orders/-/blob/{commit}"


def test_folder_of_the_service(repository: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = repository.commit("feat: a")
    repository.git("remote", "add", "origin", "https://github.com/acme/all")
    folder = repository.folder / "services/orders"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    found = places.repository()
    assert found.folder == "services/orders/"
    link = f"https://github.com/acme/all/blob/{commit}/services/orders/a%20b.py#L3"
    assert found.link(Place("a b.py", 3)) == link


def test_without_commits_or_remote(repository: Git) -> None:
    assert places.repository() == Repository()
    commit = repository.commit("feat: a")
    assert places.repository() == Repository(commit)
    assert places.repository().link(Place("a.py", 3)) == ""


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert places.repository() == Repository()


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("12-factor III", "https://12factor.net/"),
        ("OSPS Baseline", "https://baseline.openssf.org/"),
        ("https://example.com/ours", "https://example.com/ours"),
        ("our own list", ""),
    ],
)
def test_source(source: str, address: str) -> None:
    assert sources.address(source) == address
