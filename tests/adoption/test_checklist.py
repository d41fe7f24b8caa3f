"""The checklist runs over a project that was made without the template, and changes nothing."""

import json
from pathlib import Path

import pytest

from tests.repositories import files

from .conftest import Run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("adoption")]


def test_a_project_is_checked_from_anywhere(
    run: Run, released: Path, project: Path, tmp_path: Path
) -> None:
    before = files(project)
    command = ("python3", released / "updating", "checklist", project, "--write", "a.json")
    done = run(tmp_path, *command)
    assert done.returncode == 1, done.stderr
    assert "Level: none" in done.stdout
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))["checks"]
    statuses = {(it["id"], it["kind"]): it["status"] for it in found}
    assert statuses["DO1", "static"] == "fail"
    assert statuses["ST1", "static"] == "unknown"  # it has no manifest
    assert "error" not in statuses.values()
    tried = {it["status"] for it in found if it["kind"] == "dynamic"}
    assert tried == {"unknown", "not applicable"}  # it has no database, and says not how to start
    assert files(project) == before


def test_what_is_no_folder_cannot_be_checked(run: Run, released: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "python3", released / "updating", "checklist", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: nowhere is no folder: name the repository to check\n"
