"""Run the checks with pytest."""

import contextlib
import io
import time
from collections.abc import Collection, Generator, Iterator
from pathlib import Path

import pytest

from .. import progress
from ..errors import ShipshapeError
from . import decisions, report
from .check import Check, Kind, NotApplicable, Record, Status, Unknown
from .decisions import ConfigurationError
from .report import Report, Result
from .subject import Subject
from .trial import configuration, fixtures

PILLARS = Path(__file__).with_name("pillars")
ORDER = (
    "developer_experience",
    "automation",
    "documentation",
    "observability",
    "stability",
    "security",
)
CONFIGURATION = Path(__file__).with_name("pytest.ini")
OF_TEAM = Path("checklist")
"""The folder of a team's own checks."""


def run(subject: Subject, kinds: Collection[Kind], only: Collection[str] = ()) -> Report:
    """Run the checks of these kinds, or those of them that have these ids.

    ConfigurationError if checklist.toml or a check of the team is invalid.
    """
    configuration.read(subject)  # which must be valid before anything is started
    runner = _Runner(subject, kinds, only)
    _pytest(runner)
    complete = not only and set(kinds) == set(Kind)
    return Report(subject.name, runner.results, complete)


def explained(id: str) -> list[Check]:
    """The checks that have this id, without running them; ConfigurationError if there is none."""
    collector = _Collector([id])
    _pytest(collector, "--collect-only")
    return [check for check in collector.checks if check.id == id]


def _pytest(plugin: "_Collector", *options: str) -> None:
    paths = [PILLARS / f"{name}.py" for name in ORDER]
    if OF_TEAM.is_dir():
        paths.append(OF_TEAM)
    fixed = f"--config-file={CONFIGURATION}", f"--rootdir={Path.cwd()}"
    with (
        contextlib.redirect_stdout(io.StringIO()) as said,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.delenv("PYTEST_ADDOPTS", raising=False)  # meant for the tests of the service
        status = pytest.main([*fixed, *options, *map(str, paths)], plugins=[plugin, fixtures])
    if plugin.faults:
        raise ConfigurationError("\n".join(plugin.faults))
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise ConfigurationError(f"the checks cannot be run: {said.getvalue().strip()}")


class _Collector:
    """A plugin of pytest: it finds the checks, and what is wrong with them."""

    def __init__(self, only: Collection[str]) -> None:
        self.checks: list[Check] = []
        self.faults: list[str] = []
        self._only = only

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            reason = (str(report.longrepr).strip().splitlines() or ["it cannot be imported"])[-1]
            self.faults.append(f"{report.nodeid}: {reason.removeprefix('E').strip()}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        unmarked = [item for item in items if not item.get_closest_marker("check")]
        self.faults += [
            f"{item.nodeid} is not a check: mark it with `@check(…)`" for item in unmarked
        ]
        items[:] = [item for item in items if item not in unmarked]
        self.checks = [_check(item) for item in items]
        self.faults += self._faults_of_checks()
        items[:] = [] if self.faults else [it for it in items if self._selected(_check(it))]

    def _faults_of_checks(self) -> Iterator[str]:
        names = [(check.id, check.kind) for check in self.checks]
        for id, kind in sorted({it for it in names if names.count(it) > 1}):
            yield f"{id} has more than one {kind} check: give each an id of its own"
        for id in sorted(set(self._only) - {check.id for check in self.checks}):
            yield f"there is no check {id}"

    def _selected(self, check: Check) -> bool:
        return not self._only or check.id in self._only


class _Runner(_Collector):
    """A plugin of pytest: it selects the checks and keeps their results."""

    def __init__(self, subject: Subject, kinds: Collection[Kind], only: Collection[str]) -> None:
        super().__init__(only)
        self.results: list[Result] = []
        self._subject = subject
        self._kinds = kinds
        self._decisions = decisions.read()
        self._record = Record()
        self._status = Status.PASS

    @pytest.fixture
    def record(self) -> Record:
        """What the check finds."""
        return self._record

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[fixtures.SUBJECT] = self._subject

    def _selected(self, check: Check) -> bool:
        return super()._selected(check) and check.kind in self._kinds

    def _faults_of_checks(self) -> Iterator[str]:
        yield from super()._faults_of_checks()
        ids = {check.id for check in self.checks}
        selected = {check.id for check in self.checks if self._selected(check)}
        for id in sorted(ids.intersection(self._only) - selected):
            yield f"{id} has no {' or '.join(sorted(self._kinds))} check"
        external = {check.id for check in self.checks if check.kind is Kind.EXTERNAL}
        for waiver in self._decisions.waiver:
            if waiver.check not in ids:
                yield f"{decisions.FILE}: there is no check {waiver.check} to waive"
        for attestation in self._decisions.attestation:
            if attestation.check not in external:
                yield f"{decisions.FILE}: there is no external check {attestation.check} to attest"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        check = _check(item)
        if check.kind is Kind.DYNAMIC:
            progress.say(f"{check.id}: {check.title} …")
        self._record = Record()
        self._status = Status.PASS
        started = time.monotonic()
        done = yield
        self.results.append(self._result(check, time.monotonic() - started))
        return done

    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is None or self._status is not Status.PASS:
            return
        error = call.excinfo.value
        text = (str(error).strip().splitlines() or [type(error).__name__])[0]
        match error:
            case NotApplicable():
                self._status = Status.NOT_APPLICABLE
                self._record.shows(text)
            case Unknown() | ShipshapeError():
                self._status = Status.UNKNOWN
                self._record.shows(text)
            case AssertionError():
                self._record.problem(text)
            case _:
                self._status = Status.ERROR
                self._record.shows(f"{type(error).__name__}: {text}", _place(call.excinfo))

    def _result(self, check: Check, seconds: float) -> Result:
        if check.kind is Kind.EXTERNAL:
            return report.attested(check, self._decisions)
        if self._record.problems:
            self._status = Status.FAIL
        elif not self._record.evidence:
            self._status = Status.ERROR
            self._record.shows("it shows no evidence: call `record.shows(…)`")
        return report.result(check, self._status, self._record, self._decisions, seconds)


def _check(item: pytest.Item) -> Check:
    marker = item.get_closest_marker("check")
    assert marker is not None
    check: Check = marker.args[0]
    return check


def _place(error: pytest.ExceptionInfo[BaseException]) -> str:
    last = error.traceback[-1]
    path = Path(last.path)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{path}:{last.lineno + 1}"
