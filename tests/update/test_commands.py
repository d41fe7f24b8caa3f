"""`python3 .shipshape`: what a service's commands show, take, propose, and refuse."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import export
from tests.configurations import configure
from tests.repositories import append, commit, git
from tests.update.template_of_releases import (
    NEW,
    OLD,
    Service,
    install_copier,
    release,
    template_of_releases,
)

pytestmark = pytest.mark.slow

MARKERS = ("<<<<<<< ", ">>>>>>> ")
FORGES = {"github": "gh", "gitlab": "glab"}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of two releases, which no test changes."""
    return template_of_releases(tmp_path_factory.mktemp("releases") / "template")


@pytest.fixture(scope="module")
def started(released: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A service of the first release for each forge."""
    folder = tmp_path_factory.mktemp("started")
    return {ci: Service.start(released, folder / ci / "orders", ci).folder for ci in FORGES}


@pytest.fixture
def service(started: dict[str, Path], tmp_path: Path) -> Service:
    """One to do anything with, on GitHub."""
    return copied(started["github"], tmp_path)


def copied(source: Path, folder: Path) -> Service:
    temporary = folder / "temporary"
    temporary.mkdir()
    target = shutil.copytree(source, folder / "orders", symlinks=True)
    return Service(target, {"TMPDIR": str(temporary)})


@pytest.fixture
def template(released: Path, tmp_path: Path, service: Service) -> Path:
    """A template for further releases, which the service comes from."""
    folder = shutil.copytree(released, tmp_path / "template", symlinks=True)
    service.answer(_src_path=str(folder))
    return folder


def in_a_hook(service: Service) -> None:
    """Run its commands as a hook of git would, with the repository in variables."""
    git_dir = service.folder / ".git"
    service.variables |= {"GIT_DIR": str(git_dir), "GIT_INDEX_FILE": str(git_dir / "index")}


def without_uv(path: str, folder: Path) -> str:
    """A PATH with everything but uv, in a folder of links."""
    folder.mkdir()
    for each in reversed(path.split(os.pathsep)):
        for program in Path(each).glob("*"):
            (folder / program.name).unlink(missing_ok=True)
            if program.name != "uv":
                (folder / program.name).symlink_to(program)
    return str(folder)


def is_tidy(service: Service) -> bool:
    """Whether nothing is left of what a command needed for a while."""
    worktrees = git(service.folder, "worktree", "list").splitlines()
    return len(worktrees) == 1 and not list(Path(service.variables["TMPDIR"]).iterdir())


def refusal(service: Service, *arguments: str) -> str:
    """The sentence with which a command stops, having changed nothing."""
    before = service.state()
    done = service.update(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert service.state() == before
    assert not list(Path(service.variables["TMPDIR"]).iterdir())
    return done.stderr


# -- Preview and update ---------------------------------------------------------------------------


def test_a_preview_shows_all_and_changes_nothing(service: Service) -> None:
    service.replace("settings.txt", "line 5", "line of the team")
    before = service.state()
    done = service.update("preview", "--diff")
    assert done.returncode == 0, done.stderr
    for expected in (
        f"from {OLD} to {NEW}",
        "## To do by hand\n\n### 0.2.0\n\nTurn it by hand.\n",
        "## What is new\n\n### 0.2.0\n\n#### Added\n\n- A new file.\n",
        "## Answered by default\n\n- `tier`: `gold`\n",
        "## Conflicts\n\n- `settings.txt`\n",
        "## Deleted files\n\n- `chassis/old.txt`\n",
        "## Added files\n\n- `chassis/new.txt`\n",
        "+<<<<<<< before updating\n",
        "Nothing is changed yet.",
    ):
        assert expected in done.stdout, done.stdout
    for other in ("The first one", "Not yet", "poetry.lock", "example.txt"):
        assert other not in done.stdout
    assert service.state() == before
    assert is_tidy(service)


def test_an_update_is_taken_once(service: Service) -> None:
    service.replace("settings.txt", "line 0", "line of the team")
    done = service.update("update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make lock install generate check" in done.stdout
    assert "Conflicts" not in done.stdout
    text = (service.folder / "settings.txt").read_text()
    assert text.startswith("line of the team\n")
    assert "line five\n" in text
    assert not (service.folder / "chassis/old.txt").exists()
    assert (service.folder / "chassis/new.txt").read_text() == "new\n"
    assert (service.folder / "poetry.lock").read_text() == "locked\n"
    assert (service.answers()["_commit"], service.answers()["tier"]) == (NEW, "gold")
    assert is_tidy(service)

    commit(service.folder, "chore: update")
    before = service.state()
    for command in ("update", "propose"):
        done = service.update(command)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("this is the newest release of the template: nothing to ")
    assert service.state() == before


def test_a_conflict_is_gits_and_can_be_taken_back(service: Service) -> None:
    service.replace("settings.txt", "line 5", "line of the team")
    before = service.state()
    done = service.update("update")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "## Conflicts\n\n- `settings.txt`\n" in done.stdout
    assert "1 file is in conflict" in done.stdout
    stages = git(service.folder, "ls-files", "--unmerged").splitlines()
    assert [line.split()[2:] for line in stages] == [[it, "settings.txt"] for it in "123"]
    assert all(marker in (service.folder / "settings.txt").read_text() for marker in MARKERS)
    assert not list(service.folder.rglob("*.rej"))
    git(service.folder, "checkout", "--ours", "settings.txt")
    assert "line of the team" in (service.folder / "settings.txt").read_text()
    git(service.folder, "checkout", "--theirs", "settings.txt")
    assert "line five" in (service.folder / "settings.txt").read_text()
    git(service.folder, "reset", "--quiet", "--hard")
    assert service.state() == before


def test_a_file_in_the_way_is_not_overwritten(template: Path, service: Service) -> None:
    not_ignored = {"template/.gitignore": ".tools/\n__pycache__/\n"}
    release(template, "v0.3.0", {**not_ignored, "template/ignored.txt": "the template's\n"})
    (service.folder / "ignored.txt").write_text("of the team\n")
    assert "ignored.txt" in refusal(service, "update")


def test_answers_can_be_given(service: Service) -> None:
    done = service.update("update", "--data", "tier=silver")
    assert done.returncode == 0, done.stderr
    assert service.answers()["tier"] == "silver"


@pytest.mark.long
def test_several_answers_can_be_given_in_one_text(service: Service) -> None:
    """As `make update data="…"` passes them."""
    text = "tier=silver with = signs owner=@other/team"
    done = service.update("update", "--data", text)
    assert done.returncode == 0, done.stderr
    found = service.answers()
    assert (found["tier"], found["owner"]) == ("silver with = signs", "@other/team")


@pytest.mark.long
def test_an_answer_can_be_changed_after_the_newest_release(
    template: Path, service: Service
) -> None:
    """A service of a later commit stays there: Copier would refuse to go back to the release."""
    assert service.update("update").returncode == 0
    commit(service.folder)
    (template / "README.md").write_text("new\n")
    commit(template)
    later = git(template, "describe", "--tags").strip()
    service.answer(_commit=later)
    done = service.update("update", "--data", "owner=@other/team")
    assert done.returncode == 0, done.stderr
    assert (service.answers()["_commit"], service.answers()["owner"]) == (later, "@other/team")


@pytest.mark.long
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("owner=", "'' is no answer to owner. It must be a handle such as @organisation/team."),
        ("tier", "tier is no answer: it must be NAME=VALUE"),
        ("tire=silver", "tire is not a question of the template"),
        ("tier=a owner=@b/c tire=d", "tire is not a question of the template"),
    ],
)
def test_a_bad_answer_is_the_one_that_is_blamed(service: Service, data: str, sentence: str) -> None:
    assert refusal(service, "update", "--data", data) == f"error: {sentence}\n"


@pytest.mark.long
def test_who_reads_a_preview_may_stop_early(service: Service) -> None:
    process = subprocess.Popen(
        service.command("preview", "--diff"),
        cwd=service.folder,
        env={**os.environ, **service.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait()
    assert is_tidy(service)


@pytest.mark.long
def test_what_git_cannot_write_is_undone(template: Path, service: Service) -> None:
    attributes = {"template/.gitattributes": "new.txt filter=faulty\n"}
    release(template, "v0.3.0", {**attributes, "template/zzz/new.txt": "new\n"})
    for name, value in {"clean": "cat", "smudge": "false", "required": "true"}.items():
        git(service.folder, "config", f"filter.faulty.{name}", value)
    assert "external filter 'false' failed" in refusal(service, "update")
    assert git(service.folder, "status", "--porcelain") == ""


@pytest.fixture
def slow_copier(service: Service, tmp_path: Path) -> Path:
    """In place of Copier one that damages the service's copy, tells so, and does not end.

    It does so AT its command update, or at another.
    """
    told = tmp_path / "told"
    install_copier(
        service.folder,
        f'if [ "$1 $2 $3" = "-m copier ${{AT-update}}" ]; then for folder; do :; done\n'
        f'rm "$folder/settings.txt"; echo > {told}\n'
        '[ -n "$FAIL" ] && { echo "fatal: half done" >&2; exit 1; }\nexec sleep 60; fi\n',
    )
    return told


def test_what_fails_halfway_changes_nothing(service: Service, slow_copier: Path) -> None:
    service.variables["FAIL"] = "1"
    assert refusal(service, "update") == "error: Copier cannot update: half done\n"
    assert slow_copier.exists()
    assert is_tidy(service)


@pytest.mark.long
@pytest.mark.parametrize(
    ("by", "at"),
    [(signal.SIGINT, "update"), (signal.SIGTERM, "update"), (signal.SIGINT, "copy")],
    ids=["SIGINT", "SIGTERM", "SIGINT at the report"],
)
def test_what_is_stopped_changes_nothing(
    service: Service, slow_copier: Path, by: signal.Signals, at: str
) -> None:
    service.variables["AT"] = at
    before = service.state()
    process = subprocess.Popen(
        service.command("update"),
        cwd=service.folder,
        env={**os.environ, **service.variables},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as a terminal, which tells all of it
    )
    deadline = time.monotonic() + 30
    while not slow_copier.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, by)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert said == "error: stopped: nothing is changed here\n"
    assert service.state() == before
    assert is_tidy(service)


# -- What is refused ------------------------------------------------------------------------------


def no_repository(service: Service) -> None:
    shutil.rmtree(service.folder / ".git")


def no_commit(service: Service) -> None:
    no_repository(service)
    git(service.folder, "init", "--quiet")


def part_of_another(service: Service) -> None:
    no_repository(service)
    git(service.folder.parent, "init", "--quiet")


def dirty(service: Service) -> None:
    (service.folder / "settings.txt").write_text("edited\n")
    (service.folder / "scratch.txt").write_text("new\n")


def unfinished_merge(service: Service) -> None:
    git(service.folder, "switch", "--quiet", "--create", "other")
    service.replace("settings.txt", "line 5", "line of the other")
    git(service.folder, "switch", "--quiet", "main")
    git(service.folder, "merge", "--quiet", "--no-ff", "--no-commit", "other")


def no_answers(service: Service) -> None:
    (service.folder / ".copier-answers.yml").unlink()
    commit(service.folder)


def answers_that_are(text: str) -> Callable[[Service], None]:
    def prepare(service: Service) -> None:
        (service.folder / ".copier-answers.yml").write_text(text)
        commit(service.folder)

    return prepare


def with_line(line: str) -> Callable[[Service], None]:
    def prepare(service: Service) -> None:
        append(service.folder / ".copier-answers.yml", f"{line}\n")
        commit(service.folder)

    return prepare


def of_another_user(service: Service) -> None:
    service.variables["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"  # git's own way to test this


def bare_template(service: Service) -> None:
    folder = service.folder.with_name("bare")
    git(service.folder, "init", "--quiet", "--bare", str(folder))
    service.answer(_src_path=str(folder))


def answers_with(**changed: object) -> Callable[[Service], None]:
    return lambda service: service.answer(**changed)


BAD_INPUT: dict[str, tuple[Callable[[Service], None], str]] = {
    "no repository": (no_repository, "is in no git repository"),
    "nothing committed": (no_commit, "nothing is committed yet"),
    "a part of another": (part_of_another, "is a part of the repository"),
    "dirty": (dirty, "commit or stash settings.txt, scratch.txt"),
    "a merge": (unfinished_merge, "a merge is not finished: finish or abort it"),
    "no answers file": (no_answers, "there is no .copier-answers.yml"),
    "no YAML": (with_line("a: b: c"), "is no YAML: mapping values are not allowed"),
    "no answers": (answers_that_are("orders\n"), "lacks _src_path, the address of"),
    "an empty file": (answers_that_are("\n"), "lacks _src_path, the address of"),
    "no _commit": (answers_with(_commit=None), "lacks _commit, the release that"),
    "no _src_path": (answers_with(_src_path=None), "lacks _src_path, the address of"),
    "an unknown commit": (answers_with(_commit="v0.0.9"), "a release that it has: v0.2.0, v0.1.0"),
    "an option as commit": (answers_with(_commit="--help"), "the template has no --help"),
    "another user's": (of_another_user, "run `git config --global --add safe.directory "),
    "a bare template": (bare_template, "write _src_path: git+file://"),
    "a moved template": (answers_with(_src_path="/no/such/place.git"), "write its new address as"),
    "no network": (
        answers_with(_src_path="http://127.0.0.1:9/shipshape.git"),
        "http://127.0.0.1:9/shipshape.git cannot be reached: ",
    ),
}


@pytest.mark.parametrize("fault", BAD_INPUT)
def test_bad_input_is_refused_in_a_sentence(service: Service, fault: str) -> None:
    prepare, sentence = BAD_INPUT[fault]
    prepare(service)
    assert sentence in refusal(service, "update")


@pytest.mark.parametrize("fault", ["no YAML", "an unknown commit", "a moved template"])
def test_drift_needs_the_answers_too(service: Service, fault: str) -> None:
    prepare, sentence = BAD_INPUT[fault]
    prepare(service)
    assert sentence in refusal(service, "drift")


def test_copier_must_be_installed(service: Service) -> None:
    shutil.rmtree(service.folder / ".tools/copier")
    service.variables["PATH"] = without_uv(os.environ["PATH"], service.folder.parent / "bin")
    assert "Copier is not installed: `make update-preview` installs it" in refusal(service, "drift")


@pytest.mark.long
def test_another_lock_installs_copier_anew(service: Service, tmp_path: Path) -> None:
    """As the next release may have; what was installed is deleted."""
    installed = service.folder / ".tools" / "copier"
    shutil.copy(installed / "bin" / "python", tmp_path)
    (installed / "copier.lock").write_text("copier==0\n")
    uv = service.folder / ".tools" / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(
        f'#!/bin/sh\nfor last; do :; done\n[ "$1" = pip ] || {{ mkdir -p "$last/bin" && '
        f'cp {tmp_path}/python "$last/bin"; }}\necho "$1 $last" >> {tmp_path}/told\n'
    )
    uv.chmod(0o755)
    lock = service.folder / ".tools" / "template" / "updating" / "copier.lock"
    for progress in ("installing Copier into .tools/copier\n", ""):
        done = service.update("drift")
        assert (done.returncode, done.stderr) == (0, progress)
    assert (tmp_path / "told").read_text() == f"venv {installed}\npip {lock}\n"


@pytest.mark.long
def test_an_answer_that_never_held_is_named(service: Service) -> None:
    service.answer(owner="nobody", of_another_time=1)
    said = refusal(service, "update")
    assert "'nobody' is no answer to owner. It must be a handle such as @organisation/team." in said
    assert "Put that right in .copier-answers.yml" in said


@pytest.mark.long
def test_an_answer_that_no_longer_holds_is_not_replaced(template: Path, service: Service) -> None:
    text = (template / "copier.yml").read_text("utf-8")
    stricter = text.replace("owner[0] != '@'", "'/' not in owner").replace("@some", "@any")
    release(template, "v0.3.0", {"copier.yml": stricter})
    service.answer(owner="@nobody")
    said = refusal(service, "update")
    assert "v0.3.0 does not take '@nobody' for owner, but would put its default" in said
    assert "'@any/team'. It must be a handle such as @organisation/team. Give the answer" in said

    assert "It must be a handle" in refusal(service, "update", "--data", "owner=nobody")
    done = service.update("update", "--data", "owner=@other/team")
    assert done.returncode == 0, done.stderr
    assert service.answers()["owner"] == "@other/team"


# -- Drift ----------------------------------------------------------------------------------------


@pytest.fixture
def drifted(service: Service) -> Service:
    """A service with changes of the team, two of them in files that are the template's."""
    service.replace("chassis/wheels.txt", "line 5", "line of the team")
    service.replace("settings.txt", "line 5", "line of the team")
    (service.folder / "chassis/old.txt").unlink()
    (service.folder / "chassis/own.txt").write_text("of the team\n")
    (service.folder / "example.txt").unlink()
    (service.folder / "poetry.lock").write_text("locked by the team\n")
    commit(service.folder)
    return service


def test_no_drift(service: Service) -> None:
    done = service.update("drift")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"the files of the template are as {OLD} has them\n"


def test_drift_is_listed_and_can_be_undone(drifted: Service) -> None:
    before = drifted.state()
    done = drifted.update("drift")
    assert done.returncode == 1, done.stderr
    listed = done.stdout.split("\n\n")[0].splitlines()[1:]
    assert listed == ["  missing  chassis/old.txt", "  changed  chassis/wheels.txt"]
    assert "-line 5\n+line of the team\n" in done.stdout
    assert drifted.state() == before
    assert is_tidy(drifted)

    command = ["git", "apply", "--reverse"]
    subprocess.run(command, cwd=drifted.folder, input=done.stdout, text=True, check=True)
    assert drifted.update("drift").returncode == 0


@pytest.mark.long
def test_drift_can_be_undone_whatever_is_configured(drifted: Service) -> None:
    config = drifted.folder.with_name("gitconfig")
    drifted.folder.with_name("attributes").write_text("*.txt diff=shouted\n")
    settings = {
        "core.attributesFile": str(drifted.folder.with_name("attributes")),
        "diff.context": "0",
        "diff.noprefix": "true",
        "diff.shouted.textconv": "tr a-z A-Z <",
    }
    configure(config, settings)
    drifted.variables["GIT_CONFIG_GLOBAL"] = str(config)
    (drifted.folder / "chassis/wheels.txt").write_bytes(b"\0")
    commit(drifted.folder)
    git(drifted.folder, "apply", "--reverse", given=drifted.update("drift").stdout)
    assert drifted.update("drift").returncode == 0


def test_a_hook_of_git_sees_the_drift(drifted: Service) -> None:
    before = drifted.state()
    in_a_hook(drifted)
    assert "  changed  chassis/wheels.txt\n" in drifted.update("drift").stdout
    assert drifted.state() == before


def test_drift_is_a_warning_on_github(drifted: Service) -> None:
    done = drifted.update("drift", "--warn")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"::warning file={name}::{name}: {word} since {OLD} of the template"
        for name, word in (("chassis/old.txt", "missing"), ("chassis/wheels.txt", "changed"))
    ]


