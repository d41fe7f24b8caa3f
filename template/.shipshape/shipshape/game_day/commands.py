"""The command of the drill."""

import signal
from typing import Annotated

import typer

from . import drill

app = typer.Typer()


@app.command(rich_help_panel="Service")
def game_day(
    only: Annotated[
        list[str] | None, typer.Argument(metavar="[FAULT]…", help="which; all without one")
    ] = None,
) -> None:
    """Break the service in containers, one thing at a time, and wait for its alert."""
    faults = drill.faults_of_service()
    names = [fault.name for fault in faults]
    wanted = only or names
    if unknown := [name for name in wanted if name not in names]:
        raise typer.BadParameter(
            f"there is no drill {' '.join(unknown)}: choose of {', '.join(names)}"
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up, as Ctrl-C does
    drill.run([fault for fault in faults if fault.name in wanted])
