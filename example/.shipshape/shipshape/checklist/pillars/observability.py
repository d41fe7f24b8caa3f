"""Observability."""

import secrets
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice

from ...check import metrics, promtool
from ...errors import ShipshapeError
from ...monitoring import objectives
from ..check import Kind, Level, Record, check, unknown
from ..reading import alerts, calls, repository, rule_tests
from ..subject import Subject
from ..trial import build, correlation, log, raw, red, saturation
from ..trial.canaries import Canaries
from ..trial.collector import Collector
from ..trial.configuration import Configuration
from ..trial.database import Database
from ..trial.instance import Instance, Launcher
from ..trial.metrics import scraped
from ..trial.operations import Operation, Request
from ..trial.outgoing import OtherServices

IDS = 100
FEW = 5
"""Series that may begin beside those of the ids, such as of the garbage collector."""
SHOWN = 3
NO_REQUEST = b"NO REQUEST\r\n\r\n"
AT_ONCE = {"SHUTDOWN_DELAY": 0}
"""For a stop of which only the log is looked at."""
FOR_OPERATORS = ("/health", "/info", "/log-level")
"""What the management port of services of the template answers."""


@check(
    "OB1",
    "Every line of the log is a JSON object",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="A line that is not JSON has no level, no time and no request id: no search finds it, and "
    "a traceback becomes fifty lines.",
    fix="Log with `structlog.get_logger(__name__)` in place of `print`, and let libraries log "
    "through the standard library.",
    sources=("12-factor XI", "Mercari", "Fowler", "Zalando", "Google"),
)
def test_log_is_json(
    record: Record, start: Launcher, possible_database: Database | None, reading: Request
) -> None:
    """The lines of a start, of requests and errors, and of a stop."""
    instance = start(**AT_ONCE)
    started = log.written(instance)
    reading.send(instance.api)
    _nothing().send(instance.api)
    with raw.connected(instance.port) as connection:
        connection.sendall(NO_REQUEST)
        raw.status(connection)
    if possible_database:
        with possible_database.gate.gone():
            reading.send(instance.api)
    served = log.written(instance, started)
    instance.signal()
    instance.wait()
    for place, line in islice(log.no_objects(instance), SHOWN):
        record.problem(f"this line is no JSON object: {line}", place)
    if served == started:
        record.problem("requests and errors leave no line on stdout")
    stopped = log.written(instance) - served
    record.shows(f"{started} lines of the start, {served - started} of requests, {stopped} of stop")


@check(
    "OB2",
    "One id leads through the response, the log and the trace of a request",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="Without common ids nobody finds the lines of one failed request among those of a "
    "thousand others, or the service that caused it.",
    fix="Leave requests to the chassis, which honours X-Request-ID and traceparent, and call other "
    "services with its `http_client()`.",
    sources=("Mercari", "Google", "Microsoft", "Zalando", "Fowler"),
)
def test_ids_of_a_request(
    record: Record,
    running: Instance,
    start: Launcher,
    collector: Collector,
    other_services: OtherServices,
    operations: Sequence[Operation],
    reading: Request,
) -> None:
    """The ids that a caller sends are found again, and a request without ids gets some."""
    for request in (reading, _nothing()):
        for fault in correlation.lost(running, collector, request):
            record.problem(f"{request}: {fault}")
        for fault in correlation.missing(running, request):
            record.problem(f"{request}: {fault}")
        record.shows(f"{request}: header, lines of the log and span have the ids that were sent")
    if not calls.http_clients():
        return
    instance = start(**other_services.settings)
    for operation in operations:
        for call, names in correlation.lost_in_calls(instance, operation.request(), other_services):
            if names:
                record.problem(f"{operation}: {call} is sent without its {' and '.join(names)}")
            record.shows(f"{operation}: {call} is sent with the ids of the request")