def test_a_release_that_owns_nothing_says_so(template: Path, service: Service) -> None:
    text = (template / "copier.yml").read_text().replace("_ownership:", "_other:")
    release(template, "v0.3.0", {"copier.yml": text})
    service.answer(_commit="v0.3.0")
    assert "v0.3.0 of the template does not say yet" in refusal(service, "drift")


# -- Proposals ------------------------------------------------------------------------------------


class Forge:
    """A service with a remote, and a stand-in for the forge's program."""

    def __init__(self, service: Service, ci: str, folder: Path) -> None:
        self.service, self.ci = service, ci
        self.remote, self.file = folder / "remote.git", folder / "state.json"
        subprocess.run(["git", "init", "--quiet", "--bare", self.remote], check=True)
        git(service.folder, "remote", "add", "origin", str(self.remote))
        git(service.folder, "push", "--quiet", "origin", "main")
        source = Path(__file__).parents[1] / "forges" / f"{FORGES[ci]}.py"
        program = folder / "bin" / FORGES[ci]
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(source)])} "$@"\n')
        program.chmod(0o755)
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        service.variables |= {"PATH": path, "STATE": str(self.file)}

    def propose(self) -> str:
        """What the command says."""
        before = self.service.state()
        done = self.service.update("propose")
        assert done.returncode == 0, done.stdout + done.stderr
        after = self.service.state()
        assert {**before, "for-each-ref": ""} == {**after, "for-each-ref": ""}
        assert is_tidy(self.service)
        return done.stdout

    def requests(self) -> list[dict[str, object]]:
        """All requests there are, in the forge's words."""
        found = json.loads(self.file.read_text())
        return list(found["pulls" if self.ci == "github" else "requests"])

    def end(self, merged: bool) -> None:
        """Have people merge or close the newest request, and the forge delete its branch."""
        state = json.loads(self.file.read_text())
        if self.ci == "github":
            state["pulls"][-1] |= {
                "state": "closed",
                "merged_at": "2026-11-23T04:17:00Z" if merged else None,
            }
        else:
            state["requests"][-1]["state"] = "merged" if merged else "closed"
        self.file.write_text(json.dumps(state))
        git(self.remote, "branch", "--quiet", "-D", "template-update")

    def request(self) -> dict[str, object]:
        """The one request there is, in GitHub's words."""
        [found] = self.requests()
        if self.ci == "github":
            return found
        given = str(found["title"])
        title, draft = given.removeprefix("Draft: "), given.startswith("Draft: ")
        return {**found, "title": title, "draft": draft, "body": found["description"]}

    def branch(self, *arguments: str) -> str:
        """What git says of the branch at the remote."""
        return git(self.remote, *arguments, "template-update").strip()


