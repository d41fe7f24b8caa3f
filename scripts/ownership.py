"""Whose each file of a service is, as copier.yml says it, and where a team adds its own lines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pathspec import PathSpec

from .markdown import code, table

SEED = re.compile(r"{% if _copier_operation == 'update' %}(.+){% endif %}")
ANCHOR = re.compile(r"-- (?:yours below|open what else the service needs here)\b")
"""What stands between the template's lines and a team's. A release's is never reworded or moved."""

HEAD = """\
# Who owns which file

Made from `copier.yml` and `scripts/ownership.py` by `make docs`; do not edit it by hand.
[A decision record](../decisions/0005-ownership-of-files.md) says why it is so.
"""
FILES = """\
## Files

A path starts at the root of the service. One that ends with a slash is a folder with all in it.
What is not listed is yours, and no update knows of it.
"""
PLACES_HEAD = """\
## Where your lines go

One item a line, directly below the anchor, which itself stays as it is: that keeps the template's
lines apart from yours, so that both can change. In a file of your own, anything goes.
"""


class Place(NamedTuple):
    """Where a team adds something; `where` is an anchor, a file of its own or the end of a file."""

    what: str
    path: str
    where: str
    example: str


BELOW, OWN, END = "below the anchor", "a file of your own", "at its end"

PLACES = (
    Place("a dependency", "pyproject.toml", BELOW, '"zstandard (>=0.25,<1)",'),
    Place("a setting", "src/<package>/settings.py", BELOW, "greeting: str = Field(…)"),
    Place(
        "a router", "src/<package>/api/application.py", BELOW, "api.include_router(orders_router)"
    ),
    Place("the status of an error", "src/<package>/api/errors.py", BELOW, "OrderClosedError: 409,"),
    Place(
        "what is opened at the start",
        "src/<package>/app.py",
        BELOW,
        "await warm_up(storage)",
    ),
    Place("a make target", "local.mk", OWN, "seed: install  ## Fill the database"),
    Place("a hook at each commit", ".pre-commit-config.yaml", BELOW, "- id: sqlfluff …"),
    Place("a container", "compose.override.yaml", OWN, "services: {cache: {image: …}}"),
    Place("what the image is built from", ".dockerignore", BELOW, "!templates"),
    Place("what git ignores", ".gitignore", END, ".idea/"),
    Place(
        "a check that the image's signature waits for",
        ".github/workflows/merge.yml",
        BELOW,
        "- test-load, a target of local.mk",
    ),
    Place(
        "a check that the image's signature waits for",
        ".gitlab/ci/checks.yml",
        BELOW,
        "- test-load",
    ),
    Place("another workflow of CI", ".github/workflows/<name>.yml", OWN, "on: {schedule: …}"),
    Place("other jobs of CI", ".gitlab-ci.yml", BELOW, "- local: .gitlab/ci/ours.yml"),
    Place("a finding of bandit to live with", ".gitlab/ci/bandit.yaml", BELOW, "- B608"),
    Place("a finding of a scan to live with", ".trivyignore", OWN, "CVE-2026-12345 exp:2026-12-31"),
    Place("who reviews a path", ".github/CODEOWNERS", BELOW, "/schema/ @some/architects"),
    Place("who reviews a path", ".gitlab/CODEOWNERS", BELOW, "/schema/ @some/architects"),
    Place("what the service relies on", "catalog-info.yaml", BELOW, "- component:payments"),
    Place(
        "a resource of each environment", "deploy/base/kustomization.yaml", BELOW, "- ingress.yaml"
    ),
    Place("a secret of the service", "deploy/base/deployment.yaml", BELOW, "- name: API_KEY …"),
    Place("who calls it, what it calls", "deploy/base/networkpolicy.yaml", BELOW, "- to: …"),
    Place("a resource of staging", "deploy/staging/kustomization.yaml", BELOW, "- ingress.yaml"),
    Place("a patch of staging", "deploy/staging/kustomization.yaml", END, "patches: …"),
    Place(
        "a resource or a patch of production",
        "deploy/production/kustomization.yaml",
        BELOW,
        "- path: more-memory.yaml",
    ),
    Place("the value of a setting", "deploy/staging/service.env", BELOW, "GREETING=Hello"),
    Place("the value of a setting", "deploy/production/service.env", BELOW, "GREETING=Hello"),
    Place("the value of a setting", "deploy/staging.vars.hcl", BELOW, 'GREETING = "Hello"'),
    Place("the value of a setting", "deploy/production.vars.hcl", BELOW, 'GREETING = "Hello"'),
    Place("an objective", "monitoring/slo.yaml", BELOW, "- name: checkout …"),
    Place("an alert", "monitoring/prometheus/rules/<name>.yml", OWN, "groups: …"),
    Place("a test of an alert", "monitoring/prometheus/tests/<name>.yml", OWN, "tests: …"),
    Place("an alert on the pods", "deploy/production/alerts.yaml", BELOW, "- name: orders …"),
    Place("a part of the architecture", "docs/architecture.md", BELOW, "cache[(Valkey)]"),
    Place("a reason for a decision", "docs/architecture.md", BELOW, "Prices are cached because …"),
    Place("a check of the checklist", "checklist/<name>.py", OWN, '@check("COST1", …)'),
    Place("who calls the service", "docs/runbook.md", BELOW, "- checkout: takes no orders …"),
    Place("a dependency, and what happens without it", "docs/runbook.md", BELOW, "- payments: …"),
    Place("a section for an alert", "docs/runbook.md", BELOW, "### OrdersStuck …"),
    Place("a procedure", "docs/runbook.md", BELOW, "### Replay the orders of a day …"),
    Place("a measured load", "docs/capacity.md", END, "| 2026-12-24 | `GET /orders` | 800 …"),
    Place("a symptom", "docs/playbook.md", BELOW, "## Orders are charged twice …"),
    Place("a dashboard", "monitoring/grafana/dashboards/<name>.json", OWN, "as Grafana exports it"),
)

