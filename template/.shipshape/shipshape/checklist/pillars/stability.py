"""Stability."""

import time
from collections.abc import Sequence

import httpx2

from ...check import environments
from ..check import Kind, Level, Record, check, not_applicable, unknown
from ..reading import calls, capacity, schema
from ..reading.dockerfile import dockerfiles
from ..reading.workloads import MISSING, Platform, Workload
from ..subject import Subject
from ..trial import bodies, retries
from ..trial.collector import Collector
from ..trial.configuration import Configuration
from ..trial.database import Database
from ..trial.held import held
from ..trial.instance import Instance, Launcher
from ..trial.load import calling, concurrently
from ..trial.operations import Operation, Request
from ..trial.outgoing import OtherServices

PROBE_SECONDS = 2
"""As long as probes usually wait."""
ROUTED_SECONDS = 1
"""How long a platform may go on routing requests to an instance that it stops."""
HUNG_SECONDS = 10
"""How long a request may take while the database hangs, with a limit of 1 s for statements."""
MOMENT_SECONDS = 0.3
"""A response after less did not wait for a database that hangs."""
LOAD_SECONDS = 1
SLOW_SECONDS = 1


@check(
    "ST1",
    "Liveness and readiness have separate probes",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="Without probes, a process that hangs stays, and requests go to instances that cannot "
    "answer. With one probe for both, an overloaded instance is restarted instead of relieved.",
    fix="Declare a liveness probe of /livez and a readiness probe of /readyz for each container "
    "that serves, in deploy/.",
    sources=("Mercari", "Kubernetes PRR", "learnk8s", "kube-score", "Polaris", "Spring Boot"),
)
def test_separate_probes(record: Record, platform: Platform) -> None:
    """The container has both, and they ask different things."""
    for workload in _serving(platform):
        for it in (it for it in workload.containers if it.serves):
            for name, asked in (("liveness", it.liveness), ("readiness", it.readiness)):
                if not asked:
                    record.problem(f"the container {it.name} has no {name} probe", it.place)
            if it.liveness and it.liveness == it.readiness:
                record.problem(f"both probes of {it.name} ask {it.liveness}", it.place)
            record.shows(f"liveness: {it.liveness}; readiness: {it.readiness}", it.place)


@check(
    "ST2",
    "Liveness ignores dependencies",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="A platform restarts what is not live. If liveness asks the database, its outage restarts "
    "every instance again and again.",
    fix="Answer liveness from the process alone, as /livez of the chassis does.",
    sources=("Kubernetes PRR", "learnk8s", "Zalando", "kube-score"),
)
def test_liveness_ignores_dependencies(
    record: Record, running: Instance, database: Database
) -> None:
    """The probe succeeds while the database is gone, and while it hangs."""
    for state, taken_away in (("is gone", database.gate.gone), ("hangs", database.gate.hung)):
        with taken_away():
            if running.is_live(PROBE_SECONDS):
                record.shows(f"the service is live while the database {state}")
            else:
                record.problem(f"the service is not live while the database {state}")


