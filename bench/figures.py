"""Rows of a figure other than time, compared with that of an anchor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

from .measuring import Target


@dataclass(frozen=True)
class Comparison:
    """How a figure compares with that of the anchor in the same round."""

    of: Callable[[float, float], float]
    shown: str  # the format of the outcome
    unit: str


CAPACITY_LEFT = Comparison(lambda cost, anchor: 100 * anchor / cost, ".0f", " %")
TIMES = Comparison(lambda figure, anchor: figure / anchor, ".2f", "×")
MORE = Comparison(lambda figure, anchor: figure - anchor, "+.1f", " MB")


@dataclass(frozen=True)
class Figure:
    """What came of each round, and what in the same rounds it is compared with."""

    HEADER: ClassVar[tuple[str, ...]] = (
        "what",
        "median",
        "min–max",
        "against bare",
        "target",
        "met",
    )

    what: str
    values: Sequence[float]
    unit: str
    comparison: Comparison | None = None
    anchor: Sequence[float] = ()
    target: Target | None = None

    @property
    def compared(self) -> list[float]:
        """One a round: what slows the machine for a while slows both, and so cancels out."""
        if self.comparison is None:
            return []
        return list(map(self.comparison.of, self.values, self.anchor))

    @property
    def missed(self) -> bool:
        return self.target is not None and not self.target.met_by(median(self.compared))

    def cells(self) -> list[str]:
        """As HEADER says."""
        against = target = met = ""
        if self.comparison:
            form, unit = self.comparison.shown, self.comparison.unit
            middle, low, high = (f"{of(self.compared):{form}}" for of in (median, min, max))
            against = f"{middle}{unit} ({low}–{high})"
        if self.target:
            target, met = str(self.target), "**no**" if self.missed else "yes"
        middle, low, high = (_three_digits(of(self.values)) for of in (median, min, max))
        spread = f"{low}–{high} {self.unit}"
        return [self.what, f"{middle} {self.unit}", spread, against, target, met]


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
