"""The checklist as one page in HTML, which needs no script, font or network."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..check import Kind, Level, Status
from ..decisions import FILE
from . import places, sources, texts
from .summary import Summary

_ADDRESS = re.compile(r"(https://[^\s<>\"']*[^\s<>\"'.,;:)])")

_SIGNS = {
    Status.PASS: "✓",
    Status.WAIVED: "≈",
    Status.NOT_APPLICABLE: "–",
    Status.FAIL: "✗",
    Status.UNKNOWN: "?",
    Status.ERROR: "!",
}
_KINDS = {
    Kind.STATIC: "static: it reads files",
    Kind.DYNAMIC: "dynamic: it starts the service and tries it",
    Kind.EXTERNAL: "external: a person attests it",
}


def text(summary: Summary) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"marked": _marked, "address": sources.address}
    environment.globals |= {
        "attestation": texts.attestation,
        "decisions": FILE,
        "enforcement": texts.enforcement,
        "kinds": _KINDS,
        "levels": list(Level),
        "link": lambda place: (found := places.parsed(place)) and summary.repository.link(found),
        "signs": _SIGNS,
    }
    return environment.get_template("page.html").render(summary=summary)


def _marked(text: str) -> Markup:
    """The text with its code and its addresses marked."""
    return Markup().join(
        Markup("<code>{}</code>").format(part) if code else _linked(part)
        for part, code in texts.parts(text)
    )


def _linked(text: str) -> Markup:
    return Markup().join(
        Markup('<a href="{0}">{0}</a>').format(part) if _ADDRESS.fullmatch(part) else part
        for part in _ADDRESS.split(text)
    )
