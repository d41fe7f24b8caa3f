"""The level as a badge, for README.md."""

from ..check import Level
from .summary import Summary

_LABEL = "production-ready"
_COLOURS = {
    None: "#b3261e",
    Level.BRONZE: "#8c5523",
    Level.SILVER: "#5c6773",
    Level.GOLD: "#8a6400",
}
_LETTER = 6.1
"""The usual width of a letter in pixels; the text is stretched to fit."""


def text(summary: Summary) -> str:
    """The badge as SVG. The level stands there as a word, so the colour adds nothing."""
    level = summary.level_name
    left, right = (round(len(it) * _LETTER) + 12 for it in (_LABEL, level))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" \
aria-label="{_LABEL}: {level}">
  <title>{_LABEL}: {level}</title>
  <clipPath id="round"><rect width="{left + right}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{left}" height="20" fill="#3a3f45"/>
    <rect x="{left}" width="{right}" height="20" fill="{_COLOURS[summary.level]}"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
    <text x="6" y="14" textLength="{left - 12}">{_LABEL}</text>
    <text x="{left + 6}" y="14" textLength="{right - 12}">{level}</text>
  </g>
</svg>
"""
