"""The command of the checklist."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer()


@app.command(rich_help_panel="Checks")
def checklist(
    ids: Annotated[
        list[str] | None, typer.Argument(help="run only these checks, such as ST2")
    ] = None,
    static: Annotated[
        bool, typer.Option("--static", help="run only the checks that read files")
    ] = False,
    level: Annotated[
        Literal["bronze", "silver", "gold"] | None,
        typer.Option(help="the level to require, in place of the one in catalog-info.yaml"),
    ] = None,
    write: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="write the results to a file that ends with .html, .json, .md, .sarif or .svg; "
            "repeatable",
        ),
    ] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="ID", help="explain a check without running it")
    ] = None,
) -> None:
    """Check how production-ready the service is.

    Exit codes: 0 the level is clean, 1 a check fails, 2 one cannot be tried, 3 invalid input.
    """
    from . import invocation  # it imports pytest, for which other commands must not wait

    if explain:
        raise typer.Exit(invocation.explain(explain))
    raise typer.Exit(invocation.check(ids or (), static, level, write or ()))
