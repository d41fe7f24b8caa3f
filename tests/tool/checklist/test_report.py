"""The level that results add up to, the exit code, and what waivers and attestations change."""

import pytest

from shipshape.checklist.check import Evidence, Kind, Level, Record, Status
from shipshape.checklist.decisions import Attestation, Decisions, Waiver
from shipshape.checklist.report import Result, attested, result

from .made_up import WAITING, a_check, a_report, a_result, days


def failing(level: Level, status: Status = Status.FAIL) -> list[Result]:
    """Clean results of each level, and one of this level that is not."""
    return [
        *(a_result(f"DX{number}", level=each) for number, each in enumerate(Level)),
        a_result("ST1", status, level=level),
    ]


@pytest.mark.parametrize(
    ("missing", "reached"),
    [(Level.BRONZE, None), (Level.SILVER, Level.BRONZE), (Level.GOLD, Level.SILVER)],
)
@pytest.mark.parametrize("status", [Status.FAIL, Status.UNKNOWN, Status.ERROR])
def test_one_check_holds_back_its_level(
    missing: Level, reached: Level | None, status: Status
) -> None:
    assert a_report(failing(missing, status)).level == reached


@pytest.mark.parametrize("status", [Status.PASS, Status.WAIVED, Status.NOT_APPLICABLE])
def test_clean_results_reach_gold(status: Status) -> None:
    assert a_report(failing(Level.BRONZE, status)).level == Level.GOLD


def test_attestations_alone_are_missing() -> None:
    report = a_report([a_result(), WAITING])
    assert report.level == Level.SILVER
    assert report.level_of_automatic_checks == Level.GOLD
    assert report.missing(Level.GOLD) == [WAITING]


@pytest.mark.parametrize(
    ("required", "status", "code"),
    [
        (Level.BRONZE, Status.FAIL, 0),
        (Level.SILVER, Status.FAIL, 1),
        (Level.GOLD, Status.FAIL, 1),
        (Level.SILVER, Status.UNKNOWN, 2),
        (Level.SILVER, Status.ERROR, 2),
        (Level.SILVER, Status.WAIVED, 0),
        (None, Status.FAIL, 0),
    ],
)
def test_exit_code(required: Level | None, status: Status, code: int) -> None:
    assert a_report(failing(Level.SILVER, status)).exit_code(required) == code


def test_failure_counts_more_than_unknown() -> None:
    results = [*failing(Level.BRONZE), a_result("ST2", Status.UNKNOWN)]
    assert a_report(results).exit_code(Level.BRONZE) == 1


@pytest.mark.parametrize(("starts", "level"), [(1, Level.GOLD), (0, None), (-1, None)])
def test_check_counts_from_its_day(starts: int, level: Level | None) -> None:
    report = a_report([a_result(status=Status.FAIL, enforced_from=days(starts))])
    assert report.level == level
    assert report.exit_code(Level.GOLD) == (0 if level else 1)


def recorded(problem: str) -> Record:
    record = Record()
    record.shows("a fact")
    record.problem(problem)
    return record


def waived(status: Status, expires: int) -> Result:
    waiver = Waiver(check="ST1", reason="too old", owner="team", expires=days(expires))
    return result(a_check(), status, recorded("no probe"), Decisions(waiver=(waiver,)), 0)


@pytest.mark.parametrize("status", [Status.FAIL, Status.UNKNOWN, Status.ERROR])
def test_waiver_is_shown_as_waived(status: Status) -> None:
    found = waived(status, 100)
    assert found.status is Status.WAIVED
    assert str(found.evidence[0]) == f"checklist.toml: too old (team, until {days(100)})"
    assert len(found.evidence) == 2


@pytest.mark.parametrize("status", [Status.PASS, Status.NOT_APPLICABLE])
def test_clean_check_needs_no_waiver(status: Status) -> None:
    assert waived(status, 100).status is status


@pytest.mark.parametrize(("left", "warned"), [(0, True), (14, True), (15, False)])
def test_end_of_waiver_is_warned_of(left: int, warned: bool) -> None:
    found = waived(Status.FAIL, left)
    assert found.status is Status.WAIVED
    assert found.warning == (f"the waiver expires on {days(left)}" if warned else "")


def test_expired_waiver_fails_again() -> None:
    found = waived(Status.FAIL, -1)
    assert found.status is Status.FAIL
    assert found.evidence == (
        Evidence("no probe"),
        Evidence(f"its waiver expired on {days(-1)}", "checklist.toml"),
    )


def attestation(ago: int) -> Result:
    given = Attestation(check="SE10", by="A. Person", on=days(-ago), evidence="https://wiki")
    external = a_check("SE10", Level.GOLD, Kind.EXTERNAL, attested_for=100)
    return attested(external, Decisions(attestation=(given,)))


@pytest.mark.parametrize(
    ("ago", "status", "warning"),
    [
        (0, Status.PASS, ""),
        (85, Status.PASS, ""),
        (86, Status.PASS, f"attest it again before {days(14)}"),
        (100, Status.PASS, f"attest it again before {days(0)}"),
        (101, Status.UNKNOWN, ""),
    ],
)
def test_attestation_goes_stale(ago: int, status: Status, warning: str) -> None:
    found = attestation(ago)
    assert (found.status, found.warning) == (status, warning)
    assert f"https://wiki (A. Person, {days(-ago)})" in found.evidence[0].text


def test_nobody_attested() -> None:
    found = attested(a_check("SE10", Level.GOLD, Kind.EXTERNAL), Decisions())
    assert (found.status, found.evidence[0].text) == (Status.UNKNOWN, "nobody has attested it")
