"""Files keep LF on a machine where git is set to give them CRLF, as it is on Windows."""

import subprocess
from pathlib import Path

from scripts.render import ROOT, render
from tests.repositories import git, initialise


def checked_out(repository: Path, folder: Path) -> dict[str, bytes]:
    """The files of a repository, as a clone with CRLF has them."""
    options = ("-c", "core.autocrlf=true")
    git(repository, *options, "clone", "--quiet", str(repository), str(folder))
    paths = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_of_a_service(template: Path, tmp_path: Path) -> None:
    service = render(template, tmp_path / "orders", service="orders")
    found = checked_out(initialise(service), tmp_path / "clone")
    assert found
    assert [name for name, content in found.items() if b"\r\n" in content] == []


def test_of_the_template(tmp_path: Path) -> None:
    """What Copier reads on such a machine is what it writes."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    repository = tmp_path / "template"
    for name in listed.stdout.decode("utf-8").split("\0")[:-1]:
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_bytes((ROOT / name).read_bytes())
    found = checked_out(initialise(repository), tmp_path / "clone")
    assert [name for name, content in found.items() if b"\r\n" in content] == []


def test_without_attributes_there_would_be_others(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "Makefile").write_bytes(b"help:\n")
    found = checked_out(initialise(folder), tmp_path / "clone")
    assert found == {"Makefile": b"help:\r\n"}