@pytest.fixture(params=FORGES)
def forge(request: pytest.FixtureRequest, started: dict[str, Path], tmp_path: Path) -> Forge:
    return Forge(copied(started[request.param], tmp_path), request.param, tmp_path)


@pytest.mark.long
def test_an_update_is_proposed_once_and_refreshed(forge: Forge) -> None:
    forge.service.replace("chassis/wheels.txt", "line 9", "line of the team")
    in_a_hook(forge.service)
    assert f"chore: update the template to {NEW}: https://" in forge.propose()
    request = forge.request()
    assert request["title"] == f"chore: update the template to {NEW}"
    assert request["draft"] is False
    body = str(request["body"])
    for expected in (
        f"from {OLD} to {NEW}",
        "Turn it by hand.",
        "- A new file.",
        "- `tier`: `gold`",
        "## Deleted files\n\n- `chassis/old.txt`",
        "- `make lock` passed\n- `make generate` passed\n- `make check` passed",
        "## The template's files with changes of yours\n\n- `chassis/wheels.txt`, changed",
    ):
        assert expected in body, body
    assert "## Conflicts" not in body
    first = forge.branch("rev-parse")
    assert forge.branch("show", "--format=%s", "--no-patch") == request["title"]
    assert git(forge.remote, "show", f"{first}:poetry.lock") == "locked\nlocked\n"
    assert git(forge.remote, "show", f"{first}:generated.txt") == "generated\n"
    assert git(forge.remote, "rev-parse", f"{first}^") == git(
        forge.service.folder, "rev-parse", "HEAD"
    )

    assert f"{NEW} is proposed already: https://" in forge.propose()
    assert forge.branch("rev-parse") == first

    forge.service.replace("settings.txt", "line 5", "line of the team")
    assert "with 1 conflict: https://" in forge.propose()
    request = forge.request()
    assert request["draft"] is True
    assert request["title"] == f"chore: update the template to {NEW} with 1 conflict"
    body = str(request["body"])
    assert "## Conflicts\n\n- `settings.txt`" in body
    assert "- `make check` failed" in body
    assert "<<<<<<< before updating\n" in body
    assert "to be resolved by people in:\n\n- settings.txt" in forge.branch(
        "show", "--format=%B", "--no-patch"
    )
    assert "<<<<<<< " in git(forge.remote, "show", "template-update:settings.txt")


