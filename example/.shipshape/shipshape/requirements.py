"""Print poetry.lock as requirements for uv: `requirements.py main dev`.

`poetry export` prints the same, but needs Poetry: sixty packages, and two seconds at each install.
The lock has everything needed: the groups and markers of each package, and the hashes of its files.
"""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

Table = dict[str, Any]

# The keys of [project] and [tool.poetry] that Poetry's content hash covers.
_OF_PROJECT = ("requires-python", "dependencies", "optional-dependencies")
_OF_POETRY = ("dependencies", "source", "extras", "dev-dependencies")
_PRIORITIES = ("primary", "supplemental", "explicit")

# How Poetry writes the extras of the project itself, none of which is installed.
_EXTRA = re.compile(r'\bextra ([!=])= "[^"]*"')
_WITHOUT_EXTRAS = {"=": 'python_version < "3"', "!": 'python_version >= "3"'}

# git@github.com:org/repo.git, which is an address for git and none for uv
_SSH = re.compile(r"((?:[^@:/]+@)?[\w.-]+)(:\d+)?[:/]+(.+)")


class LockError(Exception):
    """A sentence: why poetry.lock cannot be installed, and what to do."""


def requirements(groups: set[str]) -> str:
    """The requirements of these groups, without the extras of the project itself."""
    project, lock = load("pyproject.toml"), load("poetry.lock")
    check(project, lock)
    packages = [it for it in lock.get("package", ()) if groups.intersection(it["groups"])]
    sources = project.get("tool", {}).get("poetry", {}).get("source", [])
    entries = [requirement(package, groups) for package in packages]
    return "".join(f"{line}\n" for line in (*indexes(sources, packages), *entries) if line)


def load(name: str) -> Table:
    """Read a file in TOML."""
    try:
        return tomllib.loads(Path(name).read_text("utf-8"))
    except ValueError as error:
        raise LockError(f"{name} is not valid TOML: {error}") from None


# -- Whether the lock fits ------------------------------------------------------------------------


def check(project: Table, lock: Table) -> None:
    """LockError for a lock of another pyproject.toml, or in a format that this cannot read."""
    metadata = lock.get("metadata", {})
    digest = metadata.get("content-hash")
    if digest != content_hash(project):
        is_old = written_by() < (2, 3)  # its hash left out [dependency-groups]
        if not (is_old and digest == content_hash(project, with_groups=False)):
            raise LockError("poetry.lock does not fit pyproject.toml any more: run `make lock`")
    version = metadata.get("lock-version", "1")
    # Groups and markers are new in 2.1. Poetry promises that it can read any later 2.x.
    if not re.fullmatch(r"2\.[1-9]\d*", version):
        raise LockError(f"poetry.lock has format {version}, and 2.1 is needed: run `make lock`")


def content_hash(project: Table, with_groups: bool = True) -> str:
    """The hash that Poetry puts into a lock, as its `Locker._get_content_hash` computes it."""
    poetry = project.get("tool", {}).get("poetry", {})
    groups = project.get("dependency-groups", {}) if with_groups else {}
    standard = {
        key: project["project"][key] for key in _OF_PROJECT if key in project.get("project", {})
    }
    # Where all is in [tool.poetry], as in Poetry 1, a missing key counts as null.
    legacy = () if standard or groups else _OF_POETRY
    own = {key: poetry.get(key) for key in (*_OF_POETRY, "group") if key in poetry or key in legacy}
    content: Table = {}
    if standard:
        content["project"] = standard
    if groups:
        content["dependency-groups"] = groups
    content = {**content, "tool": {"poetry": own}} if content else own
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def written_by() -> tuple[int, int]:
    """The version of Poetry that poetry.lock names in its first line."""
    with Path("poetry.lock").open(encoding="utf-8") as lines:
        found = re.search(r"Poetry (\d+)\.(\d+)", lines.readline())
    return (int(found[1]), int(found[2])) if found else (2, 3)


# -- What is in it --------------------------------------------------------------------------------


def indexes(sources: list[Table], packages: list[Table]) -> list[str]:
    """The options for the indexes that packages come from, other than PyPI, in Poetry's order."""
    used = {it["source"]["url"].rstrip("/") for it in packages if kind(it) == "legacy"}
    has_pypi = any(it["name"].lower() == "pypi" for it in sources)
    options = []
    for rank, source in enumerate(sorted(sources, key=priority)):
        url = source.get("url", "").rstrip("/")
        if url in used:
            # The first primary source replaces PyPI, unless PyPI is a source too.
            replaces = rank == priority(source) == 0 and not has_pypi
            options.append(f"{'--index-url' if replaces else '--extra-index-url'} {url}")
    return options


def priority(source: Table) -> int:
    """The rank of a source of [tool.poetry]: 0 is the highest."""
    return _PRIORITIES.index(source.get("priority", "primary").lower())


def kind(package: Table) -> str:
    """The type of a package's source: empty for PyPI, `legacy` for another index."""
    return str(package.get("source", {}).get("type", ""))


def requirement(package: Table, groups: set[str]) -> str:
    """A package with its marker and its hashes; empty if no environment needs it."""
    markers = [it for it in markers_of(package, groups) if it != "<empty>"]
    if not markers:
        return ""
    line = pin(package)
    if "" not in markers:
        line += f" ; {' or '.join(f'({it})' for it in markers) if markers[1:] else markers[0]}"
    hashes = sorted(
        it["hash"] for it in package["files"] if re.match("sha(256|384|512):", it["hash"])
    )
    if not hashes and kind(package) not in ("git", "directory"):  # git verifies the commit
        name = f"{package['name']} {package['version']}"
        raise LockError(f"poetry.lock has no hash for {name}: run `make lock`")
    return " \\\n    --hash=".join((line, *hashes))


def markers_of(package: Table, groups: set[str]) -> list[str]:
    """The markers of a package, of which one must apply. An empty one always does."""
    markers = package.get("markers", "")
    if isinstance(markers, dict):
        wanted = {markers.get(group, "") for group in package["groups"] if group in groups}
    else:
        wanted = {markers}
    # Versions of uv differ in how they evaluate `extra != "a"`.
    return sorted(_EXTRA.sub(lambda it: _WITHOUT_EXTRAS[it[1]], marker) for marker in wanted)


def pin(package: Table) -> str:
    """The exact version, or the address, of a package."""
    name, source = package["name"], package.get("source", {})
    url = source.get("url", "")
    folder = f"#subdirectory={source['subdirectory']}" if source.get("subdirectory") else ""
    if kind(package) in ("", "legacy"):
        return f"{name}=={package['version']}"
    if kind(package) == "git":
        if "://" not in url:
            url = _SSH.sub(r"ssh://\1\2/\3", url)
        return f"{name} @ git+{url}@{source['resolved_reference']}{folder}"
    if kind(package) == "url":
        return f"{name} @ {url}{folder}"
    if kind(package) in ("file", "directory"):
        path = Path(url).resolve().as_uri()
        return f"-e {path}" if package.get("develop") else f"{name} @ {path}{folder}"
    raise LockError(
        f"poetry.lock has {name} from a source of the type {kind(package)}: `make install` "
        "supports indexes, git, URLs and paths"
    )


def main() -> int:
    try:
        print(requirements(set(sys.argv[1:])), end="")
    except LockError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
