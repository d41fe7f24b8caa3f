"""Remove the example, once the service has an endpoint of its own.

Deletes the example's files, and the lines about it in other files. Lists the lines that it does
not recognise, because somebody changed them.
"""

import ast
import re
from pathlib import Path

from . import git, yaml_files
from .errors import ShipshapeError
from .files import SCHEMA
from .programs import run

FILES = (
    "src/*/items.py",
    "src/*/api/items.py",
    "src/*/storage/items.py",
    "tests/integration/test_item_store.py",
    "tests/integration/test_items.py",
    "tests/integration/test_memory.py",
    "tests/unit/test_cursor.py",
    "tests/unit/test_items.py",
)

# Regular expressions for the lines about the example in each file, and what replaces them.
EDITS = {
    "README.md": {
        r"\| `src/\w+/items\.py` \| .*\n": "",
        r"\| `[A-Z]+ /items.*\n": "",
        r"a module beside `items\.py`": "a module of its own",
        r"(?<=curl -i http://127\.0\.0\.1:8000)/items": "/readyz",
    },
    "deploy/*/service.env": {r"MEMORY_ITEMS=.*\n": ""},
    "deploy/*.vars.hcl": {r" +MEMORY_ITEMS += .*\n": ""},
    "migrations/versions/0001_items.py": {
        r'"""The example\'s table\.': '"""The first migration, without a table.',
        r'    op\.create_table\(\n        "items",(?:.*\n)+?    op\.create_index.*\n': "    pass\n",
        r'    op\.drop_index.*\n    op\.drop_table\("items"\)\n': "    pass\n",
    },
    "pyproject.toml": {
        r'\[\[tool\.importlinter\.contracts\]\]\n.*\n.*\n.* = \["\w+\.items"\]\n.*\n\n': "",
        r'"\w+\.items", (?=")': "",
        r' *"\w+\.items",\n': "",
    },
    "schema/openapi.yaml": {
        r"  - name: items\n    description: The example\..*\n": "",
        r"  /items(?:/\{item_id\})?:\n(?:    .*\n)+": "",
        r"    (?:Item|ItemDraft|ItemPage|ETag):\n(?:      .*\n)+": "",
        r"tags:\n(?=\w)": "",
        r"  headers:\n(?=  \w)": "",
    },
    "src/*/api/application.py": {
        r"from \.\.items import .*\n": "",
        r"from \.items import .*\n": "",
        r"create_api\(items: ItemStore(?:, )?": "create_api(",
        r"The API over a store of items;": "The API;",
        r"    api\.state\.items = items\n": "",
        r"    api\.include_router\(items_router\)\n": "",
    },
    "src/*/api/errors.py": {
        r"from \.\.items import .*\n": "",
        r"    (?:ItemNotFoundError|VersionConflictError): .*\n": "",
    },
    "src/*/app.py": {r"create_api\(storage\.items(?:, )?": "create_api("},
    "src/*/storage/__init__.py": {
        r"from \.\.?items import .*\n": "",
        r"    items: ItemStore\n": "",
        r"\b(?:Postgres|Memory)Items\([\w.]*\)(?:, )?": "",
    },
    "src/*/storage/settings.py": {r"\n    memory_items: .*\n(?:        .*\n)+    \)\n": ""},
    "src/*/storage/tables.py": {r"\nitems = Table\(\n(?:    .*\n)+\)\n": ""},
    "tests/integration/test_database.py": {
        r"        response = httpx2\.get\(.*/items.*\n(?:        assert response.*\n)+": "",
    },
    "tests/storage.py": {
        r"from \w+\.items import .*\n": "",
        r"@pytest\.fixture\nasync def item_store\(.*\n(?:    .*\n)+\n*": "",
    },
}

REMAINS = r"\b(Item[A-Z]\w+|\w+Items|item_store|items_router)\b|/items\b|import items\b"
GENERATED_OR_SHARED = ("src/*/api/models.py", "src/*/chassis")


def without_unused_imports(text: str) -> str:
    """A module without the names that it imports and does not use."""
    tree = ast.parse(text)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    used |= {value for value in constants if isinstance(value, str)}  # such as those in __all__
    lines = text.splitlines(keepends=True)
    for node in reversed(tree.body):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = [name for name in node.names if (name.asname or name.name).split(".")[0] in used]
        if kept != node.names:
            node.names = kept
            new = f"{ast.unparse(node)}\n" if kept else ""
            lines[node.lineno - 1 : node.end_lineno] = [new]
    return "".join(lines)


def edit(path: Path, replacements: dict[str, str]) -> None:
    """Replace what matches, if anything does."""
    text = before = path.read_text(encoding="utf-8")
    for pattern, new in replacements.items():
        text = re.sub(pattern, new, text)
    if text != before:
        path.write_text(without_unused_imports(text) if path.suffix == ".py" else text, "utf-8")


def remove() -> None:
    """Remove it, and print what is left to do by hand."""
    if git.output("status", "--porcelain", "--untracked-files=normal", "--", "."):
        raise ShipshapeError("commit your changes first: then `git diff` shows what this removes")
    if all(path.startswith("/items") for path in yaml_files.read(SCHEMA)["paths"]):
        raise ShipshapeError(
            f"add an endpoint of your own first: {SCHEMA} has only those of the example, and a "
            "service needs one"
        )
    released = bool(git.output("tag", "--list", "v*"))
    for pattern in FILES:
        for path in Path().glob(pattern):
            path.unlink()
    for pattern, replacements in EDITS.items():
        if pattern.startswith("migrations/") and released:
            continue  # it has run in production
        for path in Path().glob(pattern):
            edit(path, replacements)
    if Path("migrations/versions/0001_items.py").exists():
        print(
            'Released databases still have its table. Remove it: make migration m="drop items"'
            if released
            else "Your development database may still have its table. Delete it: rm -r .data"
        )
    places = ["src", "tests", "README.md", *(f":!{path}" for path in GENERATED_OR_SHARED)]
    nothing = 1  # the exit code where nothing is found
    grep = ("git", "grep", "--line-number", "-E", REMAINS, "--", *places)
    if remains := run(*grep, accept=(0, nothing)):
        print(f"These lines still mention the example. Edit them:\n{remains}", end="")
