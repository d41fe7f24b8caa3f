"""The commands about the repository and the service as they stand."""

from pathlib import Path
from typing import Annotated

import typer

from . import containers
from . import contract as _contract
from . import example, findings
from .forges import gitlab_release, rules
from .releases import migrations as _migrations

app = typer.Typer()

_CHECKS = "Checks"
_SERVICE = "Service"


@app.command(rich_help_panel=_SERVICE)
def up(
    observability: Annotated[
        bool, typer.Option("--observability", help="with metrics, alerts, traces and dashboards")
    ] = False,
) -> None:
    """Run the service in containers, and wait until all are healthy."""
    containers.up(observability)


@app.command("remove-example", rich_help_panel=_SERVICE)
def remove_example() -> None:
    """Remove the example, once the service has an endpoint of its own."""
    example.remove()


@app.command(rich_help_panel=_CHECKS)
def contract(
    commit: Annotated[str, typer.Argument(help="what to compare with, such as origin/main")],
) -> None:
    """Check that a change breaks no caller of the API."""
    if not commit:
        raise typer.BadParameter("name a commit, as in `make contract base=origin/main`")
    print(_contract.check(commit))


@app.command(rich_help_panel=_CHECKS)
def migrations() -> None:
    """Check which code can run after each migration."""
    findings.report(_migrations.check())


@app.command("repository-rules", rich_help_panel=_CHECKS)
def repository_rules(
    apply: Annotated[bool, typer.Option("--apply", help="set right what differs")] = False,
) -> None:
    """Show how the forge's settings differ from the rules of the repository."""
    rules.hold(apply)


@app.command(rich_help_panel="Releases")
def publish(
    version: Annotated[str, typer.Argument(help="such as 1.4.0")],
    notes: Annotated[Path, typer.Argument(help="a file in Markdown", exists=True)],
    assets: Annotated[list[Path] | None, typer.Argument(help="files", exists=True)] = None,
) -> None:
    """Publish a release on GitLab, in a CI job."""
    print(f"released: {gitlab_release.publish(version, notes, assets or [])}")
