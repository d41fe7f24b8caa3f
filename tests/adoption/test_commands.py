"""Adopting a project, and taking parts of the template: nothing is lost, whatever is in the way."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.lock import pip_index
from scripts.render import ROOT
from tests.configurations import configure, hostile
from tests.repositories import commit, files, git, initialise, release, unmerged
from tests.update.history import point_at
from updating import adopt as adopt_command

from .conftest import PROJECT, Run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("adoption")]

MARKER = b"<<<<<<< yours\n"


def adopt(run: Run, released: Path, project: Path, *options: str) -> tuple[int, str]:
    """The start, as its exit code and what it said."""
    done = run(project, "python3", released / "updating", "adopt", "--defaults", *options)
    return done.returncode, done.stdout + done.stderr


def command(run: Run, project: Path, *arguments: str) -> tuple[int, str]:
    """A command in the project."""
    done = run(project, "python3", ".shipshape", *arguments)
    return done.returncode, done.stdout + done.stderr


def kept(project: Path) -> list[str]:
    """What no update touches."""
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text("utf-8"))
    return list(answers.get("keep", []))


@pytest.fixture(scope="module")
def once(run: Run, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the first parts."""
    folder = shutil.copytree(PROJECT, tmp_path_factory.mktemp("once") / "parcels")
    initialise(folder)
    status, said = adopt(run, released, folder, "--part", "repository")
    assert status == 0, said
    commit(folder, "chore: adopt")
    status, said = command(run, folder, "parts")  # installs Copier
    assert status == 0, said
    return folder


@pytest.fixture
def adopted(once: Path, tmp_path: Path) -> Path:
    """The same, to do anything with."""
    return shutil.copytree(once, tmp_path / "parcels", symlinks=True)


def test_a_preview_changes_nothing(run: Run, released: Path, project: Path) -> None:
    before = files(project)
    status, said = adopt(run, released, project, "--preview")
    assert status == 0, said
    assert "It would begin with update. Nothing is changed." in said
    assert files(project) == before


def test_the_start_adds_what_does_not_differ(
    run: Run, released: Path, project: Path, once: Path
) -> None:
    before, after = files(project), files(once)
    assert {name: after.get(name) for name in before} == before
    assert {"SECURITY.md", "catalog-info.yaml", ".shipshape/shipshape/template.py"} <= after.keys()
    assert "/.github/CODEOWNERS" in kept(once)
    assert not {"Dockerfile.jinja", "poetry.lock", "delivery/__main__.py"} & after.keys()
    answers = yaml.safe_load(after[".copier-answers.yml"])
    assert (answers["service"], answers["package"], answers["owner"]) == (
        "parcels",
        "app",
        "@logistics/parcels",
    )
    assert answers["_commit"] == "v1.0.0"


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--part", "cheks"], "there is no part cheks"),
        (["--part", "chassis"], "chassis needs checks: name it too"),
        (["-d", "service"], "service is no answer: it must be NAME=VALUE"),
        (["-d", "service=Par cels"], "Start with a lowercase letter"),
        (["--template", "/nowhere"], "Local template must be a directory"),
        (["--release", "v9.9.9"], "v9.9.9"),
    ],
)
def test_the_start_says_what_is_wrong(
    run: Run, released: Path, project: Path, options: list[str], words: str
) -> None:
    before = files(project)
    status, said = adopt(run, released, project, *options)
    assert status == 2, said
    assert words in said.splitlines()[-1]
    assert "Traceback" not in said
    assert files(project) == before


@pytest.mark.parametrize("content", ['project = "x"\n', 'tool = "x"\n'])
def test_the_start_says_what_is_wrong_with_the_project(
    run: Run, released: Path, project: Path, content: str
) -> None:
    (project / "pyproject.toml").write_text(content)
    commit(project)
    name = content.split()[0]
    sentence = f"error: {name} in pyproject.toml must be a table, and is 'x'\n"
    assert adopt(run, released, project, "--preview") == (2, sentence)


@pytest.mark.long
def test_the_start_reads_whatever_there_is(run: Run, released: Path, project: Path) -> None:
    """Owners in another encoding, and a template by a path from where one is."""
    path = project / ".github" / "CODEOWNERS"
    path.write_bytes(b"# \xe9quipe\n" + path.read_bytes())
    (project / ".gitignore").write_text("SECURITY.md\n")
    commit(project)
    relative = os.path.relpath(released, project)
    status, said = adopt(run, released, project, "--template", relative, "--part", "repository")
    assert status == 0, said
    assert "owner: @logistics/parcels" in said
    assert "git ignores some of what is added" in said
    assert "add that yourself: git add --force SECURITY.md\n" in said
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text("utf-8"))
    assert answers["_src_path"] == str(released)