@check(
    "ST3",
    "A stop has the time and the signal to end cleanly",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="A process that gets no SIGTERM, or is killed before it has finished, fails the requests "
    "it has accepted, at every rollout.",
    fix="Start the service in the exec form of CMD in the Dockerfile, and let deploy/ wait at "
    "least SHUTDOWN_GRACE_PERIOD before it kills.",
    sources=("12-factor IX", "Mercari", "learnk8s", "Kubernetes PRR"),
)
def test_time_to_stop(record: Record, possible_platform: Platform | None, subject: Subject) -> None:
    """SIGTERM reaches the process, and SIGKILL comes after the grace period of the settings."""
    for image in dockerfiles()[:1]:
        for command in image.shipped.instructions:
            if command.name in ("CMD", "ENTRYPOINT"):
                if not command.text.startswith(("[", "exec ")):
                    record.problem("a shell starts it, and keeps SIGTERM from it", command.place)
                record.shows(f"{command.name} {command.text}", command.place)
    platform = possible_platform or unknown(MISSING)
    for it in _serving(platform):
        if it.stop_signal != "SIGTERM":
            record.problem(f"{it.name} is stopped by {it.stop_signal}, not SIGTERM", it.place)
        for name, seconds, place in _seconds("SHUTDOWN_GRACE_PERIOD", subject):
            if seconds > it.grace_seconds:
                record.problem(
                    f"{name} needs {seconds:g} s, and {it.name} gets {it.grace_seconds:g} s", place
                )
        for name, seconds, place in _seconds("SHUTDOWN_DELAY", subject):
            if not seconds and not it.waits_before_stop:
                record.problem(f"{name} is 0: requests that are still sent here fail", place)
        record.shows(f"{it.grace_seconds:g} s between SIGTERM and SIGKILL", it.place)


def _serving(platform: Platform) -> list[Workload]:
    """The workloads that run until they are stopped."""
    found = [it for it in platform.workloads if it.serves]
    return found or not_applicable("nothing of it runs until it is stopped")


def _scaled(platform: Platform) -> list[Workload]:
    """The workloads with a number of instances."""
    found = [it for it in platform.workloads if it.scales]
    return found or not_applicable("nothing of it runs in a number of instances")


def _seconds(variable: str, subject: Subject) -> list[tuple[str, float, str]]:
    """The value of a setting in each environment that sets it, and where."""
    if subject.answers is None:
        return []
    return [
        (f"{variable} of {environment.name}", float(it.value), it.place)
        for environment in environments.of_service(subject.answers.deploy)
        for it in environment.variables
        if it.name == variable and it.value
    ]


@check(
    "ST3",
    "A stop under load fails no request",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="Each rollout stops every instance. Without a drain, callers see errors at each release.",
    fix="After SIGTERM, go on serving until the platform routes no more requests here "
    "(SHUTDOWN_DELAY), finish those in flight, and end with exit code 0.",
    sources=("12-factor IX", "learnk8s", "Mercari", "Kubernetes PRR", "Spring Boot"),
)
def test_stop_fails_no_request(
    record: Record,
    configuration: Configuration,
    start: Launcher,
    reading: Request,
    possible_writing: Request | None,
) -> None:
    """Requests go on for a moment after SIGTERM, and one is in flight for as long as it can be."""
    instance = start()
    in_flight = [possible_writing] if possible_writing else []
    with held(instance, *in_flight) as unfinished:
        with calling(instance, reading) as tally:
            time.sleep(ROUTED_SECONDS / 2)
            instance.signal()
            stopped = time.monotonic()
            time.sleep(ROUTED_SECONDS)
        instance.wait_until_refusing(configuration.grace_seconds)
        statuses = [it.finish() for it in unfinished]
    code = instance.wait(configuration.grace_seconds)
    seconds = time.monotonic() - stopped
    if tally.failures:
        record.problem(f"{len(tally.failures)} requests failed, such as {tally.failures[0]}")
    if not all(status and status < 300 for status in statuses):
        record.problem(f"{possible_writing} was in flight and got {statuses[0] or 'no response'}")
    if code != 0:
        record.problem(f"the exit code is {code}" if code else f"it runs after {seconds:.0f} s")
    elif seconds > configuration.grace_seconds:
        record.problem(f"it took {seconds:.1f} s, more than {configuration.grace_seconds:g} s")
    record.shows(f"{tally.answered} requests succeeded, and exit code 0 came in {seconds:.1f} s")


