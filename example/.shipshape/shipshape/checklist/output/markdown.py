"""The checklist in Markdown, for the summary of a pipeline or a comment on a change."""

import html
import re
from collections.abc import Iterator

from ...docs.tables import table
from ..check import Evidence, Status
from ..decisions import FILE
from ..report import Result
from . import places, texts
from .summary import Summary

_SIGNS = {
    Status.PASS: "✅",
    Status.WAIVED: "☑️",
    Status.NOT_APPLICABLE: "➖",
    Status.FAIL: "❌",
    Status.UNKNOWN: "❔",
    Status.ERROR: "⚠️",
}


def text(summary: Summary) -> str:
    """The level first, then what is not clean, then all checks, collapsed."""
    return "\n".join(_blocks(summary))


def _blocks(summary: Summary) -> Iterator[str]:
    yield f"## {_escaped(f'{summary.headline} ({summary.report.service})')}\n"
    yield from (f"{_escaped(sentence)}\n" for sentence in (*summary.conclusion, summary.counts))
    for result in summary.problems:
        yield _problem(result, summary.repository)
    if summary.waiting:
        yield f"### Waiting for a person\n\nAttest these checks in `{FILE}`:\n"
        for it in summary.waiting:
            yield f"- {it.check.id} {_escaped(it.check.title)}: {_evidence(it.evidence[0])}"
        yield ""
    if summary.warnings:
        yield "### Warnings\n"
        for it in summary.warnings:
            yield f"- {it.check.id} {_escaped(it.check.title)}: {_escaped(it.warning)}"
        yield ""
    yield f"<details><summary>All {len(summary.report.results)} checks</summary>\n"
    for pillar, results in summary.pillars.items():
        yield f"### {_escaped(pillar)}\n"
        yield table(("Check", "Status", "Level", "Evidence"), map(_row, results))
    yield "</details>\n"


def _problem(result: Result, repository: places.Repository) -> str:
    check = result.check
    about = ", ".join(filter(None, [str(check.level), check.kind, texts.enforcement(result)]))
    return "\n".join(
        [
            f"### {_SIGNS[result.status]} {result.status} {check.id}: {_escaped(check.title)}\n",
            f"{about}\n",
            *(f"- {_evidence(it, repository)}" for it in result.evidence),
            f"\n**Why:** {_escaped(check.why)}\n",
            f"**Fix:** {_escaped(check.fix)}\n",
        ]
    )


def _row(result: Result) -> tuple[str, ...]:
    cells = (
        f"{result.check.id} {_escaped(result.check.title)}",
        f"{_SIGNS[result.status]} {result.status}",
        str(result.check.level),
        _escaped(texts.short(result)),
    )
    return tuple(cell.replace("|", "\\|") for cell in cells)


def _evidence(evidence: Evidence, repository: places.Repository | None = None) -> str:
    """The evidence, with a link to its file."""
    text = _escaped(evidence.text)
    place = places.parsed(evidence.place)
    if place and repository and (link := repository.link(place)):
        return f"[{_escaped(evidence.place)}]({link}): {text}"
    return f"{_escaped(evidence.place)}: {text}" if evidence.place else text


def _escaped(text: str) -> str:
    """A line that shows the text and keeps only its code."""
    return "".join(
        f"`{part}`" if code else re.sub(r"([\\`*_\[\]~#])", r"\\\1", html.escape(part, quote=False))
        for part, code in texts.parts(texts.one_line(text))
    )
