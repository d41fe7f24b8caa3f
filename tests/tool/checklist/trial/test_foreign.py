"""The dynamic checks of a service that the template did not make."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from shipshape.checklist import run
from shipshape.checklist.check import Kind, Status
from shipshape.checklist.decisions import ConfigurationError
from shipshape.checklist.report import Result
from shipshape.checklist.subject import of_service

from .conftest import configure


def results(*ids: str) -> dict[str, Result]:
    """The results of dynamic checks in the current folder."""
    report = run.run(of_service(), {Kind.DYNAMIC}, ids)
    return {it.check.id: it for it in report.results}


def statuses(*ids: str) -> dict[str, Status]:
    return {id: it.status for id, it in results(*ids).items()}


def evidence(found: Sequence[Result]) -> str:
    return "\n".join(str(each) for it in found for each in it.evidence)


def test_what_its_table_allows_is_tried(folder: Path) -> None:
    ids = ("DX1", "DX6", "DX7", "ST2", "ST3", "ST5", "ST6", "ST7")

    assert statuses(*ids) == {
        "DX1": Status.UNKNOWN,  # the table has neither `install` nor `run`
        "DX6": Status.PASS,
        "DX7": Status.PASS,
        "ST2": Status.NOT_APPLICABLE,
        "ST3": Status.PASS,
        "ST5": Status.NOT_APPLICABLE,
        "ST6": Status.NOT_APPLICABLE,
        "ST7": Status.UNKNOWN,  # nor how its limits are set
    }


def test_without_a_table_nothing_is_tried(folder: Path) -> None:
    (folder / "pyproject.toml").unlink()

    found = results("DX6", "ST3")

    assert {it.status for it in found.values()} == {Status.UNKNOWN}
    assert "add `start` and `readiness` to [tool.shipshape]" in evidence([found["ST3"]])


def test_stop_without_delay_fails_requests(folder: Path) -> None:
    configure(
        folder,
        start=f"env DELAY=0 {sys.executable} tiny.py",
        readiness="/ready",
        schema_file="openapi.yaml",
    )

    found = results("ST3")

    assert found["ST3"].status is Status.FAIL
    assert "requests failed" in evidence([found["ST3"]])


def test_service_that_does_not_start_is_unknown(folder: Path) -> None:
    configure(folder, start=f"{sys.executable} nothing.py", readiness="/ready")

    found = results("ST3")

    assert found["ST3"].status is Status.UNKNOWN
    assert "ended with 2: " in evidence([found["ST3"]])


def test_schema_without_an_operation_that_succeeds_is_unknown(folder: Path) -> None:
    (folder / "openapi.yaml").write_text("paths: { /other: { get: {} } }", "utf-8")

    found = results("ST3")

    assert found["ST3"].status is Status.UNKNOWN
    assert "tried: GET /other" in evidence([found["ST3"]])


@pytest.mark.parametrize("values", [{"start": ""}, {"unknown": "x"}])
def test_invalid_table_is_an_error(folder: Path, values: dict[str, str]) -> None:
    configure(folder, **{"grace_seconds": "long", **values})

    with pytest.raises(ConfigurationError, match=r"\[tool.shipshape\] in pyproject.toml: "):
        results("ST3")


def test_tests_that_fail_are_a_problem(folder: Path) -> None:
    configure(folder, test="echo 1 failed; exit 3")

    found = results("DX4")

    assert found["DX4"].status is Status.FAIL
    assert evidence([found["DX4"]]) == "`echo 1 failed; exit 3` fails: 1 failed"
