"""Files that a service keeps as its own: no copy and no update touches them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy, run_update

from scripts.render import export, render
from tests.checks import BIN
from tests.repositories import append, commit, files, git, initialise, release, unmerged

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("keep")]

OLD, NEW = "v1.0.0", "v1.1.0"
KEEP = ["/Makefile", "/monitoring/", "/trivy.yaml"]
OWN = "# of the team\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases; the newer one changes what is kept, and adds to a folder that is."""
    folder = export(tmp_path_factory.mktemp("keep") / "template")
    initialise(folder)
    git(folder, "tag", OLD)
    for name in ("Makefile.jinja", "trivy.yaml", "tools.lock"):
        append(folder / "template" / name, "# of the new release\n")
    (folder / "template" / "monitoring" / "new.yaml").write_text("new: true\n")
    release(folder, NEW)
    return folder


@pytest.fixture(scope="module")
def started(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that has a Makefile of its own, and neither monitoring nor trivy.yaml."""
    service = tmp_path_factory.mktemp("started") / "orders"
    service.mkdir()
    (service / "Makefile").write_text(OWN)
    answers = {"service": "orders", "keep": KEEP}
    run_copy(
        str(template), service, answers, vcs_ref=OLD, defaults=True, overwrite=True, quiet=True
    )
    return initialise(service)


@pytest.fixture
def service(started: Path, tmp_path: Path) -> Path:
    """The same, to do anything with."""
    return shutil.copytree(started, tmp_path / "orders", symlinks=True)


def update(service: Path, tag: str = NEW, **answers: Any) -> None:
    """`copier update --defaults`."""
    run_update(
        str(service), answers, vcs_ref=tag, defaults=True, overwrite=True, unsafe=False, quiet=True
    )


def stored(service: Path) -> Any:
    """The answer as it is kept."""
    return yaml.safe_load((service / ".copier-answers.yml").read_text("utf-8")).get("keep")


def test_a_copy_leaves_out_what_is_kept(started: Path) -> None:
    assert stored(started) == KEEP
    assert (started / "Makefile").read_text() == OWN
    assert not (started / "monitoring").exists()
    assert not (started / "trivy.yaml").exists()
    assert (started / "tools.lock").exists()


def test_an_update_leaves_out_what_is_kept(service: Path) -> None:
    before = files(service)
    update(service)
    after = files(service)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {".copier-answers.yml", "tools.lock"}
    assert stored(service) == KEEP
    assert unmerged(service) == []


def test_what_is_kept_no_longer_comes(service: Path) -> None:
    update(service, OLD, keep=["/Makefile"])
    assert stored(service) == ["/Makefile"]
    assert (service / "trivy.yaml").exists()
    assert (service / "monitoring" / "collector.yaml").exists()
    assert unmerged(service) == []
    commit(service, "feat: monitoring")
    update(service)
    assert (service / "monitoring" / "new.yaml").exists()
    assert (service / "trivy.yaml").read_text().endswith("# of the new release\n")


@pytest.mark.long
def test_what_is_kept_no_longer_and_is_the_same_does_not_change(
    service: Path, template: Path
) -> None:
    shutil.copy(template / "template" / "trivy.yaml", service)
    text = (service / "trivy.yaml").read_text().removesuffix("# of the new release\n")
    (service / "trivy.yaml").write_text(text)
    commit(service, "feat: the same")
    update(service, OLD, keep=["/Makefile", "/monitoring/"])
    assert git(service, "status", "--porcelain").split() == ["M", ".copier-answers.yml"]


def test_what_is_kept_no_longer_and_differs_is_a_conflict_with_both_versions(
    service: Path,
) -> None:
    update(service, OLD, keep=["/monitoring/", "/trivy.yaml"])
    assert unmerged(service) == ["Makefile"]
    text = (service / "Makefile").read_text("utf-8")
    assert OWN in text
    assert ".PHONY: install" in text
    assert "<<<<<<< before updating" in text


@pytest.mark.long
def test_with_nothing_kept_the_answer_is_gone(service: Path) -> None:
    update(service, OLD, keep=[])
    assert stored(service) is None


@pytest.mark.long
@pytest.mark.parametrize("name", ["orders", "orders [1]"])
def test_an_update_adds_nothing_to_what_is_kept(service: Path, name: str) -> None:
    """It would delete the file: only the old release would have it."""
    service = service.rename(service.with_name(name))
    before = files(service)
    with pytest.raises(ValueError, match="'keep': To add: python3 .shipshape keep"):
        update(service, keep=[*KEEP, "/tools.lock"])
    assert files(service) == before


@pytest.mark.long
def test_what_is_added_beforehand_is_left_alone(service: Path) -> None:
    path = service / ".copier-answers.yml"
    path.write_text(path.read_text().replace("- /trivy.yaml\n", "- /trivy.yaml\n- /tools.lock\n"))
    (service / "tools.lock").write_text(OWN)
    commit(service, "feat: tools of our own")
    update(service)
    assert (service / "tools.lock").read_text() == OWN
    assert stored(service) == [*KEEP, "/tools.lock"]


@pytest.mark.long
def test_a_release_without_the_question_is_updated(template: Path, tmp_path: Path) -> None:
    """Copier renders the old release with the exclusions of the new one."""
    older = shutil.copytree(template, tmp_path / "template")
    git(older, "checkout", "--quiet", "--orphan", "older")
    configuration = yaml.safe_load((older / "copier.yml").read_text("utf-8"))
    del configuration["keep"], configuration["_external_data"]
    configuration["_exclude"] = configuration["_exclude"][:-2]
    (older / "copier.yml").write_text(yaml.safe_dump(configuration, sort_keys=False))
    release(older, "v0.9.0")
    service = tmp_path / "orders"
    run_copy(
        str(older), service, {"service": "orders"}, vcs_ref="v0.9.0", defaults=True, quiet=True
    )
    initialise(service)
    update(service)
    assert stored(service) is None
    assert unmerged(service) == []


@pytest.mark.parametrize(
    "keep",
    [
        "/Makefile",
        {"/Makefile": True},
        None,
        ["Makefile"],
        ["/Makefile", ""],
        ["/Makefile\n/README.md"],
        [1],
        ["/"],
        ["!/Makefile"],
    ],
    ids=str,
)
def test_what_is_no_list_of_patterns_is_refused(
    template: Path, tmp_path: Path, keep: object
) -> None:
    with pytest.raises(ValueError, match="Use a list like"):
        run_copy(str(template), tmp_path, {"service": "orders", "keep": keep}, defaults=True)
    assert not (tmp_path / "Makefile").exists()


def test_the_answers_file_is_always_written(template: Path, tmp_path: Path) -> None:
    render(template, tmp_path / "orders", service="orders", keep=["/**"])  # type: ignore[arg-type]
    assert [path.name for path in (tmp_path / "orders").iterdir()] == [".copier-answers.yml"]


@pytest.mark.long
def test_the_command_line_takes_a_list(template: Path, tmp_path: Path) -> None:
    command = [
        str(BIN / "copier"),
        "copy",
        "--defaults",
        "-d",
        "keep=[/Makefile]",
        str(template),
        "orders",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert not (tmp_path / "orders" / "Makefile").exists()
