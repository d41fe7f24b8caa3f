"""The command of the checks."""

from collections.abc import Callable, Iterator, Sequence

import typer
from typer.core import TyperGroup

from .. import description, findings, service
from ..errors import ShipshapeError
from ..files import PLAYBOOK, RUNBOOK
from ..monitoring import objectives
from . import environments, metrics, names, promtool, runbook, settings, sources
from .subject import Subject

app = typer.Typer()

Check = Callable[[Subject], Iterator[str]]

OF_DOCUMENTS: Sequence[Check] = (
    sources.current_documents,
    names.links,
    names.commands,
    names.files,
)
OF_MONITORING: Sequence[Check] = (
    sources.valid_sources,
    sources.current_rules,
    metrics.exported_metrics,
)
OF_RUNBOOK: Sequence[Check] = (
    runbook.sections_of_alerts,
    runbook.parts_of_sections,
    runbook.symptoms_of_alerts,
    runbook.links_of_alerts,
    runbook.proofs_of_dependencies,
)
OF_ENVIRONMENTS: Sequence[Check] = (
    settings.known_variables,
    settings.usable_settings,
    settings.database_connections,
)


@app.command(rich_help_panel="Checks")
def check(context: typer.Context) -> None:
    """Check that settings, rules, dashboards and pages agree with the code."""
    group = context.find_root().command
    assert isinstance(group, TyperGroup)
    found, count = run(Subject(description.of_service(), frozenset(group.commands)))
    findings.report(found)
    print(f"{count} checks passed")


def run(subject: Subject) -> tuple[list[str], int]:
    """What all checks find, each finding once, and how many checks there are."""
    checks = list(_of_service())
    found: dict[str, None] = {}
    for each in checks:
        try:
            found |= dict.fromkeys(each(subject))
        except ShipshapeError as error:  # a file that several checks need
            found[str(error)] = None
    return list(found), len(checks)


def _of_service() -> Iterator[Check]:
    """The checks for what the service has: it may have taken parts of the template alone."""
    deployment = (
        environments.DEPLOYMENT if service.answers().deploy == "kubernetes" else environments.JOB
    )
    yield from OF_DOCUMENTS
    for checks, needed in (
        (OF_MONITORING, (objectives.FILE,)),
        (OF_RUNBOOK, (objectives.FILE, RUNBOOK, PLAYBOOK)),
        (OF_ENVIRONMENTS, (deployment,)),
    ):
        if missing := [str(path) for path in needed if not path.exists()]:
            print(f"without {' and '.join(missing)}, {len(checks)} checks are left out")
        else:
            yield from checks
    if not objectives.FILE.exists():
        return
    if promtool.command():
        yield promtool.valid_rules
    else:
        print("without promtool on PATH or in PROMTOOL, the syntax of rules is not checked")
