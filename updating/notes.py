"""What CHANGELOG.md and UPGRADING.md of the template say of the releases between two."""

import re

_NUMBER = re.compile(r"\d+(?:\.\d+)+")
_INNER_HEADING = re.compile(r"^(#{3,5} )", re.MULTILINE)


def sections(text: str | None, old: str, new: str) -> str:
    """The sections of the releases after `old`, up to `new`, each heading one level deeper."""
    found = []
    for section in re.split(r"^## +", text or "", flags=re.MULTILINE)[1:]:
        if _NUMBER.match(section) and _number(old) < _number(section) <= _number(new):
            found.append("### " + _INNER_HEADING.sub(r"#\1", section.strip()))
    return "\n\n".join(found)


def _number(text: str) -> tuple[int, ...]:
    """The number of a release, such as (1, 4, 0); () where a text names none."""
    found = _NUMBER.search(text)
    return tuple(map(int, found[0].split("."))) if found else ()
