"""The dynamic checks: a fresh service is clean, and each fault is noticed by one of them."""

import os
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.tool.checklist.mutating import appended, both, replaced

from .checklist import broken, dynamic, unclean
from .conftest import kinds
from .faults import automation, developer_experience, observability, stability

pytestmark = [pytest.mark.slow, pytest.mark.long]

MUTATIONS = {
    **automation.MUTATIONS,
    **developer_experience.MUTATIONS,
    **observability.MUTATIONS,
    **stability.MUTATIONS,
}
CHECKS = sorted({check for check, _ in MUTATIONS.values()})
WITHOUT_DATABASE = {"AU9", "ST2", "ST4"}
A_TEST_FAILS = both(
    replaced("pyproject.toml", '"tests/contract", "tests/integration", ', ""),
    appended("tests/unit/test_more.py", "def test_more() -> None:\n    assert 1 == 2\n"),
)

ROUNDS = [
    [name for name in names if name]
    for names in zip_longest(
        *([name for name, (it, _) in MUTATIONS.items() if it == check] for check in CHECKS)
    )
]
"""All mutations, in rounds that have at most one for each check: a run takes a minute."""


@kinds("postgresql", "none")
def test_fresh_service_is_clean(service: Path) -> None:
    found = dynamic(service)

    assert unclean(found) == {}
    assert found.keys() == {*CHECKS, "DX4"}
    without = set() if (service / "migrations").exists() else WITHOUT_DATABASE
    others = {id for id, it in found.items() if it.status == "not applicable"}
    assert others == {"ST5", *without}


@kinds("postgresql")
@pytest.mark.parametrize("names", ROUNDS, ids=range(len(ROUNDS)))
def test_each_fault_is_noticed_by_its_check_and_no_other(service: Path, names: list[str]) -> None:
    """Without DX4: the service's own tests may notice the same faults."""
    # Without root, a service that needs it does not start, so each check would fail.
    mutations = [MUTATIONS[it] for it in names if os.geteuid() == 0 or it != automation.NEEDS_ROOT]

    def change(folder: Path) -> None:
        for _, each in mutations:
            each(folder)

    with broken(service, change):
        found = unclean(dynamic(service, *CHECKS))

    expected = {check: "fail" for check, _ in mutations}
    assert {id: it.status for id, it in found.items()} == expected, found


@kinds("postgresql")
def test_failing_test_is_noticed(service: Path) -> None:
    with broken(service, A_TEST_FAILS):
        found = dynamic(service, "DX4")

    assert found["DX4"].status == "fail"
    assert "FAILED tests/unit/test_more.py::test_more" in found["DX4"].evidence[0]


@kinds("postgresql")
def test_call_as_the_chassis_does_it_is_right(service: Path) -> None:
    with broken(service, stability.calling(stability.CALL)):
        found = dynamic(service, "ST5")

    assert found["ST5"].status == "pass", found