@pytest.mark.long
def test_a_repository_without_drafts_gets_a_request(
    started: dict[str, Path], tmp_path: Path
) -> None:
    forge = Forge(copied(started["github"], tmp_path), "github", tmp_path)
    forge.service.variables["NO_DRAFTS"] = "1"
    for team in ("line of the team", "another line of the team"):
        forge.service.replace("settings.txt", "line 5", team)
        assert "with 1 conflict: https://" in forge.propose()
        assert forge.request()["draft"] is False
        forge.service.replace("settings.txt", team, "line 5")


@pytest.mark.long
def test_what_people_closed_is_not_proposed_again(
    forge: Forge, released: Path, tmp_path: Path
) -> None:
    forge.service.replace("settings.txt", "line 5", "line of the team")  # a draft, by its title
    forge.propose()
    forge.end(merged=True)
    assert f"chore: update the template to {NEW} with 1 conflict: https://" in forge.propose()

    forge.end(merged=False)
    said = forge.propose()
    assert said.startswith(f"{NEW} was proposed, and closed without merging: https://"), said
    assert len(said.splitlines()) == 1
    assert len(forge.requests()) == 2
    assert git(forge.remote, "branch", "--list", "template-update") == ""

    template = shutil.copytree(released, tmp_path / "template", symlinks=True)
    release(template, "v0.3.0", {"template/chassis/newer.txt": "newer\n"})
    forge.service.answer(_src_path=str(template))
    assert "chore: update the template to v0.3.0 with 1 conflict: https://" in forge.propose()
    assert len(forge.requests()) == 3
    assert "newer.txt" in forge.branch("ls-tree", "-r", "--name-only")