@check(
    "OB3",
    "Secrets do not leak into logs, traces, metrics and error responses",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="Logs and traces are copied to more systems and people than the secret was given to, and "
    "cannot be called back.",
    fix="Log ids and not headers, bodies or addresses; declare secret settings as `SecretStr`.",
    sources=("OSPS Baseline", "Google", "Microsoft", "Mercari"),
)
def test_secrets_do_not_leak(
    record: Record,
    configuration: Configuration,
    start: Launcher,
    collector: Collector,
    possible_database: Database | None,
    operations: Sequence[Operation],
) -> None:
    """Canaries of headers, queries, bodies and settings are looked for in what is written."""
    canaries = Canaries()
    level = {configuration.log_level: "debug"} if configuration.log_level else {}
    instance = start(**canaries.settings(possible_database), **level)
    requests = [it for operation in operations for it in canaries.requests(operation)]
    responses = [it.send(instance.api) for it in requests]
    outage = possible_database.gate.gone() if possible_database else nullcontext()
    with outage:
        responses += [next(canaries.requests(it)).send(instance.api) for it in operations]
        for_operators = [instance.management.get(path) for path in FOR_OPERATORS]
    errors = [it for it in responses if it.is_error]
    lines = log.written(instance)
    collector.settle()
    for what, text in {
        "the log": instance.output + instance.errors,
        "the traces": collector.text,
        "the metrics": scraped(instance, configuration).text if configuration.metrics else "",
        "error responses": "".join(f"{it.headers} {it.text}" for it in errors),
        "what operators see": "".join(it.text for it in for_operators),
    }.items():
        for place in canaries.found_in(text):
            record.problem(f"a secret in {place} is in {what}")
    planted = ", ".join(canaries.planted)
    record.shows(f"{lines} lines and {len(errors)} error responses have no secret from {planted}")


@check(
    "OB4",
    "Rate, errors and duration are measured by route, in few series",
    level=Level.BRONZE,
    kind=Kind.DYNAMIC,
    why="Alerts and objectives need these three. With an id in a label, each id is a series, and "
    "the monitoring of all services breaks.",
    fix="Label metrics with the template of the route, as metrics.py of the chassis does, and "
    "never with values of callers.",
    sources=("Mercari", "Google", "Fowler", "Zalando", "Microsoft"),
)
def test_metrics_of_requests(
    record: Record,
    configuration: Configuration,
    running: Instance,
    operations: Sequence[Operation],
    reading: Request,
) -> None:
    """A hundred ids, and a hundred paths that do not exist, make no series of their own."""
    with_ids = [it for it in operations if it.is_safe and it.path_parameters]
    operation = (with_ids or [it for it in operations if it.request() == reading])[0]
    operation.request(0).send(running.api)
    _nothing().send(running.api)
    before = scraped(running, configuration)
    answers = [operation.request(it).send(running.api) for it in range(1, IDS + 1)]
    for _ in range(IDS):
        _nothing().send(running.api)
    after = scraped(running, configuration)
    route = red.Route(operation.path, answers[0].status_code, IDS)
    for fault in red.missing(route, before, after):
        record.problem(fault)
    new = [it for it in after.samples if it not in before.samples]
    if len(new) > FEW:
        shortest = min(map(str, new), key=len)
        record.problem(f"{2 * IDS} requests made {len(new)} new series, such as {shortest}")
    record.shows(f"{IDS} x {operation}, {IDS} unknown paths: {len(new)} new series")


@check(
    "OB5",
    "Metrics show how full the service is",
    level=Level.GOLD,
    kind=Kind.DYNAMIC,
    why="A service that runs full is slow before it fails. Without these metrics nobody sees it "
    "coming, and the cause is guessed.",
    fix="Keep the metrics of the chassis and of the storage: requests in flight, connections in "
    "use, lag of the event loop.",
    sources=("Google", "Mercari", "Fowler", "Microsoft"),
)
def test_saturation(
    record: Record,
    configuration: Configuration,
    running: Instance,
    possible_database: Database | None,
    reading: Request,
    writing: Request,
) -> None:
    """Requests in flight, a database that hangs, and a process that stands still, are measured."""
    found = {
        "requests in flight": saturation.of_concurrency(running, configuration, writing),
        "a process that stands still": saturation.of_event_loop(running, configuration),
    }
    if possible_database:
        found["requests that wait for the database"] = saturation.of_pool(
            running, configuration, reading, possible_database
        )
    for what, series in found.items():
        for it in series:
            record.shows(f"{it} rises with {what}")
        if not series:
            record.problem(f"no metric rises with {what}")


