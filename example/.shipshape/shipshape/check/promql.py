"""The metrics in an expression of PromQL."""

import re
from collections.abc import Iterator

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_NO_METRICS = re.compile(
    r"#.*|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
)
_SELECTOR = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\w)\s*(\{[^}]*\})?(?!\s*\()")
_JOB = re.compile(r'\bjob\s*(=~?|!=|!~)\s*"(\d+)"')
_KEYWORDS = {"and", "atan2", "bool", "group_left", "group_right", "inf", "nan", "offset", "or"}
_KEYWORDS |= {"unless"}


def selectors(expression: str) -> Iterator[tuple[str, str | None]]:
    """Each metric, and the job that its selector names; None if it names none."""
    strings: list[str] = []

    def masked(found: re.Match[str]) -> str:
        strings.append(found[0][1:-1])
        return f'"{len(strings) - 1}"'

    text = _NO_METRICS.sub(" ", _STRING.sub(masked, expression))
    for name, matchers in _SELECTOR.findall(text):
        if name.lower() not in _KEYWORDS:
            job = _JOB.search(matchers)
            yield name, strings[int(job[2])] if job else None
