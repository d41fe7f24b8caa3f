"""The commands of the monitoring."""

from typing import Annotated

import typer

from .. import description, generated
from . import objectives, products, rules

app = typer.Typer()


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0
    if not 0 < factor < float("inf"):
        raise typer.BadParameter(f"--faster {text}: N must be a number greater than 0")
    return factor


@app.command(rich_help_panel="Service")
def monitoring(
    faster: Annotated[
        float | None,
        typer.Option(parser=_factor, metavar="N", help="print them, all times divided by N"),
    ] = None,
) -> None:
    """Generate the Prometheus rules from the objectives and alerts."""
    promise = objectives.read(description.of_service().latency_buckets)
    groups = rules.groups(promise)
    if faster is not None:
        print(products.for_prometheus(rules.faster(groups, faster)), end="")
        return
    generated.update(products.products(promise, groups))