OWNERS = {
    "template": ("the template", "merge into it; extend it by files of your own", "stays deleted"),
    "shared": ("shared", "merge into it, around your lines and values", "stays deleted"),
    "required": ("you, and it must be there", "never touch it", "created again"),
    "seed": ("you: an example to start from", "never touch it", "stays deleted"),
}
"""The classes: the owner, what updates do, what becomes of a file that is deleted."""


def patterns(copier: Mapping[str, Any]) -> dict[str, list[str]]:
    """The patterns of each class."""
    seeds = (SEED.fullmatch(line) for line in copier["_exclude"])
    return {
        **copier.get("_ownership", {}),
        "required": list(copier.get("_skip_if_exists", ())),
        "seed": [seed[1] for seed in seeds if seed],
    }


def owners(copier: Mapping[str, Any], path: str) -> list[str]:
    """The classes of a file, of which there should be one."""
    of = {name: matches(each, path) for name, each in patterns(copier).items()}
    for outweighs in ("required", "seed"):
        if of[outweighs]:
            return [outweighs]
    return [name for name, matching in of.items() if matching]


def matches(given: Sequence[str], path: str) -> bool:
    """Whether a path matches one of the patterns, as Copier and git see it."""
    return PathSpec.from_lines("gitignore", given).match_file(PurePosixPath(path))


def page(copier: Mapping[str, Any]) -> str:
    """The page of docs/reference."""
    return "\n".join(
        [
            HEAD,
            table(("Owner", "Updates of the template", "If you delete it"), OWNERS.values()),
            FILES,
            table(("Files", "Owner"), files(copier)),
            PLACES_HEAD,
            table(
                ("You add", "In", "", "Such as"),
                ((it.what, code(it.path), it.where, code(it.example)) for it in PLACES),
            ),
        ]
    )


def files(copier: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """A row for each pattern."""
    for name, each in patterns(copier).items():
        for pattern in each:
            yield code(pattern.replace("/src/*/", "/src/<package>/")), OWNERS[name][0]