@pytest.mark.long
def test_the_work_of_people_is_not_overwritten(
    released: Path, started: dict[str, Path], tmp_path: Path
) -> None:
    forge = Forge(copied(started["github"], tmp_path), "github", tmp_path)
    forge.propose()
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch=template-update", str(forge.remote), str(clone))
    (clone / "settings.txt").write_text("resolved\n")
    commit(clone, "fix: resolved by hand")
    git(clone, "push", "--quiet")
    theirs = forge.branch("rev-parse")

    assert f"has {NEW} and commits of people: it stays as it is" in forge.propose()
    template = shutil.copytree(released, tmp_path / "template", symlinks=True)
    release(template, "v0.3.0", {"template/chassis/newer.txt": "newer\n"})
    forge.service.answer(_src_path=str(template))
    said = refusal(forge.service, "propose")
    assert "Ann: fix: resolved by hand. Merge or delete it" in said
    assert "the next run then proposes v0.3.0" in said
    assert forge.branch("rev-parse") == theirs


@pytest.mark.long
def test_what_is_deleted_with_changes_is_named_apart(
    template: Path, service: Service, tmp_path: Path
) -> None:
    release(template, "v0.3.0", {"template/chassis/wheels.txt": None})
    service.replace("chassis/wheels.txt", "line 9", "line of the team")
    forge = Forge(service, "github", tmp_path)
    forge.propose()
    reports = [str(forge.request()["body"])]
    for command in ("preview", "update"):
        done = service.update(command)
        assert done.returncode == 0, done.stdout + done.stderr
        reports.append(done.stdout)
    for report in reports:
        found = re.search(
            r"## Deleted files with changes of yours\n\n(.*?)\n\n(- .*?)\n\n"
            r"## Deleted files\n\n(- .*?)\n\n",
            report,
            re.DOTALL,
        )
        assert found, report
        assert found.groups()[1:] == ("- `chassis/wheels.txt`", "- `chassis/old.txt`")
        [how] = re.findall("`git show (.*):PATH`", found[1])
        assert "line of the team" in git(service.folder, "show", f"{how}:chassis/wheels.txt")


