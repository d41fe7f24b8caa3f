"""Marks that tests of several folders share."""

from typing import Any

import pytest


def long(*values: object) -> list[Any]:
    """Parameters that `make test` leaves to `make test-long`."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]
