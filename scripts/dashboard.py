"""The dashboard of a service, as Grafana's own library has it: `make generate` writes it.

What callers notice comes first, then what runs full, then what runs. No limit stands here that the
service says itself: objectives, and what it may use at most, are series like all others.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, common
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
REQUESTS = "http_server_request_duration_seconds"
FAILED = 'http_response_status_code=~"5.."'
ROUTE = "http_request_method, http_route"
ROUTE_LEGEND = "{{http_request_method}} {{http_route}}"
RATE = "$__rate_interval"
ALLOWED = ".* allows"
LATEST = common.ReduceDataOptions().calcs(["lastNotNull"])

WIDTH = 24
GREEN, ORANGE, RED = "green", "orange", "red"
Limits = Sequence[tuple[float, str]]
"""From which value on there is another colour than green."""

Kind = TypeVar("Kind", timeseries.Panel, stat.Panel, bargauge.Panel, table.Panel)
AnyPanel = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel


class Row(NamedTuple):
    """Panels under a title."""

    title: str
    panels: Iterable[AnyPanel]


class Releases(models.AnnotationQuery):
    """Marks on all graphs. The library does not know what Prometheus' plugin makes of them."""

    def to_json(self) -> dict[str, object]:
        texts = {"titleFormat": "{{version}}", "textFormat": "{{commit}}"}
        return super().to_json() | texts | {"step": "60s"}