@pytest.mark.long
@pytest.mark.parametrize(
    ("ci", "refused", "sentence"),
    [
        (
            "github",
            "refusing to allow a GitHub App to create or update workflow "
            "`.github/workflows/merge.yml` without `workflows` permission",
            "the token may not change workflows, as the update does: set the secret UPDATE_TOKEN",
        ),
        (
            "gitlab",
            "GitLab: You are not allowed to push code to this project.",
            "the token may not push: set the variable UPDATE_TOKEN",
        ),
        (
            "gitlab",
            "unable to access 'https://gitlab.example.com/': The requested URL returned error: 403",
            "the token may not push: set the variable UPDATE_TOKEN",
        ),
        ("github", "the disk is full", "the branch template-update cannot be pushed: "),
        ("gitlab", "object 4403f1 is lost", "the branch template-update cannot be pushed: "),
    ],
)
def test_a_push_that_is_refused(
    started: dict[str, Path], tmp_path: Path, ci: str, refused: str, sentence: str
) -> None:
    forge = Forge(copied(started[ci], tmp_path), ci, tmp_path)
    hook = forge.remote / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho {shlex.quote(refused)} >&2\nexit 1\n")
    hook.chmod(0o755)
    done = forge.service.update("propose")
    assert done.returncode == 2
    assert f"error: {sentence}" in done.stderr
    assert not forge.file.exists() or "POST" not in forge.file.read_text()
    assert is_tidy(forge.service)


