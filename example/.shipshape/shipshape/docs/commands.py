"""The commands of the documents."""

from typing import Annotated

import typer

from .. import description, generated
from .pages import documents

app = typer.Typer()


@app.command(rich_help_panel="Service")
def docs(
    check: Annotated[bool, typer.Option("--check", help="fail if a document is stale")] = False,
) -> None:
    """Generate .env.example and the tables of README and runbook."""
    generated.update(documents(description.of_service()), check=check, command="make docs")