class Service:
    """The queries and panels of one service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.here = f'job="{name}", namespace=~"$namespace"'

    def of(self, metric: str, *matchers: str) -> str:
        """The series of the instances that were chosen."""
        chosen = (self.here, 'instance=~"$instance"', *matchers)
        return f"{metric}{{{', '.join(chosen)}}}"

    def rate(self, metric: str, *matchers: str, over: str = RATE) -> str:
        return f"rate({self.of(metric, *matchers)}[{over}])"

    def slo(self, name: str, slo: str) -> str:
        """What is recorded of an objective: of the whole service, whichever instances are shown."""
        return f'slo:{name}{{service="{self.name}", {slo}}}'

    # -- What callers notice --

    def objectives(self) -> Iterator[AnyPanel]:
        one = 'slo="$slo"'
        allowed = f"(1 - {self.slo('objective:ratio', one)})"
        yield _sized(
            table.Panel().no_value("None fires."),
            "Alerts that fire",
            "Each has a section in the runbook, which says what to do first. `page` wakes "
            "somebody, `ticket` waits for the next working day.",
            [_row(f'ALERTS{{alertstate="firing", service="{self.name}"}}')],
            width=WIDTH,
            height=5,
        ).with_transformation(_columns("alertname", "severity", "instance"))
        yield _repeated(
            _sized(
                stat.Panel()
                .graph_mode(BigValueGraphMode.AREA)
                .color_mode(BigValueColorMode.BACKGROUND)
                .decimals(1)
                .reduce_options(LATEST),
                "Budget left: $slo",
                "What may still fail of the last 30 days' requests, as a share of what the "
                "objective allows. Near 0 %, put off what is risky; below it, callers got less "
                "than promised.",
                [_line(f"1 - {self.slo('bad:ratio_rate30d', one)} / {allowed}", "left")],
                unit="percentunit",
                width=WIDTH,
                height=5,
                minimum=None,  # more can be used up than there was
            ).thresholds(_thresholds([(0, ORANGE), (0.25, GREEN)], below=RED))
        )
        yield _repeated(
            self._lines(
                "Burn rate: $slo",
                "How many times faster than the objective allows the budget was used up within "
                "the hour before. At 1 it lasts just 30 days; at 14.4 somebody is paged, for that "
                "is 2 % of it in an hour.",
                [_line(f"{self.slo('bad:ratio_rate1h', one)} / {allowed}", "within an hour")],
                "short",
                [(1, ORANGE), (14.4, RED)],
                width=WIDTH,
            )
        )

    def requests(self) -> Iterator[AnyPanel]:
        total, buckets = f"{REQUESTS}_count", f"{REQUESTS}_bucket"
        by_le = f"sum by (le) ({self.rate(buckets)})"
        by_route = f"sum by (le, {ROUTE}) ({self.rate(buckets, over='$__range')})"
        well, soon = 'slo=~"availability.*"', 'slo=~"latency.*"'
        yield self._lines(
            "Requests by route",
            "A route that is called much more than usual explains much of what else is high. One "
            "without a name is what no route matches.",
            [_line(f"sum by ({ROUTE}) ({self.rate(total)})", ROUTE_LEGEND)],
            "reqps",
        )
        yield self._lines(
            "Errors",
            "The share of requests that failed with 5xx. Above the dashed line more of them fail "
            "than the objective allows: callers notice. Look for a release, then at the logs.",
            [
                _line(
                    f"(sum({self.rate(total, FAILED)}) or vector(0)) / sum({self.rate(total)})",
                    "5xx",
                ),
                _line(f"1 - {self.slo('objective:ratio', well)}", "{{slo}} allows"),
            ],
            "percentunit",
            dashed=ALLOWED,
        )
        yield self._lines(
            "Answers by status",
            "Many 4xx are the callers' own mistakes, or a release that broke them. 429 and 503 "
            "say that the service refuses what is too much for it.",
            [
                _line(
                    f"sum by (http_response_status_code) ({self.rate(total)})",
                    "{{http_response_status_code}}",
                )
            ],
            "reqps",
        )
        yield self._lines(
            "Duration",
            "How long the fastest half, 95 % and 99 % of the requests took at most. Where p99 "
            "alone is high, some requests are slow by themselves; where all are, something runs "
            "full.",
            [
                _line(f"histogram_quantile({quantile}, {by_le})", name)
                for quantile, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ],
            "s",
        )
        yield self._lines(
            "Too slow",
            "The share of answers that took longer than the objective says. Above the dashed line "
            "callers wait more often than promised: look at the slowest routes, at saturation and "
            "at what the service calls.",
            [
                _line(self.slo("bad:ratio_rate5m", soon), "{{slo}}"),
                _line(f"1 - {self.slo('objective:ratio', soon)}", "{{slo}} allows"),
            ],
            "percentunit",
            dashed=ALLOWED,
        )
        yield _sized(
            bargauge.Panel().orientation(VizOrientation.HORIZONTAL).reduce_options(LATEST),
            "Slowest routes",
            "Where 95 % of the requests took longest, over the time that is shown. A route that "
            "is new here is the first to look at, in traces that are slow.",
            [_line(f"topk(5, histogram_quantile(0.95, {by_route}) > 0)", ROUTE_LEGEND).instant()],
            unit="s",
        )

    # -- What runs full --

    def saturation(self) -> Iterator[AnyPanel]:
        memory, limit = "process_resident_memory_bytes", "process_memory_limit_bytes"
        lag = f"sum by (le, instance) ({self.rate('event_loop_lag_seconds_bucket')})"
        active, most = "http_server_active_requests", "http_server_max_active_requests"
        yield self._lines(
            "Requests at once",
            "What each instance handles right now. At the dashed line, MAX_CONCURRENCY, it "
            "refuses more with 503: something that it waits for is slow, or there are too few "
            "instances.",
            [_each(self.of(active)), _line(f"min({self.of(most)})", "at most")],
            "short",
            dashed="at most",
        )
        yield self._lines(
            "Event loop lag, p99",
            "How late the event loop is. All requests of an instance wait as long, for code that "
            "blocks it or for CPU.",
            [_each(f"histogram_quantile(0.99, {lag})")],
            "s",
            [(0.1, ORANGE), (0.25, RED)],
        )
        yield self._lines(
            "Memory",
            "At the dashed line an instance is killed, with the requests that it handles. What "
            "only ever rises is a leak. Without a line, nothing limits it.",
            # NaN where there is no limit
            [_each(self.of(memory)), _line(f"min({self.of(limit)} > 0)", "at most")],
            "bytes",
            dashed="at most",
        )
        yield self._lines(
            "CPU",
            "Python runs on one CPU for each instance, more or less. Near 100 % requests wait for "
            "each other: more instances help.",
            [_each(self.rate("process_cpu_seconds_total"))],
            "percentunit",
            [(0.8, ORANGE), (1, RED)],
        )
        yield self._lines(
            "Lines of the log that were lost",
            "More was logged than anybody took, so what happened cannot be read later. Log less, "
            "or look at what collects it.",
            [_each(f"increase({self.of('log_lines_dropped_total')}[{RATE}])")],
            "short",
            [(1, RED)],
        )
        yield self._lines(
            "Open files and connections",
            "The share of the file descriptors that an instance may have. What only ever rises is "
            "not closed; at 100 % no connection can be taken any more.",
            [_each(f"{self.of('process_open_fds')} / {self.of('process_max_fds')}")],
            "percentunit",
            [(0.8, RED)],
        )

    def database(self) -> Iterator[AnyPanel]:
        state, number = "db_client_connection_state", "db_client_connection_count"
        most = self.of("db_client_connection_max")
        connections = self._lines(
            "Connections",
            "Those of all instances. At the dashed line requests wait for one, and get 503 where "
            "that takes too long: a query is slow, or a transaction is held open.",
            [
                _line(f"sum by ({state}) ({self.of(number)})", f"{{{{{state}}}}}"),
                _line(f"sum({most})", "at most"),
            ],
            "short",
            dashed="at most",
        )
        # Idle and used ones are what there is, so they stand on each other.
        stacked = common.StackingConfig().mode(StackingMode.NORMAL)
        alone = common.StackingConfig().mode(StackingMode.NONE).build()
        yield connections.fill_opacity(20).stacking(stacked).override_by_name(
            "at most", [models.DynamicConfigValue("custom.stacking", alone)]
        )
        used = self.of(number, f'{state}="used"')
        yield self._lines(
            "Connections in use",
            "The share of its connections that an instance uses. Near 100 % its requests wait.",
            [_each(f"{used} / ignoring ({state}) {most}")],
            "percentunit",
            [(0.9, RED)],
        )
        operation = "db_operation_name"
        by_operation = (
            f"sum by (le, {operation}) ({self.rate('db_client_operation_duration_seconds_bucket')})"
        )
        yield self._lines(
            "Statements, p95 by operation",
            "How long 95 % of the statements took at most. If all operations are slow, the database"
            " is overloaded or far away; if one is slow, look for its statement in slow traces.",
            [_line(f"histogram_quantile(0.95, {by_operation})", f"{{{{{operation}}}}}")],
            "s",
        )
        outages = f"increase({self.of('db_client_outages_total')}[{RATE}])"
        yield self._lines(
            "Database outages by cause",
            "Statements and connections that failed because of the database. The playbook has the "
            "fix for each cause.",
            [_line(f"sum by (cause) ({outages})", "{{cause}}")],
            "short",
            [(1, RED)],
        )

    # -- What runs --

    def runtime(self) -> Iterator[AnyPanel]:
        build = "version, commit, python_version"
        yield _sized(
            table.Panel(),
            "Versions that run",
            "More than one is a release on its way. Where it stays so, the release is stuck.",
            [_row(f"count by ({build}) ({self.of('service_build_info')})")],
            width=WIDTH // 2,
        ).with_transformation(_columns(*build.split(", "), value="instances"))
        yield self._lines(
            "Instances",
            "Those that answer Prometheus, and the dashed line: those that should. The others "
            "serve the share of one that is missing.",
            [_line(f"sum({self.of('up')})", "up"), _line(f"count({self.of('up')})", "all")],
            "short",
            dashed="all",
            width=WIDTH // 2,
        )
        yield self._lines(
            "Restarts",
            "An instance that starts again and again without a release crashes, or is killed: "
            "look at its memory and at its last lines of the log.",
            [_each(f"changes({self.of('process_start_time_seconds')}[{RATE}])")],
            "short",
            [(1, RED)],
            width=WIDTH // 2,
        )
        yield self._lines(
            "Garbage collections",
            "Those of generation 2 look at all objects, and stop everything meanwhile. Many of "
            "them go with a lag of the event loop: something makes and keeps many objects.",
            [
                _line(
                    f"sum by (generation) ({self.rate('python_gc_collections_total')})",
                    "generation {{generation}}",
                )
            ],
            "ops",
            width=WIDTH // 2,
        )

    # -- Around the panels --

    def variables(self) -> Iterator[builders.QueryVariable]:
        info = f"service_build_info{{{self.here}}}"
        everywhere = f'service_build_info{{job="{self.name}"}}'
        # .* also matches where there is no such label, as in compose.
        yield _variable("namespace", f"label_values({everywhere}, namespace)").all_value(".*")
        yield _variable("instance", f"label_values({info}, instance)").all_value(".*").multi(True)
        recorded = f'slo:objective:ratio{{service="{self.name}"}}'
        slo = _variable("slo", f"label_values({recorded}, slo)").multi(True)
        yield slo.hide(models.VariableHide.HIDE_VARIABLE)  # panels are repeated over it

    def releases(self) -> Releases:
        """A mark of five minutes, for a version that did not run before it."""
        info = f"service_build_info{{{self.here}}}"
        versions = f"count by (version, commit) ({info})"
        earlier = f"count by (version, commit) ({info} offset 5m)"
        return Releases(
            name="Releases",
            datasource=SOURCE,
            icon_color="blue",
            expr=f"{versions} unless {earlier}",
        )

    def _lines(
        self,
        title: str,
        description: str,
        queries: Sequence[Dataquery],
        unit: str,
        limits: Limits = (),
        dashed: str = "",
        width: int = WIDTH // 3,
    ) -> timeseries.Panel:
        """A graph. What is `dashed` is a limit; it may be a regular expression."""
        panel = _sized(timeseries.Panel(), title, description, queries, unit=unit, width=width)
        if limits:
            mode = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
            panel.thresholds(_thresholds(limits)).thresholds_style(mode)
        if dashed:
            panel.override_by_regexp(f"/^{dashed}$/", [_dashed()])
        return panel


def _sized(
    panel: Kind,
    title: str,
    description: str,
    queries: Sequence[Dataquery],
    *,
    unit: str = "short",
    width: int = WIDTH // 3,
    height: int = 8,
    minimum: float | None = 0,
) -> Kind:
    """What all panels have."""
    for query, letter in zip(queries, "ABC", strict=False):
        panel.with_target(query.ref_id(letter))
    if minimum is not None:
        panel.min(minimum)
    panel.title(title).description(description).unit(unit).datasource(SOURCE)
    return panel.height(height).span(width)


def _repeated(panel: Kind) -> Kind:
    """One for each objective, beside each other."""
    return panel.repeat("slo").repeat_direction("h").max_per_row(4)


def _line(expression: str, legend: str) -> Dataquery:
    return Dataquery().datasource(SOURCE).expr(expression).legend_format(legend).range()


def _each(expression: str) -> Dataquery:
    """A line for each instance."""
    return _line(expression, "{{instance}}")


def _row(expression: str) -> Dataquery:
    """Rows of a table."""
    query = Dataquery().datasource(SOURCE).expr(expression)
    return query.instant().format(PromQueryFormat.TABLE)


def _columns(*names: str, value: str = "") -> models.DataTransformerConfig:
    """These labels alone, in this order, and what is counted under a name."""
    shown = [*names, *(["Value"] if value else [])]
    return models.DataTransformerConfig(
        "organize",
        options={
            "includeByName": dict.fromkeys(shown, True),
            "indexByName": {name: index for index, name in enumerate(shown)},
            "renameByName": {"Value": value} if value else {},
        },
    )


def _thresholds(limits: Limits, below: str = GREEN) -> builders.ThresholdsConfig:
    steps = [models.Threshold(None, below), *(models.Threshold(*limit) for limit in limits)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _dashed() -> models.DynamicConfigValue:
    return models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})


def _variable(name: str, query: str) -> builders.QueryVariable:
    variable = builders.QueryVariable(name).query(query).datasource(SOURCE).include_all(True)
    everything = models.VariableOption(text="All", value="$__all")
    refresh = models.VariableRefresh.ON_TIME_RANGE_CHANGED  # instances come and go
    return variable.current(everything).refresh(refresh)


def _link(title: str, url: str) -> builders.DashboardLink:
    link = builders.DashboardLink(title).type(models.DashboardLinkType.LINK)
    return link.icon("external link").url(url).target_blank(True)


def text(service: str, runbook: str, database: bool) -> str:
    """The dashboard as JSON."""
    of = Service(service)
    rows = [
        Row("Objectives", of.objectives()),
        Row("Requests", of.requests()),
        Row("Saturation", of.saturation()),
        *([Row("Database", of.database())] if database else []),
        Row("Runtime", of.runtime()),
    ]
    provisioned = models.VariableOption(text="Prometheus", value="prometheus")
    source = builders.DatasourceVariable("datasource").type("prometheus").current(provisioned)
    dashboard = (
        builders.Dashboard(service)
        .uid(service)
        .description("What callers notice, then what runs full, then what runs.")
        .tags(["service"])
        .timezone("browser")
        .refresh("30s")
        .time("now-1h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables([source, *of.variables()])
        .link(_link("Runbook", runbook))
        .link(_link("Alerts", f"/alerting/list?search=label:service={service}"))
    )
    numbers = count(1)
    for row in rows:
        dashboard.with_row(builders.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            dashboard.with_panel(panel.id(next(numbers)))
    built = dashboard.build()
    built.annotations = models.AnnotationContainer([of.releases()])
    return JSONEncoder(indent=2, ensure_ascii=False).encode(built) + "\n"