@check(
    "OB6",
    "Requests and what they wait for are spans of one trace",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="A trace shows which dependency made a request slow. One without its calls only says that "
    "it was slow.",
    fix="Keep the spans of the chassis and of the storage, and call other services with "
    "`http_client()`.",
    sources=("Mercari", "Google", "Microsoft", "Zalando"),
)
def test_traces(
    record: Record,
    running: Instance,
    collector: Collector,
    possible_database: Database | None,
    reading: Request,
) -> None:
    """A span of kind server and, with a database, one of its client in the same trace."""
    collector.settle()
    before = len(collector.spans)
    reading.send(running.api)
    spans = collector.since(before)
    servers = [it for it in spans if it.kind == "SERVER"]
    assert servers, f"{reading} has no span of kind server"
    record.shows(f"{reading} has the span {servers[0].name} of kind server")
    if possible_database is None:
        return
    within = [it for it in spans if it.is_of_database and it.trace_id == servers[0].trace_id]
    assert within, f"{reading} has no span of the database in its trace"
    record.shows(f"{reading} has the span {within[0].name} of the database in the same trace")


@check(
    "OB7",
    "The service exposes its build information",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="The first question in an incident is what changed. A metric with the version answers it "
    "on every dashboard.",
    fix="Keep service_build_info and /info of the chassis.",
    sources=("Mercari", "Spring Boot", "Google"),
)
def test_build_information(record: Record, configuration: Configuration, running: Instance) -> None:
    """A metric that is 1 and has version and commit as labels, and an endpoint that has both."""
    for series in build.metrics(scraped(running, configuration)):
        record.shows(f"{series} is 1")
    if not record.evidence:
        record.problem("no metric is 1 and has the labels version and commit")
    if configuration.info is None:
        return
    response = running.management.get(configuration.info)
    if build.is_complete(response):
        record.shows(f"GET {configuration.info} has version and commit")
    else:
        status = response.status_code
        record.problem(f"GET {configuration.info} got {status} without a version and a commit")


@check(
    "OB8",
    "Objectives are data, have an owner, and their thresholds can be measured",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="Without an objective, nobody can say whether the service is good enough, and alerts "
    "follow taste.",
    fix="Write the objectives and their owner into monitoring/slo.yaml, with thresholds that are "
    "bounds of the histogram of requests, and run `make monitoring`.",
    sources=("Google", "Mercari", "Fowler", "Zalando"),
)
def test_objectives(record: Record, subject: Subject) -> None:
    """monitoring/slo.yaml is valid for the buckets of the service."""
    if not objectives.FILE.exists():
        formats = "^apiVersion: *(openslo|sloth)|^kind: *ServiceLevelObjective"
        for path in repository.files_with(formats, "*.yaml", "*.yml"):
            unknown(f"{path} has objectives in a format that this check does not read")
        record.problem(f"{objectives.FILE} is missing: no objective is written down")
        return
    buckets = subject.described.latency_buckets
    try:
        promise = objectives.read(buckets)
    except ShipshapeError as error:
        record.problem(str(error))
        return
    for it in promise.objectives:
        soon = f" within {it.within_seconds:g} s" if it.within_seconds else ""
        record.shows(f"{it.name}: {it.percent} % good{soon}, {promise.owner}", str(objectives.FILE))


@check(
    "OB9",
    "Alerts are labelled and unit-tested",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="An alert without an owner wakes nobody or everybody, and one that was never seen to fire "
    "may never fire.",
    fix="Give each alert severity, owner, summary and runbook_url (`make monitoring` adds most of "
    "them), and test those you wrote in monitoring/prometheus/tests/.",
    sources=("Google", "Mercari", "Fowler", "Zalando"),
)
def test_alerts(record: Record, subject: Subject) -> None:
    """Each has the labels; each that is not generated from an objective has a test."""
    found = alerts.alerts()
    if not found:
        record.problem("no file has rules with alerts")
    tested = rule_tests.tested()
    for alert in found:
        given = {**alert.labels, **alert.annotations}
        for name in ("severity", "owner", "summary", "runbook_url"):
            if not given.get(name):
                record.problem(f"{alert.name} has no {name}", alert.place)
        if alert.name not in tested and "slo" not in alert.labels:
            record.problem(f"no test tries {alert.name}", alert.place)
    for finding in promtool.findings() if subject.answers and promtool.command() else ():
        record.problem(finding)
    record.shows(f"{len(found)} alerts have severity, owner, summary and runbook_url")
    for name, place in tested.items():
        record.shows(f"a test tries {name}", place)


