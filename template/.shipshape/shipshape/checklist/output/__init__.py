"""How results are shown: at the terminal, and in files whose suffix chooses the form."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..check import Level
from ..decisions import ConfigurationError
from ..report import Report
from . import badge, data, markdown, page, places, sarif
from .summary import Summary

FORMS: Mapping[str, Callable[[Summary], str]] = {
    ".html": page.text,
    ".json": data.text,
    ".md": markdown.text,
    ".sarif": sarif.text,
    ".svg": badge.text,
}
BADGE = ".svg"


def require_forms(files: Sequence[Path], complete: bool) -> None:
    """ConfigurationError for a file whose form is not known, or that needs all checks."""
    for file in files:
        if file.suffix not in FORMS:
            raise ConfigurationError(f"{file} must end with one of {', '.join(FORMS)}")
        if file.suffix == BADGE and not complete:
            raise ConfigurationError(f"{file} shows the level, which needs all checks to run")


def summarized(report: Report, held: Level | None) -> Summary:
    """What the forms show of a report."""
    return Summary(report, held, places.repository(), datetime.now(UTC))


def write(summary: Summary, files: Sequence[Path]) -> None:
    """Write each file in the form of its suffix."""
    for file in files:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(FORMS[file.suffix](summary), "utf-8")
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from None
