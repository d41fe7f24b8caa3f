"""The generated parts of README.md and docs/runbook.md."""

import re
from collections.abc import Mapping
from pathlib import Path

from .. import yaml_files
from ..description import Description
from ..errors import ShipshapeError
from ..files import README, RUNBOOK, SCHEMA
from ..monitoring import objectives, rules
from ..monitoring import tables as monitoring
from .settings import env_example, settings_table
from .tables import renewed, table


def documents(described: Description) -> Mapping[Path, str]:
    """The text of each document."""
    readme = {
        "targets": targets_table(),
        "settings": settings_table(described.settings),
        "endpoints": endpoints_table(),
    }
    found = {README: renewed(README, readme)}
    if RUNBOOK.exists():  # a service may adopt the template part by part
        found[RUNBOOK] = renewed(RUNBOOK, _of_runbook(described))
    return found | {Path(".env.example"): env_example(described.settings)}


def _of_runbook(described: Description) -> Mapping[str, str]:
    promise = objectives.read(described.latency_buckets)
    return {
        "objectives": table(*monitoring.objectives(promise)),
        "alerts": table(*monitoring.alerts(rules.groups(promise))),
        "metrics": table(*monitoring.metrics(described.metrics)),
    }


def targets_table() -> str:
    """Every target of the Makefile."""
    makefile = Path("Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):.*?## *(.+)$", makefile, re.MULTILINE)
    return table(("Target", "What it does"), ((f"`make {name}`", text) for name, text in targets))


def endpoints_table() -> str:
    """Every operation of the schema."""
    try:
        rows = [
            (f"`{method.upper()} {path}`", operation["summary"], ", ".join(operation["responses"]))
            for path, operations in yaml_files.read(SCHEMA)["paths"].items()
            for method, operation in operations.items()
            if method != "parameters"
        ]
    except (AttributeError, KeyError, TypeError):
        raise ShipshapeError(
            f"{SCHEMA} must have `paths` whose operations have a summary and responses"
        ) from None
    return table(("Endpoint", "What it does", "Answers"), rows)
