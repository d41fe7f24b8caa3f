"""The marks of the migrations: which code can run on the schema that each leaves.

Each module in migrations/versions says, beside its revision, `phase = "expand"`: code from before
it still runs after it. Or it says `phase = "contract"` and `oldest_release = "1.4.0"`: code older
than that release cannot run after it. The first migration needs no mark, for no code is from before
it. `shipshape migrations` checks what they say.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import git
from ..errors import ShipshapeError
from . import contracting

FOLDER = Path("migrations/versions")


@dataclass(frozen=True)
class Migration:
    """A migration as its source has it; `name` is that of its file."""

    name: str
    source: ast.Module
    revision: str | None
    earlier: frozenset[str]
    phase: str | None
    oldest_release: str | None

    @classmethod
    def read(cls, name: str, text: str) -> "Migration":
        try:
            source = ast.parse(text)
        except SyntaxError as error:
            raise ShipshapeError(
                f"{name} is not Python: {error.msg}, line {error.lineno}"
            ) from None
        values = dict(_assignments(source))
        earlier = values.get("down_revision") or ()
        return cls(
            name,
            source,
            values.get("revision"),
            frozenset([earlier] if isinstance(earlier, str) else earlier),
            values.get("phase", None if earlier else "expand"),
            values.get("oldest_release"),
        )


def at(commit: str) -> list[Migration]:
    """The migrations as they are in a commit."""
    git.require(commit)
    paths = git.output(
        "ls-tree", "-r", "--name-only", commit, "--", f"{FOLDER.as_posix()}/"
    ).splitlines()
    return [
        Migration.read(Path(path).name, git.output("show", f"{commit}:./{path}"))
        for path in paths
        if path.endswith(".py")
    ]


def here() -> list[Migration]:
    """The migrations as they are in the working tree."""
    paths = sorted(FOLDER.glob("*.py"))
    return [Migration.read(path.name, path.read_text(encoding="utf-8")) for path in paths]


def faults(migrations: list[Migration]) -> list[str]:
    """All that is wrong with the migrations, each in a sentence."""
    return [*_fork(migrations), *(fault for each in migrations for fault in _faults_of(each))]


def unreleased(migrations: list[Migration]) -> list[str]:
    """The migrations that wait for a release that is not there, each in a sentence."""
    waiting = [each for each in migrations if each.oldest_release]
    if not waiting:  # and so the code can be checked before it is in git
        return []
    git.require_history()
    released = git.releases()
    return [
        f"{each.name}: oldest_release is {each.oldest_release}, which is not released: release the "
        "code that does without what it removes, and only then remove it"
        for each in waiting
        if each.oldest_release not in released
    ]


def _fork(migrations: list[Migration]) -> Iterator[str]:
    followed = {revision for each in migrations for revision in each.earlier}
    heads = [each.name for each in migrations if each.revision not in followed]
    if len(heads) > 1:
        yield f"{' and '.join(heads)} both come last: set the down_revision of one to the other"
    if migrations and not heads:
        yield "the migrations follow each other in a circle: no one comes last"


def _faults_of(migration: Migration) -> Iterator[str]:
    name, oldest = migration.name, migration.oldest_release
    if not isinstance(migration.revision, str):
        yield f"{name}: it has no revision"
    if migration.phase not in ("expand", "contract"):
        yield f'{name}: phase must be "expand" or "contract", and is {migration.phase!r}'
    if migration.phase == "expand":
        if oldest is not None:
            yield f'{name}: oldest_release belongs to phase "contract" alone'
        for line, what in contracting.findings(migration.source):
            yield (
                f"{name}:{line}: it {what}, which code from before may not survive: "
                'its phase must be "contract"'
            )
    if migration.phase == "contract" and not _is_version(oldest):
        yield (
            f"{name}: oldest_release must be the first release whose code can run after it, "
            f'such as "1.4.0", and is {oldest!r}'
        )


def _is_version(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d+\.\d+\.\d+", value) is not None


def _assignments(source: ast.Module) -> Iterator[tuple[str, Any]]:
    """The plain values that a module gives to names."""
    for statement in source.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        if statement.value is None or not _is_plain(statement.value):
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, ast.literal_eval(statement.value)


def _is_plain(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def check() -> list[str]:
    """All that is wrong with the migrations of the working tree, each in a sentence."""
    migrations = here()
    return [*faults(migrations), *unreleased(migrations)]