def test_the_start_can_be_stopped(
    run: Run, environment: dict[str, str], released: Path, project: Path, tmp_path: Path
) -> None:
    """Copier says so, for a terminal gives Ctrl-C to its questions alone."""
    before = files(project)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").write_text(
        '#!/bin/sh\n[ "$1" = venv ] || exit 0\nfor folder; do :; done\nmkdir -p "$folder/bin"\n'
        'printf "#!/bin/sh\\necho Execution stopped by user >&2; exit 1" > "$folder/bin/python"\n'
        'chmod +x "$folder/bin/python"\n'
    )
    (programs / "uv").chmod(0o755)
    path = f"{programs}{os.pathsep}{environment['PATH']}"
    template = shutil.copytree(
        released, tmp_path / "shipshape", ignore=shutil.ignore_patterns(".tools")
    )
    done = run(project, "env", f"PATH={path}", "python3", template / "updating", "adopt")
    assert done.returncode == 130, done.stderr
    assert done.stderr.endswith("\nerror: stopped: nothing is changed here\n")
    assert files(project) == before


@pytest.mark.parametrize(
    ("origin", "address"),
    [
        ("git@github.com:owner/shipshape.git", "https://github.com/owner/shipshape.git"),
        ("ssh://git@example.com:2222/a/shipshape", "https://example.com/a/shipshape"),
        ("https://token@example.com:8443/a/b.git", "https://example.com:8443/a/b.git"),
        ("https://github.com/owner/shipshape.git", "https://github.com/owner/shipshape.git"),
        ("/srv/git/shipshape.git", "/srv/git/shipshape.git"),
    ],
)
def test_services_are_given_an_address_that_their_jobs_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, address: str
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", origin)
    monkeypatch.setattr(adopt_command, "TEMPLATE", tmp_path)
    assert adopt_command.default_address() == address


def test_the_start_wants_a_clean_repository(run: Run, released: Path, project: Path) -> None:
    (project / "new.py").write_text("")
    status, said = adopt(run, released, project)
    assert (status, said) == (
        2,
        "error: there are changes that are not committed: commit or stash new.py\n",
    )
    shutil.rmtree(project / ".git")
    status, said = adopt(run, released, project)
    assert status == 2
    assert "is in no git repository" in said


def test_a_project_is_adopted_once(run: Run, released: Path, adopted: Path) -> None:
    status, said = adopt(run, released, adopted)
    assert status == 2
    assert "is under a template already" in said


@pytest.fixture
def real_uv(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment with the uv that fetches."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").symlink_to(ROOT / ".tools" / "bin" / "uv")
    path = f"{tmp_path / 'bin'}{os.pathsep}{environment['PATH']}"
    return environment | {"PATH": path, "UV_DEFAULT_INDEX": pip_index()}


@pytest.mark.long
@pytest.mark.parametrize("locked", [True, False], ids=["as locked", "with other hashes"])
def test_uv_installs_copier_as_it_is_locked(
    real_uv: dict[str, str], released: Path, adopted: Path, tmp_path: Path, locked: bool
) -> None:
    """By the lock of the newest release, whatever the service has."""
    shutil.rmtree(adopted / ".tools")
    if not locked:
        template = shutil.copytree(released, tmp_path / "shipshape", symlinks=True)
        lock = template / "updating" / "copier.lock"
        lock.write_text(re.sub("(?<=sha256:).{8}", "deadbeef", lock.read_text("utf-8")), "utf-8")
        release(template, "v1.0.1")
        point_at(adopted, template)
    before = files(adopted)
    command = ["python3", ".shipshape", "parts"]
    done = subprocess.run(
        command, cwd=adopted, env=real_uv, capture_output=True, text=True, check=False
    )
    if locked:
        assert done.returncode == 0, done.stderr
        assert "Next: python3 .shipshape take checks" in done.stdout
    else:
        assert done.returncode == 2, done.stdout
        progress, *sentence = done.stderr.splitlines()
        assert progress == "installing Copier into .tools/copier"
        assert len(sentence) == 1
        assert sentence[0].startswith("error: uv cannot install Copier as it is locked: ")
    assert files(adopted) == before


def test_parts_says_what_is_next(run: Run, adopted: Path) -> None:
    status, said = command(run, adopted, "parts")
    assert status == 0, said
    rows = {line[:10].strip(): line[12:19].strip() for line in said.splitlines()}
    assert (rows["repository"], rows["update"], rows["checks"]) == (
        "in part",
        "yes",
        "no",
    )
    assert "    .github/CODEOWNERS\n" in said
    assert "Next: python3 .shipshape take checks --preview" in said


