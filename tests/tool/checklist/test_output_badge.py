"""The badge with the level."""

import re
from xml.etree import ElementTree

import pytest

from shipshape.checklist.check import Level, Status
from shipshape.checklist.output import badge
from shipshape.checklist.report import Result

from .made_up import WAITING, a_result, a_summary


def _failing(level: Level) -> list[Result]:
    return [a_result(), a_result("ST2", Status.FAIL, level=level)]


LEVELS = {
    "none": _failing(Level.BRONZE),
    "bronze": _failing(Level.SILVER),
    "silver": [a_result(), WAITING],
    "gold": [a_result()],
}


def drawn(level: str) -> ElementTree.Element:
    return ElementTree.fromstring(badge.text(a_summary(LEVELS[level])))


@pytest.mark.parametrize("level", LEVELS)
def test_level_is_a_word(level: str) -> None:
    found = drawn(level)
    assert found.get("aria-label") == f"production-ready: {level}"
    assert [it.text for it in found.iter("{http://www.w3.org/2000/svg}text")] == [
        "production-ready",
        level,
    ]


@pytest.mark.parametrize("level", LEVELS)
def test_white_text_has_contrast(level: str) -> None:
    for colour in re.findall(r'fill="#([0-9a-f]{6})"', badge.text(a_summary(LEVELS[level]))):
        assert 1.05 / (_luminance(colour) + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    """The relative luminance by WCAG."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4))
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
    return sum(it * share for it, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = badge.text(a_summary())
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
