"""Write what documents the code from the code: `.env.example`, the tables of README.md and runbook.

`python -m scripts.docs` writes them, `python -m scripts.docs --check` fails where one is stale.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import yaml
from pydantic.fields import FieldInfo

from orders.settings import Settings

ROOT = Path(__file__).parents[1]
RUNBOOK = ROOT / "docs" / "runbook.md"


def env_example() -> str:
    """Every setting as a line of a .env file, behind what it is."""
    parts = ["# Every setting, by `make docs`. Copy it to .env and uncomment what you change."]
    for name, field in Settings.model_fields.items():
        example = (field.examples or [""])[0]
        value = example if field.is_required() else (_default(field) or example)
        parts.append(f"# {field.description}\n#{name.upper()}={value}")
    return "\n\n".join(parts) + "\n"


def _default(field: FieldInfo) -> str:
    """The default as a variable would have it, empty where there is none."""
    return "" if field.default is None else f"{field.default}"


def settings_table() -> str:
    return table(
        ("Variable", "What it is", "Default"),
        (
            (
                f"`{name.upper()}`",
                field.description,
                "required" if field.is_required() else _default(field) and f"`{_default(field)}`",
            )
            for name, field in Settings.model_fields.items()
        ),
    )


def targets_table() -> str:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):.*?## *(.+)$", makefile, re.MULTILINE)
    return table(("Target", "What it does"), ((f"`make {name}`", text) for name, text in targets))


def endpoints_table() -> str:
    schema = yaml.safe_load((ROOT / "schema/openapi.yaml").read_text(encoding="utf-8"))
    return table(
        ("Endpoint", "What it does", "Answers"),
        (
            (f"`{method.upper()} {path}`", operation["summary"], ", ".join(operation["responses"]))
            for path, operations in schema["paths"].items()
            for method, operation in operations.items()
            if method != "parameters"
        ),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def tables() -> dict[Path, Mapping[str, Callable[[], str]]]:
    """The tables of each page, by name."""
    found: dict[Path, Mapping[str, Callable[[], str]]] = {
        ROOT
        / "README.md": {
            "targets": targets_table,
            "settings": settings_table,
            "endpoints": endpoints_table,
        }
    }
    if RUNBOOK.exists():
        from .monitoring import tables  # a service may have taken the rest, and not yet this

        found[RUNBOOK] = {
            "objectives": lambda: table(*tables.objectives()),
            "alerts": lambda: table(*tables.alerts()),
            "metrics": lambda: table(*tables.metrics()),
        }
    return found


def renewed(page: Path, made: Mapping[str, Callable[[], str]]) -> str:
    """The text of a page with each table anew between its markers."""
    text = page.read_text(encoding="utf-8")
    for name, make in made.items():
        start, end = f"<!-- {name}: made by `make docs` -->\n", f"<!-- end of {name} -->"
        if start not in text or end not in text:
            raise SystemExit(f"{page.name}: the markers of the {name} are gone: {start}…{end}")
        before, rest = text.split(start, 1)
        text = before + start + make() + end + rest.split(end, 1)[1]
    return text


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    wanted = {page: renewed(page, made) for page, made in tables().items()}
    wanted[ROOT / ".env.example"] = env_example()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if arguments:
            print(f"{path.name} is stale: run `make docs`", file=sys.stderr)
        else:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
