"""`python3 .shipshape`: the newest commands of the template are fetched, and run on a service."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.render import ROOT
from tests.configurations import configure, hostile
from tests.private import LOGIN, behind_login
from tests.repositories import ENVIRONMENT, commit, git, initialise, release

COMMANDS = """
import json, os, sys
print(json.dumps({"release": "%s", "arguments": sys.argv[1:], "folder": os.getcwd()}))
sys.exit(%s)
"""
FOLDER = ".tools/template"


def write_commands(template: Path, name: str, status: int = 0) -> None:
    """Commands that report which release they are of, how they were called, and where."""
    path = template / "updating" / "__main__.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(COMMANDS % (name, status))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of some releases, the newest of which is not the last by the alphabet."""
    folder = tmp_path_factory.mktemp("released") / "shipshape"
    git(folder.parent, "init", "--quiet", "--initial-branch", "main", str(folder))
    for tag in ("v0.9.0", "v0.10.0", "v1.0.0rc1", "nightly"):
        write_commands(folder, tag)
        release(folder, tag)
    write_commands(folder, "main")
    commit(folder)
    return folder


@pytest.fixture
def template(released: Path, tmp_path: Path) -> Path:
    """The same, to do anything with."""
    return shutil.copytree(released, tmp_path / "shipshape", symlinks=True)


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Path:
    """A service with the file that fetches, in git."""
    folder = tmp_path / "orders"
    shutil.copytree(
        ROOT / "template/.shipshape",
        folder / ".shipshape",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (folder / "docs").mkdir()
    (folder / "docs" / "page.md").touch()
    answer(folder, template)
    return initialise(folder)


def answer(service: Path, source: object, release: str = "v0.9.0") -> None:
    """Write the answers file."""
    text = f"# written by Copier\n_commit: {release}\n_src_path: {source}\nservice: orders\n"
    (service / ".copier-answers.yml").write_text(text)


def python(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def run(service: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a service; any will do where none is given."""
    return python(service, ".shipshape", *(arguments or ("update",)), **variables)


def reported(service: Path, *arguments: str, **variables: str) -> Any:
    """What the commands reported."""
    done = run(service, *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def used(service: Path, **variables: str) -> Any:
    """The release whose commands were run."""
    return reported(service, **variables)["release"]


def refusal(service: Path, **variables: str) -> str:
    """The sentence of a command that could not be run."""
    before = git(service, "status", "--porcelain")
    done = run(service, "update", **variables)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert git(service, "status", "--porcelain") == before
    return done.stderr


# -- Which commands are run -----------------------------------------------------------------------


def test_the_commands_of_the_newest_release_are_run(service: Path) -> None:
    assert reported(service, "update", "--data", "a=b c") == {
        "release": "v0.10.0",
        "arguments": ["update", "--data", "a=b c"],
        "folder": str(service),
    }
    assert git(service, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("folder", "program"),
    [
        (".", (".shipshape/shipshape/template.py",)),
        ("docs", ("../.shipshape", "drift")),
        (".", ("-c", "import sys; from shipshape.template import main; sys.exit(main(['drift']))")),
    ],
    ids=["script", "from another folder", "module"],
)
def test_there_are_other_ways_to_run_them(
    service: Path, folder: str, program: tuple[str, ...]
) -> None:
    done = python(service / folder, *program, PYTHONPATH=str(service / ".shipshape"))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["folder"] == str(service)


def test_the_exit_code_is_theirs(service: Path, template: Path) -> None:
    write_commands(template, "v0.11.0", status=1)
    release(template, "v0.11.0")
    assert run(service).returncode == 1


def test_a_fault_is_fixed_by_the_release_itself(service: Path, template: Path) -> None:
    """And not one update later: the service has not changed."""
    (template / "updating" / "__main__.py").write_text("raise SystemExit('a fault')\n")
    release(template, "v0.11.0")
    done = run(service)
    assert (done.returncode, done.stderr) == (1, "a fault\n")
    write_commands(template, "v0.11.1")
    release(template, "v0.11.1")
    assert used(service) == "v0.11.1"


def test_without_a_release_the_branch_is_used(service: Path, template: Path) -> None:
    """As Copier does."""
    git(template, "tag", "--delete", "v0.9.0", "v0.10.0", "v1.0.0rc1", "nightly")
    assert used(service) == "main"
    write_commands(template, "later")
    commit(template)
    assert used(service) == "later"


def test_a_service_after_the_newest_release_is_not_given_older_commands(
    service: Path, template: Path
) -> None:
    answer(service, template, git(template, "describe", "--tags", "--match=v0.10.0").strip())
    assert used(service) == "main"


def test_a_commit_that_is_gone_is_left_to_the_commands(service: Path, template: Path) -> None:
    for unknown in ("v0.0.1", "--help", "''"):
        answer(service, template, unknown)
        assert used(service) == "v0.10.0"


def test_older_releases_have_no_commands(service: Path, template: Path) -> None:
    git(template, "rm", "--quiet", "-r", "updating")
    release(template, "v0.12.0")
    assert "v0.12.0 of the template has no commands for this service" in refusal(service)


# -- The copy of the template ---------------------------------------------------------------------


def test_the_copy_is_used_again(service: Path, template: Path) -> None:
    assert used(service) == "v0.10.0"
    mark = service / FOLDER / ".git" / "mark"
    mark.touch()
    write_commands(template, "v0.11.0")
    release(template, "v0.11.0")
    assert used(service) == "v0.11.0"
    assert mark.exists()


def test_what_was_changed_in_the_copy_is_restored(service: Path) -> None:
    assert used(service) == "v0.10.0"
    (service / FOLDER / "updating" / "__main__.py").write_text("1 / 0\n")
    assert used(service) == "v0.10.0"
    shutil.rmtree(service / FOLDER / "updating")
    assert used(service) == "v0.10.0"


def test_a_release_that_moved_or_is_gone_is_followed(service: Path, template: Path) -> None:
    assert used(service) == "v0.10.0"
    git(template, "tag", "--force", "v0.10.0", "main")
    assert used(service) == "main"
    git(template, "tag", "--delete", "v0.10.0")
    assert used(service) == "v0.9.0"


def test_another_address_is_followed(service: Path, template: Path) -> None:
    assert used(service) == "v0.10.0"
    other = template.with_name("other")
    git(template.parent, "init", "--quiet", str(other))
    write_commands(other, "other")
    release(other, "v0.1.0")
    answer(service, other)
    assert used(service) == "other"


def empty(copy: Path) -> None:
    shutil.rmtree(copy)
    copy.mkdir()


def no_head(copy: Path) -> None:
    (copy / ".git" / "HEAD").unlink()


def no_objects(copy: Path) -> None:
    shutil.rmtree(copy / ".git" / "objects")


def locked(copy: Path) -> None:
    (copy / ".git" / "index.lock").touch()


def locked_references(copy: Path) -> None:
    (copy / ".git" / "refs" / "tags" / "v0.11.0.lock").touch()


def a_file(copy: Path) -> None:
    shutil.rmtree(copy)
    copy.touch()


@pytest.mark.parametrize("damage", [empty, no_head, no_objects, locked, locked_references, a_file])
def test_a_damaged_copy_is_fetched_again(service: Path, template: Path, damage: Any) -> None:
    assert used(service) == "v0.10.0"
    write_commands(template, "v0.11.0")
    release(template, "v0.11.0")
    damage(service / FOLDER)
    assert used(service) == "v0.11.0"


@pytest.mark.parametrize("at", ["fetch", "checkout"])
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_an_interrupted_fetch_leaves_nothing_broken(
    service: Path, tmp_path: Path, at: str, by: signal.Signals
) -> None:
    programs, told = tmp_path / "programs", tmp_path / "told"
    programs.mkdir()
    (programs / "git").write_text(
        f'#!/bin/sh\nfor each; do [ "$each" = {at} ] && touch {told} && exec sleep 60; done\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, ".shipshape", "update"],
        cwd=service,
        env={**os.environ, **ENVIRONMENT, "PATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not told.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, by)
    _, said = process.communicate(timeout=30)
    if by is signal.SIGINT:
        assert (process.returncode, said) == (130, "error: stopped: nothing is changed here\n")
    assert git(service, "status", "--porcelain") == ""
    assert used(service) == "v0.10.0"


def test_two_commands_at_once_do_not_disturb_each_other(service: Path) -> None:
    command = [sys.executable, ".shipshape", "parts"]
    environment = os.environ | ENVIRONMENT
    running = [
        subprocess.Popen(command, cwd=service, env=environment, stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]


# -- The address ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["{}", "'{}'", '"{}"', "{}   # where it is", "{}\n# next", "git+file://{}", "\n  {}"],
)
def test_an_address_is_read_as_it_is_written(service: Path, template: Path, written: str) -> None:
    answer(service, written.format(template))
    assert used(service) == "v0.10.0"


def test_an_address_may_hold_what_yaml_quotes(service: Path, template: Path) -> None:
    odd = template.rename(template.with_name('it\'s a "template" \\ # 1 é'))
    doubled = str(odd).replace("'", "''")
    answer(service, f"'{doubled}'")
    assert used(service) == "v0.10.0"
    answer(service, json.dumps(str(odd)))
    assert used(service) == "v0.10.0"
    first, _, rest = doubled.partition(" ")  # as Copier folds a long line
    answer(service, f"'{first}\n    {rest}'")
    assert used(service) == "v0.10.0"


@pytest.mark.parametrize(
    ("short", "site"), [("gh", "https://github.com/"), ("gl", "https://gitlab.com/")]
)
def test_short_addresses_are_copiers(service: Path, template: Path, short: str, site: str) -> None:
    """The settings of the service's own repository count, and of nobody else's."""
    git(template.parent, "clone", "--quiet", "--bare", str(template), f"{template}.git")
    git(service, "config", f"url.{template.parent}/.insteadOf", f"{site}organisation/")
    answer(service, f"{short}:organisation/{template.name}")
    assert used(service) == "v0.10.0"


def test_a_relative_address_starts_at_the_service(service: Path, template: Path) -> None:
    answer(service, f"../{template.name}")
    done = python(service / "docs", "../.shipshape", "drift")
    assert json.loads(done.stdout)["release"] == "v0.10.0"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "there is no .copier-answers.yml, which says what to update from"),
        ("", ".copier-answers.yml lacks _src_path, the address of the template"),
        ("_commit: v0.9.0\n", ".copier-answers.yml lacks _src_path, the address of the template"),
        ("_src_path:\n_commit: v0.9.0\n", ".copier-answers.yml lacks _src_path"),
    ],
)
def test_an_address_is_needed(service: Path, text: str | None, sentence: str) -> None:
    path = service / ".copier-answers.yml"
    path.unlink() if text is None else path.write_text(text)
    assert sentence in refusal(service)


# -- Templates out of reach -----------------------------------------------------------------------


def test_a_moved_template_is_named(service: Path) -> None:
    answer(service, "/no/such/place.git")
    said = refusal(service)
    assert said.startswith("error: the template at /no/such/place.git cannot be reached: ")
    assert "write its new address as _src_path into .copier-answers.yml" in said


def test_a_bare_template_is_not_read_by_its_path_alone(service: Path, template: Path) -> None:
    bare = template.with_name("bare")
    git(template.parent, "clone", "--quiet", "--bare", str(template), str(bare))
    answer(service, bare)
    assert f"write _src_path: git+file://{bare} into .copier-answers.yml" in refusal(service)


def test_without_a_network_nothing_changes(service: Path, template: Path) -> None:
    assert used(service) == "v0.10.0"
    answer(service, "http://127.0.0.1:9/shipshape.git")
    assert "http://127.0.0.1:9/shipshape.git cannot be reached: " in refusal(service)
    assert (service / FOLDER / "updating" / "__main__.py").exists()


@pytest.fixture
def private(template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the template behind a login."""
    with behind_login(template, tmp_path) as address:
        yield f"{address}shipshape.git"


@pytest.mark.parametrize("where", ["user", "repository"])
def test_a_private_template_needs_credentials_of_git(
    service: Path, private: str, tmp_path: Path, where: str
) -> None:
    answer(service, private)
    variables = {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    said = refusal(service, **variables)
    assert f"the template at {private} cannot be reached: could not read Username" in said
    path = {"user": tmp_path / "gitconfig", "repository": service / ".git" / "config"}[where]
    configure(path, {"credential.helper": LOGIN})
    assert used(service, **variables) == "v0.10.0"


# -- Whatever is configured -----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["user", "repository"])
def test_the_same_is_run_whatever_git_is_configured_to(
    service: Path, tmp_path: Path, where: str
) -> None:
    path = {"user": tmp_path / "gitconfig", "repository": service / ".git" / "config"}[where]
    settings = {"fetch.fsckObjects": "true", "fetch.prune": "false", "remote.origin.url": "/x"}
    configure(path, hostile(tmp_path) | settings)
    for _ in range(2):
        assert used(service, GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig")) == "v0.10.0"
    text = (service / FOLDER / "updating" / "__main__.py").read_bytes()
    assert b"\r" not in text


def test_a_hook_of_git_can_run_them(service: Path) -> None:
    git_dir = service / ".git"
    variables = {"GIT_DIR": str(git_dir), "GIT_INDEX_FILE": str(git_dir / "index")}
    before = git(service, "ls-files", "--stage")
    assert used(service, **variables) == "v0.10.0"
    assert git(service, "ls-files", "--stage") == before


def test_git_must_be_installed(service: Path) -> None:
    assert "git is needed, and not installed" in refusal(service, PATH="/nowhere")


def test_what_the_system_refuses_is_named(service: Path) -> None:
    (service / ".tools").write_text("a file\n")
    commit(service)
    assert ".tools" in refusal(service)


def test_every_supported_python_can_run_it() -> None:
    for path in (ROOT / "template" / ".shipshape").rglob("*.py"):
        ast.parse(path.read_text("utf-8"), feature_version=(3, 11))