@check(
    "ST4",
    "Every outgoing call has a time limit",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="One dependency that hangs holds every request that waits for it, until none is left to "
    "serve anyone.",
    fix="Send HTTP requests with http_client() of the chassis, or give each call a timeout; give "
    "connections and statements of a database theirs, as storage/engine.py does.",
    sources=("Mercari", "Fowler", "Google", "Microsoft"),
)
def test_time_limits(record: Record) -> None:
    """Each call in the code that leaves the process names a limit."""
    modules = calls.modules()
    if not modules:
        unknown("the repository has no src/ and no package")
    for module in modules:
        names = module.names()
        for call in module.calls():
            if fault := calls.fault(call, names):
                record.problem(f"{call.function}() {fault}", call.place)
            elif calls.leaves(call):
                record.shows(f"{call.function}() has its limits", call.place)
    record.shows(f"{len(modules)} modules make no call without a time limit")


@check(
    "ST4",
    "Requests end in time while the database hangs",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="A dependency that hangs, unlike one that is down, keeps every request that waits for it, "
    "until none can be served.",
    fix="Limit connecting and each statement, as src/*/storage/engine.py does with "
    "DATABASE_STATEMENT_TIMEOUT.",
    sources=("Mercari", "Google", "Microsoft", "Fowler"),
)
def test_hung_database(
    record: Record,
    configuration: Configuration,
    start: Launcher,
    database: Database,
    reading: Request,
    possible_writing: Request | None,
) -> None:
    """Requests on an open connection to the database, and on new ones, get a response."""
    limit = configuration.statement_timeout
    instance = start(**({limit: 1} if limit else {}))
    reading.send(instance.api)
    requests = [reading, reading, *([possible_writing] if possible_writing else [])]
    with database.gate.hung():
        answers = concurrently(instance, requests, HUNG_SECONDS)
    waiting = [it for it in answers if it.seconds > MOMENT_SECONDS]
    if not waiting:
        unknown("no operation that was tried waits for the database")
    for it in waiting:
        if it.status is None:
            record.problem(f"{it.request} has no response after {HUNG_SECONDS} s: {it.failure}")
        else:
            record.shows(f"{it.request} got {it.status} after {it.seconds:.1f} s")


@check(
    "ST5",
    "Retries are bounded, jittered, and of idempotent requests only",
    level=Level.GOLD,
    kind=Kind.DYNAMIC,
    why="When a dependency is in trouble, retries without bounds and jitter multiply its load, and "
    "a repeated POST does its work twice.",
    fix="Call other services with `http_client()` of the chassis, which retries so.",
    sources=("Google", "Microsoft", "Fowler"),
)
def test_retries(
    record: Record,
    start: Launcher,
    operations: Sequence[Operation],
    other_services: OtherServices,
) -> None:
    """All other services, behind a proxy, answer 503 to what operations send them."""
    clients = calls.http_clients()
    if not clients:
        not_applicable("the code has no HTTP client")
    other_services.status = 503
    instance = start(**other_services.settings)
    for operation in operations:
        sent = retries.provoked(instance, operation.request(), other_services)
        for name, times in sent.items():
            for fault in retries.faults(name, times):
                record.problem(f"{operation}: {fault}", clients[0])
            record.shows(f"{operation}: {name} is sent {max(map(len, times))} times at most")
    if not (record.evidence or record.problems):
        unknown("no operation that was tried calls another service by way of HTTP_PROXY")


@check(
    "ST6",
    "Requests succeed without the telemetry collector",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="Callers do not need telemetry. An outage of its collector must not become theirs.",
    fix="Export telemetry in batches beside the requests, with limits of queue and time.",
    sources=("Mercari", "Google", "Microsoft", "Fowler"),
)
def test_collector_is_optional(
    record: Record, subject: Subject, start: Launcher, collector: Collector, reading: Request
) -> None:
    """The service starts and answers while the collector is gone, and while it hangs."""
    if "opentelemetry" not in str(subject.pyproject):
        not_applicable("pyproject.toml names no package of OpenTelemetry")
    with collector.gate.gone():
        instance = start()
        _try_without_collector(record, instance, reading, "is gone")
    with collector.gate.hung():
        _try_without_collector(record, instance, reading, "hangs")


