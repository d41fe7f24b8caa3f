"""The settings and metrics of a service that is not installed."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from shipshape.description import Description, Metric, Setting


@functools.cache
def described(service: Path) -> Description:
    """What `shipshape.description` finds in the code, by the fresh pages that are made from it."""
    metrics = next((service / "src").glob("*/chassis/metrics.py")).read_text("utf-8")
    buckets = re.search(r"^SECONDS = (\(.*\))$", metrics, re.MULTILINE)
    assert buckets
    return Description(
        settings=tuple(_settings(service)),
        latency_buckets=ast.literal_eval(buckets[1]),
        metrics=tuple(_metrics(service)),
    )


def _settings(service: Path) -> Iterator[Setting]:
    example = (service / ".env.example").read_text("utf-8")
    for name, description, default in _rows(service / "README.md", "settings"):
        found = re.search(rf"^#?{name}=(.*)$", example, re.MULTILINE)
        assert found
        required = default == "required"
        yield Setting(
            variables=(name,),
            description=description.replace("\\|", "|"),
            required=required,
            default="" if required else default.strip("`"),
            example=found[1],
        )


def _metrics(service: Path) -> Iterator[Metric]:
    for name, kind, labels, text in _rows(service / "docs/runbook.md", "metrics"):
        yield Metric(name=name, type=kind, labels=tuple(re.findall(r"\w+", labels)), help=text)


def _rows(page: Path, table: str) -> list[list[str]]:
    """The rows of a generated table; the name at the start of each without its quotes."""
    text = page.read_text("utf-8")
    _, _, rest = text.partition(f"<!-- {table}: made by `make docs` -->\n")
    lines = rest.partition(f"<!-- end of {table} -->")[0].splitlines()[2:]
    rows = [re.split(r" ?(?<!\\)\| ?", line.strip())[1:-1] for line in lines]
    return [[name.strip("`"), *others] for name, *others in rows]