@check(
    "OB10",
    "Dashboards query only metrics that the service exports",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why="A panel over a metric that nobody exports is empty, and in an incident an empty panel "
    "looks like good news.",
    fix="Correct the metric in the panel, or delete the panel: docs/runbook.md lists all metrics.",
    sources=("Mercari", "Fowler", "Google"),
)
def test_dashboards(record: Record, subject: Subject) -> None:
    """Each metric in a query is exported, recorded by a rule, or another job's."""
    queries = list(metrics.of_dashboards())
    if not queries:
        record.problem(f"{metrics.DASHBOARDS} has no dashboard with a query")
        return
    recorded = {it.text.partition(":")[2].strip() for it in repository.grep("^ *- record:")}
    known = metrics.exported(subject.described) | recorded
    for finding in metrics.unknown_metrics(queries, known, subject.name):
        record.problem(finding)
    for place, _ in queries:
        record.shows("it queries exported metrics", place)


@check(
    "OB10",
    "The series that dashboards and rules query exist",
    level=Level.GOLD,
    kind=Kind.DYNAMIC,
    why="An alert over a series that does not exist never fires, and a panel over one looks as if "
    "all were well.",
    fix="Correct the metric in the query, or delete the panel or the rule.",
    sources=("Mercari", "Fowler", "Google"),
)
def test_queried_series(
    record: Record,
    subject: Subject,
    configuration: Configuration,
    running: Instance,
    reading: Request,
    possible_writing: Request | None,
) -> None:
    """Each metric in a query is recorded by a rule, another job's, or there after some requests."""
    expressions = metrics.of_rules_and_dashboards()
    if not expressions:
        unknown(f"{metrics.DASHBOARDS} has no dashboard, and there are no rules beside it")
    for request in filter(None, (reading, possible_writing, _nothing())):
        request.send(running.api)
    known = scraped(running, configuration).names | metrics.recorded()
    for finding in metrics.unknown_metrics(expressions, known, subject.name):
        record.problem(finding)
    record.shows(f"the series of {len(expressions)} queries exist after some requests")


@check(
    "OB11",
    "The log level changes without a change of code",
    level=Level.GOLD,
    kind=Kind.DYNAMIC,
    why=("People who investigate a fault in production need debug lines now, not after a release."),
    fix="Keep LOG_LEVEL, and PUT /log-level of the management port.",
    sources=("Microsoft", "Spring Boot", "Mercari"),
)
def test_log_level(
    record: Record,
    subject: Subject,
    configuration: Configuration,
    start: Launcher,
    reading: Request,
) -> None:
    """A request leaves lines at one level and none at another."""
    variable = configuration.need("log_level")
    quiet = start(**{variable: "error"})
    if log.is_silent(quiet, reading):
        record.shows(f"{reading} leaves no line with {variable}=error")
    else:
        record.problem(f"{reading} leaves lines of the level info with {variable}=error")
    if subject.answers is None:
        return
    quiet.management.put("/log-level", json={"level": "debug"})
    if log.is_silent(quiet, reading):
        record.problem(f"{reading} leaves no line after PUT /log-level sets the level debug")
    else:
        record.shows(f"{reading} leaves a line after PUT /log-level, without a restart")


def _nothing() -> Request:
    """A request for a path that does not exist."""
    return Request("GET", f"/{secrets.token_hex(8)}")


@check(
    "OB12",
    "A page reaches a person",
    level=Level.GOLD,
    kind=Kind.EXTERNAL,
    why="If an alert fires and calls nobody, the incident lasts until a customer reports it.",
    fix="Fire an alert of severity page, see that the person on call gets it, and attest it with "
    "a link to the incident.",
    sources=("Google", "Fowler", "Mercari"),
    attested_for=90,
)
def test_page_reaches_a_person() -> None:
    """A person attests it."""
