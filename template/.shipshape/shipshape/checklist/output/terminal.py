"""The checklist at the terminal, which is readable without colours too."""

import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..check import Check, Kind, Status
from ..decisions import FILE
from ..report import Result
from . import texts
from .summary import Summary

WIDTH = 120
"""The width where there is no terminal, as in the log of a pipeline."""
_WIDE = 110
"""From this width on the evidence has a column of its own."""

_STYLES = {
    Status.PASS: "green",
    Status.WAIVED: "yellow",
    Status.NOT_APPLICABLE: "dim",
    Status.FAIL: "bold red",
    Status.UNKNOWN: "magenta",
    Status.ERROR: "bold red",
}


def console() -> Console:
    """A console on stdout, with a fixed width in a pipe."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # evidence may have any character
    width = None if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def show(summary: Summary) -> None:
    """Print the results, what to do about those that are not clean, and the level."""
    to = console()
    widths = _Widths(summary.report.results)
    for pillar, results in summary.pillars.items():
        to.print(Text(f"\n{pillar}", "bold"))
        to.print(_table(results, widths, to.width >= _WIDE))
    for result in summary.problems:
        to.print(_problem(result))
    if summary.waiting:
        waiting = {it.check: it.evidence[0].text for it in summary.waiting}
        to.print(_list(f"Waiting for a person, who attests them in {FILE}", waiting))
    if summary.warnings:
        to.print(_list("Warnings", {it.check: it.warning for it in summary.warnings}))
    to.print(f"\n{summary.counts}")
    for sentence in (summary.headline, *summary.conclusion):
        to.print(Text(sentence, "bold"))


def explain(checks: Sequence[Check]) -> None:
    """Print what a check is about."""
    to = console()
    for check in checks:
        to.print(Text(f"{check.id}  {check.title}", "bold"))
        about = [check.pillar, f"level {check.level}", check.kind]
        if check.enforced_from:
            about.append(f"counts from {check.enforced_from}")
        to.print(_indented(", ".join(about)))
        to.print(_indented(f"Why: {check.why}"))
        to.print(_indented(f"Fix: {check.fix}"))
        if check.sources:
            to.print(_indented(f"Sources: {', '.join(check.sources)}"))
        if check.kind is Kind.EXTERNAL:
            to.print(_indented(f"A person attests it for {check.attested_for} days, in {FILE}:"))
            to.print(*(_indented(it, 4) for it in texts.attestation(check).splitlines()), sep="")


class _Widths:
    """The widths of the columns, which are the same in each pillar."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.id = max(len(it.check.id) for it in results)
        self.status = max(len(it.status) for it in results)
        self.level = max(len(str(it.check.level)) for it in results)


def _table(results: Sequence[Result], widths: _Widths, wide: bool) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, expand=True)
    table.add_column(width=widths.id)
    table.add_column(ratio=2)
    table.add_column(width=widths.status)
    table.add_column(width=widths.level)
    if wide:
        table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    for result in results:
        check = result.check
        title, evidence = Text(check.title), Text(texts.short(result), "dim")
        table.add_row(
            check.id,
            title if wide else _under(title, evidence),
            Text(result.status, _STYLES[result.status]),
            str(check.level),
            *([evidence] if wide else []),
        )
    return table


def _under(title: Text, evidence: Text) -> RenderableType:
    evidence.no_wrap, evidence.overflow = True, "ellipsis"
    return Group(title, evidence)


def _problem(result: Result) -> Group:
    """What is wrong with it, why that matters and how to fix it."""
    check = result.check
    head = Text.assemble(
        "\n", (f"{result.status.upper()} {check.id}  ", _STYLES[result.status]), check.title
    )
    about = [str(check.level), str(check.kind), texts.enforcement(result)]
    head.append(f" ({', '.join(filter(None, about))})")
    return Group(
        head,
        *(_indented(str(it)) for it in result.evidence),
        _indented(f"Why: {check.why}"),
        _indented(f"Fix: {check.fix}"),
    )


def _list(head: str, lines: Mapping[Check, str]) -> Group:
    items = (f"{check.id}  {check.title}: {text}" for check, text in lines.items())
    return Group(Text(f"\n{head}", "bold"), *map(_indented, items))


def _indented(text: str, by: int = 2) -> Padding:
    return Padding(Text(text), (0, 0, 0, by), expand=False)
