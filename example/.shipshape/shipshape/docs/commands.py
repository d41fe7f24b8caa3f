"""The commands of the documents."""

import typer

from .. import description, generated
from .pages import documents

app = typer.Typer()


@app.command(rich_help_panel="Service")
def docs() -> None:
    """Generate .env.example and the tables of README and runbook."""
    generated.update(documents(description.of_service()))
