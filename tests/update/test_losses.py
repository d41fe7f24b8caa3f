"""Nothing is lost in an update: each change of the team and of the release arrives, or is named."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.configurations import configure, hooks, hostile
from tests.marks import long
from tests.private import LOGIN, behind_login
from tests.repositories import append, commit, git, unmerged

from .template_of_releases import (
    Content,
    Service,
    install_copier,
    release,
    template_of_releases,
    write,
)
from .test_commands import Forge, copied, refusal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("losses")]

BEFORE, AFTER = "v0.3.0", "v0.4.0"
LINES = "".join(f"line {number}\n" for number in range(100))
NULL = b"\0binary\n"


def changed(*numbers: int, by: str) -> str:
    """The lines, some of them changed."""
    text = LINES
    for number in numbers:
        text = text.replace(f"line {number}\n", f"line {number} of the {by}\n")
    return text


FIRST: dict[str, Content] = {
    f"template/{name}": LINES
    for name in (
        "conflict.txt",
        "deleted.txt",
        "far.txt",
        "near.txt",
        "removed.txt",
        "same.txt",
        "über uns.txt",
    )
} | {"template/picture.bin": NULL, "template/both.bin": NULL}
TEAM: dict[str, Content] = {
    "both.bin": NULL + b"of the team\n",
    "conflict.txt": changed(50, by="team"),
    "deleted.txt": None,
    "far.txt": changed(5, by="team"),
    "near.txt": changed(50, by="team"),
    "own.txt": "of the team\n",
    "picture.bin": NULL + b"of the team\n",
    "poetry.lock": None,
    "same.txt": changed(50, by="team").replace("team\n", "team  \n"),
    "über uns.txt": changed(50, by="team"),
}
SECOND: dict[str, Content] = {
    "template/added.txt": "new\n",
    "template/both.bin": NULL + b"of the template\n",
    "template/conflict.txt": changed(50, by="template"),
    "template/deep/added.log": "new\n",
    "template/deleted.txt": changed(50, by="template"),
    "template/far.txt": changed(95, by="template"),
    "template/near.txt": changed(55, by="template"),
    "template/poetry.lock": "locked by the template\n",
    "template/removed.txt": None,
    "template/über uns.txt": changed(55, by="template"),
}
BOTH = changed(50, by="team").replace("line 55\n", "line 55 of the template\n")


@dataclass(frozen=True)
class Outcome:
    """What an update ended with: exit code, what it said, and git's index."""

    status: int
    said: str
    index: str


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template whose last release changes much, which no test changes."""
    template = template_of_releases(tmp_path_factory.mktemp("releases") / "template")
    release(template, BEFORE, FIRST)
    (template / "template/near.txt").chmod(0o755)
    release(template, AFTER, SECOND)
    return template


@pytest.fixture(scope="module")
def started(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service of the release before, with changes of the team."""
    folder = tmp_path_factory.mktemp("started") / "orders"
    service = Service.start(released, folder, tag=BEFORE)
    write(service.folder, TEAM)
    commit(service.folder)
    return folder


@pytest.fixture
def service(started: Path, tmp_path: Path) -> Service:
    """One to do anything with."""
    return copied(started, tmp_path)


def updated(service: Service) -> Outcome:
    done = service.update("update")
    return Outcome(done.returncode, done.stdout + done.stderr, index(service.folder))


def index(folder: Path) -> str:
    return git(folder, "ls-files", "--stage", "-z").replace("\0", "\n")