@pytest.mark.long
def test_a_part_waits_for_what_it_needs(run: Run, adopted: Path) -> None:
    before = files(adopted)
    status, said = command(run, adopted, "take", "frame")
    assert status == 2
    assert said == "error: frame needs checks and chassis, not taken yet: take that first\n"
    assert files(adopted) == before


@pytest.mark.long
def test_a_preview_of_a_part_changes_nothing(run: Run, adopted: Path) -> None:
    before = files(adopted)
    status, said = command(run, adopted, "take", "checks", "--preview")
    assert status == 0, said
    assert "tools.lock would be added" in said
    assert "--- yours/Makefile" in said
    assert files(adopted) == before


def test_what_differs_is_a_conflict_with_both_versions(run: Run, adopted: Path) -> None:
    before = files(adopted)
    status, said = command(run, adopted, "take", "checks")
    assert status == 1, said
    assert unmerged(adopted) == [".gitignore", "Makefile", "pyproject.toml"]
    after = files(adopted)
    for name in unmerged(adopted):
        assert MARKER in after[name]
        assert {*before[name].splitlines()} <= {*after[name].splitlines()}
        assert git(adopted, "show", f":2:{name}").encode() == before[name]
        assert git(adopted, "show", f":3:{name}")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {*unmerged(adopted), ".copier-answers.yml"}
    assert "/Makefile" not in kept(adopted)


@pytest.mark.long
def test_both_are_the_same_whatever_git_is_configured_to(
    run: Run, released: Path, project: Path, once: Path, tmp_path: Path
) -> None:
    adopted = shutil.copytree(once, tmp_path / "reference" / "parcels", symlinks=True)
    configure(tmp_path / "gitconfig", hostile(tmp_path))
    python = ("env", f"GIT_CONFIG_GLOBAL={tmp_path / 'gitconfig'}", "python3")
    start = (released / "updating", "adopt", "--defaults", "--part", "repository")
    done = run(project, *python, *start)
    assert done.returncode == 0, done.stderr
    assert files(project) == files(once)
    commit(project, "chore: adopt")
    assert command(run, adopted, "take", "checks")[0] == 1
    done = run(project, *python, ".shipshape", "take", "checks")
    assert done.returncode == 1, done.stderr
    assert files(project) == files(adopted)
    stages = ("ls-files", "--stage")
    assert git(project, *stages) == git(adopted, *stages)


@pytest.mark.long
def test_what_differs_can_stay(run: Run, adopted: Path) -> None:
    before = files(adopted)
    status, said = command(run, adopted, "take", "checks", "--keep-mine")
    assert status == 0, said
    after = files(adopted)
    assert {name for name in before if before[name] != after[name]} == {".copier-answers.yml"}
    assert "tools.lock" in after
    assert {"/Makefile", "/pyproject.toml", "/.gitignore"} <= {*kept(adopted)}
    assert "/tools.lock" not in kept(adopted)


@pytest.mark.long
def test_named_files_stay_out_even_if_missing(run: Run, adopted: Path) -> None:
    status, said = command(run, adopted, "take", "checks", "--keep-mine", "poetry.lock", "Makefile")
    assert status == 1, said
    assert unmerged(adopted) == [".gitignore", "pyproject.toml"]
    assert not (adopted / "poetry.lock").exists()
    assert {"/poetry.lock", "/Makefile"} <= {*kept(adopted)}


def test_a_single_file_can_be_taken(run: Run, adopted: Path) -> None:
    status, said = command(run, adopted, "take", ".github/CODEOWNERS")
    assert status == 1, said
    assert unmerged(adopted) == [".github/CODEOWNERS"]
    assert "/.github/CODEOWNERS" not in kept(adopted)


def test_files_become_the_services_own(run: Run, adopted: Path) -> None:
    status, said = command(run, adopted, "keep", "/SECURITY.md")
    assert status == 0, said
    assert git(adopted, "status", "--porcelain").split() == ["M", ".copier-answers.yml"]
    assert "/SECURITY.md" in kept(adopted)
    assert "warning" not in said
    _, said = command(run, adopted, "keep", "/Dokcerfile")
    assert "warning: /Dokcerfile matches no file of v1.0.0" in said


OTHERWISE = ["/deploy", "/docs/", "/monitoring/grafana/", "/src/app/chassis/__init__.py"]
"""What a team may keep, in other patterns than those of the parts."""
DASHBOARD = "monitoring/grafana/dashboards/service.json"


