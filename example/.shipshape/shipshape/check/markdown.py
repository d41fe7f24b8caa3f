"""Pages in Markdown: headings, links, code."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..files import README

_FENCED = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,}) *(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^ {0,3}(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Section:
    """A heading with the text up to the next one of its level or above."""

    heading: str
    line: int
    text: str


@dataclass(frozen=True)
class Page:
    """A page of the service. Lines are numbers of lines."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "Page":
        return cls(path, path.read_text("utf-8"))

    @cached_property
    def prose(self) -> str:
        """The text with blank lines in place of its blocks of code."""
        return _FENCED.sub(lambda it: "\n" * it[0].count("\n"), self.text)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The anchors of the headings, as GitHub and GitLab form them."""
        seen: Counter[str] = Counter()
        found = set()
        for _, heading in _HEADING.findall(self.prose):
            shown = _LINK.sub("]", heading).replace("[", "").replace("]", "")
            anchor = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
        return frozenset(found)

    def links(self) -> Iterator[tuple[int, str]]:
        """The line and the target of each link within the repository."""
        for found in _LINK.finditer(self.prose):
            if not re.match(r"[a-z]+:", found[1]):
                yield _line(self.prose, found.start()), found[1]

    def blocks(self, *languages: str) -> Iterator[tuple[int, str]]:
        """The first line and the text of each block of code in some languages."""
        for found in _FENCED.finditer(self.text):
            if found["language"] in languages:
                yield _line(self.text, found.start("text")), found["text"]

    def commands(self) -> Iterator[tuple[int, str]]:
        """The line and the text of inline code, and of each line in blocks of commands."""
        for found in _CODE.finditer(self.prose):
            yield _line(self.prose, found.start()), found[1]
        for first, block in self.blocks("console", "sh"):
            yield from enumerate(block.splitlines(), first)

    def sections(self, level: int, within: str = "") -> list[Section]:
        """The sections of a level; only those below a heading of the level above it, if given."""
        headings = [
            (len(it[1]), it[2], _line(self.prose, it.start()))
            for it in _HEADING.finditer(self.prose)
        ]
        lines, found, parent = self.text.splitlines(keepends=True), [], ""
        for number, (depth, heading, line) in enumerate(headings):
            if depth < level:
                parent = heading
            if depth != level or (within and parent != within):
                continue
            following = (start for each, _, start in headings[number + 1 :] if each <= level)
            end = next(following, len(lines) + 1)
            found.append(Section(heading, line, "".join(lines[line : end - 1])))
        return found


def pages() -> list[Page]:
    """README.md and all pages of docs/."""
    paths = [README, *sorted(Path("docs").glob("**/*.md"))]
    return [Page.read(path) for path in paths if path.exists()]


def links_in(text: str) -> list[str]:
    """The targets of the links in a part of a page."""
    return _LINK.findall(text)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
