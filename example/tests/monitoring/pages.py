"""What the Markdown of README.md and docs/ says: headings, links, blocks of code, tables."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.monitoring.objectives import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
RUNBOOK = ROOT / "docs" / "runbook.md"
PLAYBOOK = ROOT / "docs" / "playbook.md"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_RUN = re.compile(r"<!-- run(?:: (\d+))? -->\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Runnable(NamedTuple):
    """A block of commands that anyone can run, and the exit code that they end with."""

    page: str
    commands: str
    code: int

    @property
    def name(self) -> str:
        return f"{self.page}: {self.commands.splitlines()[0][:60]}"


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    """The text without its blocks of code, in which a # is no heading."""
    return _FENCED.sub("", text)


def blocks(text: str, *languages: str) -> Iterator[str]:
    """The blocks of code in some languages."""
    return (found[2] for found in _FENCED.finditer(text) if found[1] in languages)


def runnable(page: Path) -> Iterator[Runnable]:
    """The blocks behind <!-- run -->, or <!-- run: 2 --> for those that end with 2."""
    for code, commands in _RUN.findall(page.read_text("utf-8")):
        yield Runnable(page.stem, commands, int(code or 0))


def anchors(text: str) -> set[str]:
    """What a link can lead to: the headings, as GitHub and GitLab make anchors of them."""
    seen: Counter[str] = Counter()
    found = set()
    for _, heading in _HEADING.findall(prose(text)):
        shown = _LINK.sub("]", heading).replace("[", "").replace("]", "")
        anchor = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def links(text: str) -> list[str]:
    """Where the links lead to that stay within the repository."""
    return [link for link in _LINK.findall(prose(text)) if not re.match(r"[a-z]+:", link)]


def sections(text: str, level: int, within: str = "") -> dict[str, str]:
    """The text of each section of a level, by its heading; within the section of another one."""
    if within:
        text = next(iter(_split(text, within.count("#"), within.strip("# ")).values()))
    return _split(text, level)


def _split(text: str, level: int, only: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    heading, fenced = "", False
    for line in text.splitlines(keepends=True):
        fenced ^= line.startswith("```")
        if not fenced and (match := re.match(r"(#+) (.+)", line)) and len(match[1]) <= level:
            heading = match[2] if len(match[1]) == level else ""
        elif heading:
            found[heading] = found.get(heading, "") + line
    return {key: value for key, value in found.items() if not only or key == only}


def table(text: str, of: str) -> list[list[str]]:
    """The rows of the table between its markers, without its head."""
    lines = text.split(f"<!-- {of}: made", 1)[1].split(f"<!-- end of {of}", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines[3:]]
