"""The rules as Prometheus reads them."""

from collections.abc import Sequence

from .objectives import ROOT
from .rules import Group
from .yaml_text import dump

RULES = ROOT / "monitoring" / "prometheus" / "rules.yml"

_HEAD = "# Made by `make monitoring` from ../slo.yaml and rules/*.yml. Do not edit.\n"


def for_prometheus(groups: Sequence[Group]) -> str:
    """A file of rules."""
    return _HEAD + dump({"groups": groups})
