"""A repository of our own, in which git merges a release of the template into a service."""

import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipshape.template import TemplateError

from .places import ROOT
from .programs import git, names, plain_git

# Files are merged as they are committed: no filter and no line ending of a system changes them.
_ATTRIBUTES = "* -text -filter -ident !working-tree-encoding\n"
# The labels of both sides in a conflict, as Copier has them.
_OURS, _THEIRS = "before updating", "after updating"
# The versions of a file in conflict, as git numbers them.
_BASE, _TEAM, _TEMPLATE = "123"


@dataclass(frozen=True)
class Merge:
    """The result of a merge.

    `tree` has all files, with markers in those with conflicts. `unmerged` are git's entries for
    these: each as it was, as the team has it, and as the template has it.
    `lost` are files that the release deletes and the team has changed, `absent` files that the
    release changes and the team does not have. Neither are in the tree.
    """

    tree: str
    unmerged: list[str]
    lost: list[str]
    absent: list[str]

    @property
    def conflicts(self) -> list[str]:
        """The files in which the team's lines and the template's met."""
        return sorted({_name(entry) for entry in self.unmerged})

    @property
    def index_info(self) -> str:
        """The entries that make the conflicts known to an index, for `update-index`."""
        return _ended([*map(_removed, self.conflicts), *self.unmerged])


@dataclass(frozen=True)
class Workbench:
    """The repository, which can read all that is committed in the service.

    No setting, hook, attribute or ignored file of the service or of people has a say in it.
    """

    folder: Path

    def git(
        self,
        *arguments: str | Path,
        input: str = "",
        accept: Collection[int] = (0,),
        variables: Mapping[str, str] | None = None,
    ) -> str:
        return plain_git(
            *arguments, cwd=self.folder, input=input, accept=accept, variables=variables
        )

    def add_all(self) -> str:
        """The tree of all files in the folder, ignored ones too."""
        self.git("add", "--all", "--force")
        return self.git("write-tree").strip()

    def entries(self, tree: str) -> dict[str, str]:
        """The files of a tree, each with git's entry for it."""
        listed = names(self.git("ls-tree", "-r", "-z", "--full-tree", tree))
        return {_name(entry): entry for entry in listed}

    def merge(self, base: str, ours: str, theirs: str, required: Collection[str]) -> Merge:
        """Merge two trees that come from a third one: what the team has, and what a release has.

        `required` are files of the release that are the team's, where the team has them.
        """
        self.git("read-tree", "--reset", "-u", ours)
        labels = {f"GITHEAD_{ours}": _OURS, f"GITHEAD_{theirs}": _THEIRS}
        command = ("merge-recursive", "--no-renames", base, "--", ours, theirs)
        conflict = 1  # the exit code where there is one
        self.git(*command, accept=(0, conflict), variables=labels)
        unmerged = names(self.git("ls-files", "--unmerged", "-z"))
        stages = _stages(entry for entry in unmerged if _name(entry) not in required)
        _require_mergeable(stages)
        lost = [name for name, found in stages.items() if found == {_BASE, _TEAM}]
        absent = [name for name, found in stages.items() if found == {_BASE, _TEMPLATE}]
        self.git("add", "--update")  # with the markers of conflicts
        kept = {**self.entries(theirs), **self.entries(ours)}
        decided = [_removed(name) for name in lost + absent] + [kept[name] for name in required]
        self.git("update-index", "-z", "--index-info", input=_ended(decided))
        conflicts = stages.keys() - {*lost, *absent}
        return Merge(
            tree=self.git("write-tree").strip(),
            unmerged=[entry for entry in unmerged if _name(entry) in conflicts],
            lost=lost,
            absent=absent,
        )

    def packed(self, merge: Merge) -> str:
        """All objects of a merge that the service's repository lacks, as git packs them."""
        wanted = [merge.tree, *(entry.split()[1] for entry in merge.unmerged)]
        command = ("pack-objects", "--quiet", "--revs", "--local", "--stdout")
        return self.git(*command, input="".join(f"{it}\n" for it in wanted))


@contextmanager
def workbench() -> Iterator[Workbench]:
    """An empty one, which is gone afterwards, whatever happens in it."""
    with tempfile.TemporaryDirectory(prefix="update-") as temporary:
        folder = Path(temporary).resolve() / ROOT.name
        folder.mkdir()
        plain_git("init", "--quiet", cwd=folder)
        committed = ROOT / git("rev-parse", "--git-path", "objects").strip()
        for name, text in {
            "info/attributes": _ATTRIBUTES,
            "objects/info/alternates": f"{committed}\n",
        }.items():
            path = folder / ".git" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8", "surrogateescape")
        yield Workbench(folder)


def _name(entry: str) -> str:
    """The file of an entry of git's."""
    return entry.partition("\t")[2]


def _stages(unmerged: Iterable[str]) -> dict[str, set[str]]:
    """The stages that there are of each file: what one side does not have is not there."""
    found: dict[str, set[str]] = {}
    for entry in unmerged:
        found.setdefault(_name(entry), set()).add(entry.split()[2])
    return found


def _ended(entries: Iterable[str]) -> str:
    """Entries, each of them ended with a zero."""
    return "".join(f"{entry}\0" for entry in entries)


def _removed(name: str) -> str:
    """The entry that removes a file from an index."""
    return f"0 {'0' * 40}\t{name}"


def _require_mergeable(stages: Mapping[str, set[str]]) -> None:
    """TemplateError where one side has no file in the place of a file: git renames either then."""
    for name, found in stages.items():
        if len(found) == 1:
            path = re.sub(f"~({_OURS}|{_THEIRS})$", "", name)  # what newer versions of git add
            raise TemplateError(
                f"{path} is a file on one side and a folder or a link on the other (this service "
                "and the release): rename yours and commit that, then update"
            )