@pytest.fixture(scope="module")
def reference(started: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """The update of a service, with git as nobody has configured it."""
    service = copied(started, tmp_path_factory.mktemp("reference"))
    return service.folder, updated(service)


# -- Both sides' changes --------------------------------------------------------------------------


def test_each_change_is_there_or_in_conflict(reference: tuple[Path, Outcome]) -> None:
    folder, outcome = reference
    assert outcome.status == 1, outcome.said
    conflicts = set(unmerged(folder))
    assert conflicts == {"conflict.txt", "both.bin"}
    for name in conflicts:
        assert git(folder, "show", f":1:{name}") == git(folder, "show", f"HEAD~1:{name}")
        assert git(folder, "show", f":2:{name}") == git(folder, "show", f"HEAD:{name}")
        assert "of the template" in git(folder, "show", f":3:{name}")
    assert (folder / "near.txt").read_text() == BOTH
    assert (folder / "über uns.txt").read_text() == BOTH
    assert (folder / "far.txt").read_text().splitlines()[5::90] == [
        "line 5 of the team",
        "line 95 of the template",
    ]
    for name in ("both.bin", "own.txt", "picture.bin", "same.txt"):
        assert (folder / name).read_bytes() == git(folder, "show", f"HEAD:{name}").encode()
    for name in ("added.txt", "deep/added.log"):
        assert (folder / name).read_text() == "new\n"
    assert os.access(folder / "near.txt", os.X_OK)
    assert not list(folder.rglob("*.rej"))


def test_deleted_files_stay_deleted_and_are_named(reference: tuple[Path, Outcome]) -> None:
    """But for those of the team that a service cannot do without."""
    folder, outcome = reference
    assert not (folder / "deleted.txt").exists()
    assert not (folder / "removed.txt").exists()
    assert (folder / "poetry.lock").read_text() == "locked by the template\n"
    assert "\n\n## Changed files that are not in your repository\n\n" in outcome.said
    assert outcome.said.split("that are not in your repository\n\n")[1].startswith(
        "The release changes these files, but your repository does not have them. "
        "The update does not add files that you deleted.\n\n- `deleted.txt`\n\n"
    )


# -- Git's configuration --------------------------------------------------------------------------


def configured(service: Service, where: str, settings: dict[str, str]) -> None:
    """Configure git, for the user or for the repository of the service."""
    path = service.folder / ".git/config"
    if where == "user":
        path = service.folder.with_name("gitconfig")
        service.variables["GIT_CONFIG_GLOBAL"] = str(path)
    configure(path, settings)


def from_around(service: Service, folder: Path) -> None:
    """What counts beside the configuration: variables, and files that git reads by default."""
    git_dir = service.folder / ".git"
    user = folder / "settings" / "git"
    user.mkdir(parents=True)
    (user / "ignore").write_text("added*\n*.rej\n")
    (user / "attributes").write_text("* -diff -merge text eol=crlf\n")
    (git_dir / "info/exclude").write_text("added*\n*.rej\n")
    (git_dir / "info/attributes").write_text("* -diff -merge text eol=crlf\n")
    service.variables |= {
        "GIT_CONFIG_PARAMETERS": "'status.showUntrackedFiles'='no' 'apply.whitespace'='error-all'",
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_DIFF_OPTS": "--unified=0",
        "GIT_DIR": str(git_dir),
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_ICASE_PATHSPECS": "1",
        "GIT_INDEX_FILE": str(git_dir / "index"),
        "GIT_NAMESPACE": "other",
        "GIT_TEMPLATE_DIR": str(hooks(folder / "template").parent),
        "GIT_WORK_TREE": str(service.folder),
        "XDG_CONFIG_HOME": str(folder / "settings"),
    }


@pytest.mark.long
@pytest.mark.parametrize("where", ["user", "repository", "around"])
def test_an_update_is_the_same_whatever_is_configured(
    service: Service, reference: tuple[Path, Outcome], tmp_path: Path, where: str
) -> None:
    if where == "around":
        from_around(service, tmp_path)
    else:
        configured(service, where, hostile(tmp_path))
    _, expected = reference
    assert updated(service) == expected


@pytest.mark.parametrize("where", ["user", *long("repository")])
def test_lines_stay_where_untracked_files_are_not_shown(
    service: Service, reference: tuple[Path, Outcome], where: str
) -> None:
    configured(service, where, {"status.showUntrackedFiles": "no"})
    _, expected = reference
    assert updated(service) == expected


# -- Whatever is ignored --------------------------------------------------------------------------


def test_new_files_arrive_though_the_service_ignores_them(
    service: Service, reference: tuple[Path, Outcome]
) -> None:
    append(service.folder / ".gitignore", "/added.txt\n")
    write(service.folder, {"deep/.gitignore": "*.log\n"})
    commit(service.folder)
    outcome = updated(service)
    assert outcome.said == reference[1].said
    for name in ("added.txt", "deep/added.log"):
        assert (service.folder / name).read_text() == "new\n"
        assert f"\t{name}\n" in outcome.index


@pytest.mark.parametrize(
    ("ignored", "name"),
    [
        ("added.txt", "added.txt"),
        pytest.param("deep", "deep", marks=pytest.mark.long),
        pytest.param("deep/added.log", "deep/added.log", marks=pytest.mark.long),
    ],
)
def test_ignored_files_in_the_way_are_not_overwritten(
    service: Service, ignored: str, name: str
) -> None:
    append(service.folder / ".gitignore", f"/{ignored}\n")
    commit(service.folder)
    write(service.folder, {name: "of a person\n"})
    assert f"ignored by git: move {name} away, then update" in refusal(service, "update")
    assert (service.folder / name).read_text() == "of a person\n"


# -- What is refused ------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("option", ["--assume-unchanged", "--skip-worktree"])
def test_changes_that_git_overlooks_are_not_overwritten(service: Service, option: str) -> None:
    git(service.folder, "update-index", option, "far.txt")
    append(service.folder / "far.txt", "of a person\n")
    said = refusal(service, "update")
    assert "git was told to overlook changes in far.txt, so an update could lose them" in said
    [command] = re.findall("`git (.*)`", said)
    git(service.folder, *command.split())
    assert "commit or stash far.txt" in refusal(service, "update")


@pytest.mark.long
@pytest.mark.parametrize("name", ["added.txt/own.txt", "deep"])
def test_a_folder_in_the_place_of_a_file_is_named(service: Service, name: str) -> None:
    write(service.folder, {name: "of the team\n"})
    commit(service.folder)
    path, _, _ = name.partition("/")
    said = refusal(service, "update")
    assert f"{path} is a file on one side and a folder or a link on the other" in said


def test_what_copier_could_not_apply_is_a_failure(service: Service) -> None:
    install_copier(
        service.folder,
        'if [ "$1 $2 $3" = "-m copier update" ]; then for folder; do :; done\n'
        f'{sys.executable} "$@" || exit\nexec touch "$folder/near.txt.rej"; fi\n',
    )
    said = refusal(service, "update")
    assert (
        "nothing is changed. Report to the owners of the template what it left: near.txt.rej"
        in said
    )


# -- What people have configured for good reason --------------------------------------------------


@pytest.fixture
def site(released: Path, tmp_path: Path) -> Iterator[str]:
    """The address above the template, behind a login."""
    with behind_login(released, tmp_path) as address:
        yield address


@pytest.mark.long
@pytest.mark.parametrize("where", ["user", "repository"])
def test_credentials_and_addresses_are_those_of_people(
    service: Service, reference: tuple[Path, Outcome], tmp_path: Path, site: str, where: str
) -> None:
    service.answer(_src_path="https://git.example.com/shipshape.git")
    service.variables |= {"COPIER_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    settings = {f"url.{site}.insteadOf": "https://git.example.com/", "credential.helper": LOGIN}
    configured(service, where, settings)
    outcome = updated(service)
    assert outcome.status == 1, outcome.said
    assert (service.folder / "near.txt").read_text() == BOTH


# -- Proposals ------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_proposal_is_the_same_whatever_is_configured(
    service: Service, reference: tuple[Path, Outcome], tmp_path: Path
) -> None:
    forge = Forge(service, "github", tmp_path)
    git(service.folder, "tag", "--annotate", "--message=a release", "v1.0.0")
    configured(service, "repository", hostile(tmp_path))
    assert "with 2 conflicts: https://" in forge.propose()
    folder, _ = reference
    for name in ("added.txt", "conflict.txt", "deep/added.log", "near.txt", "über uns.txt"):
        proposed = git(forge.remote, "show", f"template-update:{name}")
        assert proposed == (folder / name).read_text(), name
    listed = git(forge.remote, "ls-tree", "-r", "-z", "--name-only", "template-update").split("\0")
    assert not [name for name in listed if name.endswith(".rej")]
    assert git(forge.remote, "tag") == ""  # the push brought none along