def _try_without_collector(
    record: Record, instance: Instance, reading: Request, state: str
) -> None:
    with calling(instance, reading) as tally:
        time.sleep(LOAD_SECONDS)
    if tally.failures:
        record.problem(f"{tally.failures[0]} while the collector {state}")
    if tally.slowest > SLOW_SECONDS:
        record.problem(f"{reading} takes {tally.slowest:.1f} s while the collector {state}")
    record.shows(f"{tally.answered} requests succeeded while the collector {state}")


@check(
    "ST7",
    "Size, time and number of requests are limited",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="Without limits, one client with large or slow requests takes the memory and the "
    "connections of all others.",
    fix="Keep the limits of the chassis: MAX_BODY_BYTES, REQUEST_TIMEOUT, MAX_CONCURRENCY.",
    sources=("Google", "Fowler", "Microsoft", "Mercari"),
)
def test_limits_of_requests(
    record: Record,
    configuration: Configuration,
    start: Launcher,
    reading: Request,
    writing: Request,
) -> None:
    """Too large, too slow, and too many at once: each is refused."""
    concurrency = configuration.need("max_concurrency")
    timeout = configuration.need("request_timeout")
    instance = start(**{concurrency: 2, timeout: 1})
    for what, status in (
        ("a Content-Length of a terabyte", bodies.declared_too_large(instance, writing)),
        ("an endless body", bodies.endless(instance, writing)),
    ):
        if status == httpx2.codes.REQUEST_ENTITY_TOO_LARGE:
            record.shows(f"{writing} with {what} gets {status}")
        else:
            record.problem(f"{writing} with {what} gets {status or 'no response'}, not 413")
    with held(instance, writing, writing) as requests:
        status = reading.send(instance.api).status_code
        if status in (httpx2.codes.SERVICE_UNAVAILABLE, httpx2.codes.TOO_MANY_REQUESTS):
            record.shows(f"{reading} gets {status} with {concurrency}=2 and two in flight")
        else:
            record.problem(f"{reading} gets {status} with {concurrency}=2 and two in flight")
        if all(it.status() for it in requests):
            record.shows(f"{writing} gets a response although its body does not come")
        else:
            record.problem(f"{writing} waits for its body longer than {timeout}=1")


@check(
    "ST8",
    "Containers request CPU and memory, and have a memory limit",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="Without requests, a node is filled until all of its containers are slow; without a limit, "
    "one leak takes the neighbours down too.",
    fix="Set resources of each container in deploy/: requests for CPU and memory, a limit for "
    "memory.",
    sources=("Mercari", "learnk8s", "Zalando", "kube-score", "Polaris"),
)
def test_resources(record: Record, platform: Platform) -> None:
    """Each container of each workload has all three."""
    for workload in platform.workloads:
        for it in workload.containers:
            given = {
                "request of CPU": it.requests_cpu,
                "request of memory": it.requests_memory,
                "limit of memory": it.memory_limit,
            }
            for name in (name for name, value in given.items() if not value):
                record.problem(f"the container {it.name} has no {name}", it.place)
            record.shows(", ".join(f"{name}: {value}" for name, value in given.items()), it.place)


@check(
    "ST9",
    "At least two instances run, spread over nodes",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="A single instance, or several on one node, are gone at once when that node is.",
    fix="Set at least two instances in each environment of deploy/, and spread them over nodes.",
    sources=("Mercari", "learnk8s", "Zalando", "kube-score", "Polaris"),
)
def test_instances(record: Record, platform: Platform) -> None:
    """Each environment has two at least."""
    for workload in _scaled(platform):
        for scale in workload.scales:
            if scale.least < 2:
                record.problem(f"{workload.name} may run {scale.least} instance", scale.place)
            record.shows(f"at least {scale.least} instances", scale.place)
        if spread := workload.spread:
            record.shows(spread.text, spread.place)
        else:
            record.problem(f"nothing spreads the instances of {workload.name}", workload.place)


