"""The command line: `python3 .shipshape COMMAND …`."""

import sys
from collections.abc import Sequence

import typer

from . import commands, load_test, template
from .check import commands as check
from .checklist import commands as checklist
from .docs import commands as docs
from .errors import ShipshapeError
from .game_day import commands as game_day
from .monitoring import commands as monitoring
from .releases import commands as releases

_STOPPED = 130
"""What Typer makes of Ctrl-C."""

updates = typer.Typer()
app = typer.Typer(
    help="What Shipshape does for this service.",
    no_args_is_help=True,
    add_completion=False,
)
for each in (
    check.app,
    checklist.app,
    docs.app,
    monitoring.app,
    game_day.app,
    load_test.app,
    commands.app,
    releases.app,
    updates,
):
    app.add_typer(each)


@app.callback()
def _commands() -> None:
    """Typer asks for a callback where a program has commands."""


def _fetched(context: typer.Context) -> None:
    """Any of template.COMMANDS, which read their own arguments and have their own help."""
    raise typer.Exit(template.main([context.info_name or "", *context.args]))


_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
for name, text in template.COMMANDS.items():
    updates.command(name, help=text, rich_help_panel="Updates", context_settings=_PASSED_ON)(
        _fetched
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry a command out. An error is one sentence on stderr.

    The exit code: 0; 1 where a command fails; 2 where it is used wrongly; 130 after Ctrl-C.
    """
    try:
        status = app(arguments, prog_name=template.COMMAND, standalone_mode=False)
    except typer.TyperException as error:
        if text := error.format_message():  # without a command, the help is shown instead
            print(f"error: {text}", file=sys.stderr)
        return 2
    except ShipshapeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if status == _STOPPED:
        print("error: stopped", file=sys.stderr)
    return status if isinstance(status, int) else 0