@pytest.mark.long
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("chassis", "src/app/chassis/__init__.py would be added"),
        ("deploy", "deploy/base/deployment.yaml would be added"),
        ("monitoring", f"{DASHBOARD} would be added"),
        ("/monitoring/grafana/", f"{DASHBOARD} would be added"),
        (
            DASHBOARD,
            f"error: {DASHBOARD} is kept together with others, by /monitoring/grafana/ in keep: "
            "take /monitoring/grafana/",
        ),
        ("update", "error: update is kept together with others, by /docs/ in keep: take /docs/"),
        ("/docs/", "error: /docs/ needs deploy, not taken yet: take that first"),
    ],
)
def test_what_is_kept_otherwise_can_be_taken(
    run: Run, adopted: Path, what: str, words: str
) -> None:
    path = adopted / ".copier-answers.yml"
    answers = {**yaml.safe_load(path.read_text("utf-8")), "keep": OTHERWISE}
    path.write_text(yaml.safe_dump(answers), "utf-8")
    commit(adopted)
    status, said = command(run, adopted, "take", what, "--preview")
    assert status == (2 if words.startswith("error") else 0), said
    assert words in said.splitlines()


@pytest.mark.long
def test_a_difference_is_shown(run: Run, adopted: Path) -> None:
    status, said = command(run, adopted, "compare", ".github/CODEOWNERS")
    assert status == 0, said
    assert "-/app/models.py @logistics/data\n" in said


@pytest.mark.long
def test_other_ends_of_lines_are_a_difference(environment: dict[str, str], adopted: Path) -> None:
    path = adopted / "SECURITY.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    compare = ["python3", ".shipshape", "compare", "SECURITY.md"]
    said = subprocess.run(compare, cwd=adopted, env=environment, capture_output=True, check=True)
    assert b"-# Security\r\n" in said.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["take", "cheks"], "cheks is neither a part nor a file of the template"),
        (["take", "SECURITY.md"], "SECURITY.md is the template's already"),
        (["take", "deploy/base/deployment.yaml"], "take its part, deploy"),
        (["take", "update"], "there is nothing to take of update"),
        (["take", "checks", "--keep-mine", "app/main.py"], "app/main.py is none of these files"),
        (["compare", "app/main.py"], "app/main.py is none of these files"),
        (["keep", "Makefile"], "Makefile must start with a slash"),
    ],
)
def test_the_commands_say_what_is_wrong(
    run: Run, adopted: Path, arguments: list[str], words: str
) -> None:
    before = files(adopted)
    status, said = command(run, adopted, *arguments)
    assert status == 2, said
    assert words in said
    assert len(said.splitlines()) == 1
    assert files(adopted) == before


@pytest.mark.long
def test_what_is_not_in_git_is_not_touched(run: Run, adopted: Path) -> None:
    (adopted / ".git" / "info" / "exclude").write_text("/tools.lock\n")
    (adopted / "tools.lock").write_text("of the team\n")
    before = files(adopted)
    status, said = command(run, adopted, "take", "checks")
    assert status == 2
    assert "tools.lock is not in git" in said
    assert files(adopted) == before


@pytest.mark.long
def test_what_is_not_checked_out_is_not_overwritten(run: Run, adopted: Path) -> None:
    (adopted / "tools.lock").write_text("of the team\n")
    commit(adopted)
    git(adopted, "sparse-checkout", "set", "--no-cone", "/*", "!/tools.lock")
    status, said = command(run, adopted, "take", "checks")
    assert status == 2
    assert "tools.lock is in git, but not checked out here" in said
    assert not (adopted / "tools.lock").exists()


@pytest.mark.long
def test_what_has_something_in_its_way_is_not_taken(run: Run, adopted: Path) -> None:
    (adopted / "tools.lock").mkdir()
    (adopted / "tools.lock" / "note").write_text("of the team\n")
    commit(adopted, "feat: a folder")
    before = files(adopted)
    status, said = command(run, adopted, "take", "checks")
    assert status == 2
    assert "tools.lock cannot be added: a folder, a file or a link is in its way" in said
    assert files(adopted) == before


@pytest.mark.long
def test_what_fails_on_the_way_is_taken_back(run: Run, adopted: Path) -> None:
    """git merges no file that holds a zero byte."""
    (adopted / "pyproject.toml").write_bytes(b"\0")
    commit(adopted, "feat: no text")
    before = files(adopted)
    status, said = command(run, adopted, "take", "checks")
    assert status == 2, said
    assert files(adopted) == before
    assert git(adopted, "status", "--porcelain") == ""
