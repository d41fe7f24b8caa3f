"""The fixtures of checks, most of them of dynamic ones.

A fixture that cannot be had ends the check as unknown, with the reason.
"""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from ..check import unknown
from ..subject import Subject
from . import collector as _collector
from . import configuration as _configuration
from . import database as _database
from . import operations as _operations
from . import outgoing as _outgoing
from .collector import Collector
from .configuration import Configuration
from .database import Database
from .instance import Instance, Launcher, launcher
from .load import answered
from .operations import Operation, Request
from .outgoing import OtherServices

SUBJECT = pytest.StashKey[Subject]()


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config) -> Subject:
    """The service that is checked."""
    return pytestconfig.stash[SUBJECT]


@pytest.fixture(scope="session")
def configuration(subject: Subject) -> Configuration:
    """How to start and call the service."""
    return _configuration.read(subject)


@pytest.fixture(scope="session")
def _interruptible() -> Iterator[None]:
    """Clean up after SIGTERM as after Ctrl-C."""
    before = {it: signal.getsignal(it) for it in (signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def collector(_interruptible: None) -> Iterator[Collector]:
    """Receives the spans of all instances. `collector.gate.gone()` and `.hung()` take it away."""
    with _collector.collecting() as it:
        yield it


@pytest.fixture(scope="session")
def possible_database(
    configuration: Configuration, _interruptible: None
) -> Iterator[Database | None]:
    """The database, None in a service without one."""
    if configuration.database is None:
        yield None
        return
    with _database.opened(configuration, configuration.database) as it:
        yield it


@pytest.fixture
def database(
    possible_database: Database | None, configuration: Configuration, subject: Subject
) -> Database:
    """The database of all instances. `database.gate.gone()` and `.hung()` take it away.

    A check that uses it does not apply to a service without one.
    """
    configuration.need_database(subject)
    assert possible_database
    return possible_database


@pytest.fixture(scope="session")
def usual_settings(collector: Collector, possible_database: Database | None) -> dict[str, str]:
    """Those of all instances."""
    storage = possible_database.settings if possible_database else {}
    return {**storage, **collector.settings}


@pytest.fixture
def start(configuration: Configuration, usual_settings: dict[str, str]) -> Iterator[Launcher]:
    """Start an instance of your own: `start(MAX_CONCURRENCY=4)`. It ends with the check.

    `start.begin(…)` does not wait until it is ready; `start.refused(…)` expects it to end.
    """
    with launcher(configuration, usual_settings) as it:
        yield it


@pytest.fixture(scope="session")
def running(configuration: Configuration, usual_settings: dict[str, str]) -> Iterator[Instance]:
    """The instance that all checks share: leave it as it was."""
    with launcher(configuration, usual_settings) as it:
        yield it()


@pytest.fixture
def other_services(_interruptible: None) -> Iterator[OtherServices]:
    """Receives what the service calls, if an instance gets its settings."""
    with _outgoing.other_services() as it:
        yield it


@pytest.fixture(scope="session")
def operations(configuration: Configuration) -> Sequence[Operation]:
    """The operations of the schema, those without parameters in their path first."""
    path = Path(configuration.schema_file)
    if not path.exists():
        unknown(f"{path} is missing: set `schema_file` in {_configuration.PLACE}")
    return _operations.read(path, configuration.headers)


@pytest.fixture(scope="session")
def reading(running: Instance, operations: Sequence[Operation]) -> Request:
    """A safe request that succeeds."""
    safe = [it for it in operations if it.is_safe]
    return _succeeding(running, safe) or _nothing_succeeds("read", safe)


@pytest.fixture(scope="session")
def possible_writing(running: Instance, operations: Sequence[Operation]) -> Request | None:
    """A request with a body that succeeds, if there is one."""
    return _succeeding(running, [it for it in operations if it.body_schema is not None])


@pytest.fixture
def writing(possible_writing: Request | None, operations: Sequence[Operation]) -> Request:
    """A request with a body that succeeds."""
    with_body = [it for it in operations if it.body_schema is not None]
    return possible_writing or _nothing_succeeds("write", with_body)


def _succeeding(running: Instance, operations: Sequence[Operation]) -> Request | None:
    requests = [operation.request() for operation in operations]
    return next((it for it in requests if not answered(running.api, it).failure), None)


def _nothing_succeeds(verb: str, tried: Sequence[Operation]) -> NoReturn:
    unknown(
        f"no operation to {verb} succeeds (tried: {', '.join(map(str, tried)) or 'none'}): give "
        "its parameters and its body an `example` in the schema"
    )
