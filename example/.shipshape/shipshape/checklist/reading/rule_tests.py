"""The tests of alerts, which promtool runs."""

import re
from collections.abc import Mapping

from ...check.promtool import TESTS
from . import repository

_ALERT = re.compile(r"alertname[\"']?\s*[:=]\s*[\"']?(\w+)")


def tested() -> Mapping[str, str]:
    """The alerts that tests try, each with the place of one."""
    lines = repository.grep("alertname", f"{TESTS}/*", "*test*.yml", "*test*.yaml")
    return {found[1]: it.place for it in lines if (found := _ALERT.search(it.text))}
