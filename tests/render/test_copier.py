"""What Copier itself makes of the template: trust, messages, what it leaves out."""

import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from copier.errors import UnsafeTemplateError
from poetry.core.masonry.api import build_sdist

from scripts.render import ROOT, export, render
from tests.checks import BIN

from .test_example import state


def copy(template: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as it is typed."""
    command = [str(BIN / "copier"), "copy", "--defaults", *arguments, str(template), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_template_that_needs_trust_is_refused(tmp_path: Path) -> None:
    template = export(tmp_path / "template")
    with (template / "copier.yml").open("a") as file:
        file.write("_tasks: [echo]\n")
    with pytest.raises(UnsafeTemplateError):
        render(template, tmp_path / "orders")


def test_the_message_says_what_comes_next(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    said = copy(template, folder).stderr
    commands = [f"    cd {folder}", "    make install", "    make run"]
    positions = [said.index(command) for command in commands]
    assert positions == sorted(positions)
    assert "Placeholders to replace: owner, contact, image." in said


def test_the_message_is_content_with_an_owner(template: Path, tmp_path: Path) -> None:
    people = ["-d", "owner=@some/team", "-d", "contact=team@some.example"]
    assert "Placeholders" not in copy(template, tmp_path / "orders", *people).stderr


def test_answers_are_kept_and_nothing_else(template: Path, tmp_path: Path) -> None:
    answers = yaml.safe_load((render(template, tmp_path / "a") / ".copier-answers.yml").read_text())
    configuration = yaml.safe_load((ROOT / "copier.yml").read_text())
    asked = {
        name
        for name, question in configuration.items()
        if not name.startswith("_") and "when" not in question
    }
    assert answers.keys() == asked | {"_src_path"}


def test_what_work_on_the_template_leaves_behind_is_not_copied(tmp_path: Path) -> None:
    template = export(tmp_path / "template")
    source = template / "template" / "src" / "{{package}}"
    (source / "__pycache__").mkdir(exist_ok=True)
    for name in ("__pycache__/app.cpython-311.pyc", "app.pyc", ".DS_Store", "app.py~"):
        (source / name).write_text("junk")
    files = state(render(template, tmp_path / "orders"))
    assert files
    assert [name for name, (content, _) in files.items() if content == b"junk"] == []


def test_the_source_archive_is_the_template(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    name = build_sdist(str(tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        # Debian 12's Python 3.11.2 has no filters yet.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(tmp_path)
    unpacked = tmp_path / name.removesuffix(".tar.gz")
    copied = render(unpacked, tmp_path / "a" / "orders")
    expected = render(template, tmp_path / "b" / "orders")
    (copied / ".copier-answers.yml").unlink()  # they name different templates
    (expected / ".copier-answers.yml").unlink()
    assert state(copied) == state(expected)