def test_a_proposal_needs_a_branch(service: Service) -> None:
    git(service.folder, "checkout", "--quiet", "--detach")
    assert "no branch is checked out" in refusal(service, "propose")


@pytest.mark.long
def test_a_proposal_needs_a_remote(service: Service) -> None:
    assert "origin cannot be reached: " in refusal(service, "propose")


# -- The targets ----------------------------------------------------------------------------------


@pytest.mark.long
def test_make_installs_copier_by_its_lock_and_once(tmp_path: Path) -> None:
    template = export(tmp_path / "template")
    git(template, "init", "--quiet", "--initial-branch", "main")
    release(template, OLD, {})
    service = Service.start(template, tmp_path / "orders")
    tools = service.folder / ".tools"
    shutil.rmtree(tools)

    def preview() -> str:
        command = ["make", "--silent", "update-preview", f"PYTHON={sys.executable}"]
        done = subprocess.run(command, cwd=service.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "this is the newest release of the template: nothing to update\n"
        return done.stderr

    # Without a uv on the PATH, pip installs one first.
    first = preview().removeprefix("installing uv into .tools\n")
    assert first == "installing Copier into .tools/copier\n"
    assert preview() == ""
    version = subprocess.run(
        [tools / "copier/bin/python", "-m", "copier", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    lock = (template / "updating/copier.lock").read_text("utf-8")
    assert f"copier=={version.stdout.split()[1]} " in lock
    assert git(service.folder, "status", "--porcelain") == ""