@check(
    "ST10",
    "A budget limits disruptions",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="Without a budget, draining nodes for an upgrade of the cluster may stop all instances at "
    "the same time.",
    fix="On Kubernetes, add a PodDisruptionBudget that selects the pods; on Nomad, set "
    "max_parallel of migrate.",
    sources=("Kubernetes PRR", "learnk8s", "kube-score", "Polaris"),
)
def test_disruption_budget(record: Record, platform: Platform) -> None:
    """Each workload with several instances has one."""
    for workload in _scaled(platform):
        if budget := workload.disruption_budget:
            record.shows(budget.text, budget.place)
        else:
            record.problem(f"no budget limits disruptions of {workload.name}", workload.place)


@check(
    "ST11",
    "An autoscaler has bounds, and no fixed number of replicas beside it",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why="Without room to grow, a peak of load fails requests. A fixed number of replicas undoes "
    "what the autoscaler chose, at every deployment.",
    fix="Give the autoscaler in deploy/ a maximum above its minimum, and delete replicas beside "
    "it.",
    sources=("Mercari", "learnk8s", "kube-score"),
)
def test_autoscaler(record: Record, platform: Platform) -> None:
    """The most is above the least in each environment."""
    for workload in _scaled(platform):
        if workload.fixed_replicas:
            record.problem("a fixed number overrides the autoscaler", workload.fixed_replicas)
        for scale in workload.scales:
            if scale.most is None:
                record.problem(f"no autoscaler scales {workload.name}", scale.place)
            elif scale.most <= scale.least:
                record.problem(f"it cannot grow above {scale.least} instances", scale.place)
            record.shows(f"{scale.least} to {scale.most} instances", scale.place)


@check(
    "ST12",
    "A load test has recorded the capacity",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why="Nobody knows how much traffic the service takes, so limits, autoscaling and alerts are "
    "guesses until a peak shows otherwise.",
    fix="Run `make load-test url=…` against staging, and add the row to docs/capacity.md.",
    sources=("Google", "Fowler", "Mercari", "Microsoft"),
)
def test_capacity(record: Record) -> None:
    """Each recorded operation still exists."""
    measured = list(capacity.measurements())
    if not measured:
        record.problem(f"{capacity.PAGE} records no measurement")
    path = schema.file()
    known = {it.name for it in schema.operations(path)} if path else None
    for it in measured:
        if known is not None and it.operation not in known:
            record.problem(f"the schema has no {it.operation} any more: measure again", it.place)
        record.shows(f"{it.operation}: {it.rate} requests per second, p99 {it.p99}", it.place)


@check(
    "ST12",
    "A load test of an environment like production has shown that the capacity is enough",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why="What one instance takes on a developer's machine says little about production, with its "
    "network, its database and its neighbours.",
    fix="Test staging with the traffic that you expect at most, and attest it with a link to the "
    "result.",
    sources=("Google", "Fowler", "Mercari"),
)
def test_capacity_of_production() -> None:
    """A person attests it."""


@check(
    "ST13",
    "A backup has been restored in a rehearsal",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why=(
        "A backup that was never restored may be incomplete, and you find out when it is too "
        "late."
    ),
    fix="Restore a backup into an empty database, start the service over it, and attest it with "
    "the time it took.",
    sources=("Google", "Mercari", "Microsoft"),
)
def test_backup() -> None:
    """A person attests it."""


@check(
    "ST14",
    "A failure drill has taken place",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why="The first real incident is the worst time to find out that an alert is silent or a page "
    "of the runbook is wrong.",
    fix="Run `make game-day` with the team on call, correct what it shows, and attest it.",
    sources=("Google", "Fowler", "Microsoft"),
)
def test_failure_drill() -> None:
    """A person attests it."""
