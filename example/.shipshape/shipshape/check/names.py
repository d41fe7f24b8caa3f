"""Links, commands and files that pages name exist."""

import re
from collections.abc import Iterator
from pathlib import Path

from .. import template
from ..files import PLAYBOOK, README, RUNBOOK
from .markdown import Page, pages
from .subject import Subject

_MAKE = re.compile(r"make ([a-z][a-z-]*)(?![\w=])")
_SHIPSHAPE = re.compile(r"python3? \.shipshape ([a-z][a-z-]*)")
_FOLDERS = r"\.shipshape|deploy|docs|migrations|monitoring|scripts|src|tests"
_FILE = re.compile(rf"((?:{_FOLDERS})/[\w./-]*\w)/?(?:::(\w+))?")


def links(subject: Subject) -> Iterator[str]:
    """A link leads to a file and a heading."""
    for page in pages():
        yield from broken_links(page)


def broken_links(page: Page) -> Iterator[str]:
    """The links of a page that lead nowhere in the repository."""
    for line, link in page.links():
        path, _, anchor = link.partition("#")
        target = page.path.parent / path if path else page.path
        if not target.exists():
            yield f"{page.path}:{line}: the link {link} leads to no file"
        elif anchor and target.suffix == ".md" and anchor not in Page.read(target).anchors:
            yield f"{page.path}:{line}: the link {link} leads to no heading of {target}"


def commands(subject: Subject) -> Iterator[str]:
    """A command is a target of make, or a command of this tool."""
    targets = set(_targets())
    for page in pages():
        for line, text in page.commands():
            if (found := _MAKE.match(text)) and found[1] not in targets:
                yield f"{page.path}:{line}: there is no target `make {found[1]}`"
            if (found := _SHIPSHAPE.search(text)) and found[1] not in subject.commands:
                yield (
                    f"{page.path}:{line}: `{found[0]}` is no command; `{template.COMMAND} --help` "
                    "lists all"
                )


def _targets() -> Iterator[str]:
    for path in (Path("Makefile"), Path("local.mk")):
        if path.exists():
            lines = re.findall(r"^([\w. -]+):(?!=)", path.read_text("utf-8"), re.MULTILINE)
            yield from (target for line in lines for target in line.split())


def files(subject: Subject) -> Iterator[str]:
    """A file exists, and the test in it. Other pages, such as decisions, may name former files."""
    for page in (page for page in pages() if page.path in (README, RUNBOOK, PLAYBOOK)):
        for line, text in page.commands():
            found = _FILE.fullmatch(text)
            if not found:
                continue
            path, test = Path(found[1]), found[2]
            if not path.exists():
                yield f"{page.path}:{line}: there is no {path}"
            elif test and f"def {test}(" not in path.read_text("utf-8"):
                yield f"{page.path}:{line}: {path} has no test {test}"
