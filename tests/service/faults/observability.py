"""Faults of logs, metrics and traces."""

from tests.tool.checklist.mutating import Change, both, replaced

SOURCE = "src/orders"
CHASSIS = f"{SOURCE}/chassis"
STORAGE = f"{SOURCE}/storage"
HANDLERS = f"{SOURCE}/api/items.py"
LISTING = "    found = await _store(request).list(limit + 1"

CALLS_BY_ITSELF = both(
    replaced(
        HANDLERS,
        LISTING,
        "    async with httpx2.AsyncClient(timeout=1) as client:\n"
        "        with suppress(httpx2.TransportError):\n"
        f"            await client.get('http://127.0.0.1:1/prices')\n{LISTING}",
    ),
    replaced(
        HANDLERS,
        "from uuid import UUID\n",
        "from contextlib import suppress\nfrom uuid import UUID\n\nimport httpx2\n",
    ),
)

MUTATIONS: dict[str, tuple[str, Change]] = {
    "a-line-is-printed": (
        "OB1",
        replaced(
            f"{SOURCE}/app.py",
            "    settings = read_settings(Settings)\n",
            '    settings = read_settings(Settings)\n    print("starting")\n',
        ),
    ),
    "libraries-log-by-themselves": (
        "OB1",
        replaced(
            f"{CHASSIS}/logging.py",
            "    logging.basicConfig(handlers=[_StandardLibrary(log)], force=True)\n",
            "    logging.basicConfig(force=True)\n",
        ),
    ),
    "traceparent-is-ignored": (
        "OB2",
        replaced(
            f"{CHASSIS}/tracing.py",
            "surroundings = propagate.extract(carrier, _NO_PARENT)",
            "surroundings = _NO_PARENT",
        ),
    ),
    "the-id-of-the-caller-is-ignored": (
        "OB2",
        replaced(f"{CHASSIS}/requests.py", "if sent is not None and", "if False and sent and"),
    ),
    "the-response-has-no-id": (
        "OB2",
        replaced(
            f"{CHASSIS}/exchange.py",
            '[*message.get("headers", ()), (b"x-request-id", self.call.id.encode())]',
            '[*message.get("headers", ())]',
        ),
    ),
    "calls-without-ids": ("OB2", CALLS_BY_ITSELF),
    "headers-are-logged": (
        "OB3",
        replaced(
            f"{CHASSIS}/requests.py",
            '            "path": exchange.path,\n',
            '            "path": exchange.path,\n            "headers": str(headers),\n',
        ),
    ),
    "the-query-is-traced": (
        "OB3",
        replaced(
            f"{CHASSIS}/semantics.py",
            '        "url.path": scope["path"],\n',
            '        "url.path": scope["path"],\n'
            '        "url.query": scope["query_string"].decode("latin-1"),\n',
        ),
    ),
    "bodies-are-sent-back": (
        "OB3",
        replaced(f"{SOURCE}/api/errors.py", '_cut(fault["msg"])}', '_cut(repr(fault["input"]))}'),
    ),
    "a-setting-is-logged": (
        "OB3",
        replaced(
            f"{SOURCE}/app.py",
            "    async with open_storage(settings) as storage:\n",
            "    import structlog\n\n"
            "    url = settings.database_url.get_secret_value()\n"
            '    structlog.get_logger().info("database", at=url.partition("//")[2])\n'
            "    async with open_storage(settings) as storage:\n",
        ),
    ),
    "paths-are-labels": (
        "OB4",
        replaced(
            f"{CHASSIS}/requests.py",
            "    observe_request(call, method, status, measured)\n",
            "    name, call.name = call.name, exchange.path\n"
            "    observe_request(call, method, status, measured)\n"
            "    call.name = name\n",
        ),
    ),
    "one-series-for-all-routes": (
        "OB4",
        replaced(
            f"{CHASSIS}/metrics.py",
            "_child(known, call.name, status, call.error)",
            '_child(known, "", status, call.error)',
        ),
    ),
    "requests-in-flight-are-not-counted": (
        "OB5",
        replaced(f"{CHASSIS}/metrics.py", "_ACTIVE_REQUESTS.set_function(active_requests)", "pass"),
    ),
    "the-pool-is-not-measured": (
        "OB5",
        replaced(
            f"{STORAGE}/metrics.py", '"used").set_function(pool.checkedout)', '"used").set(0)'
        ),
    ),
    "the-event-loop-is-not-measured": (
        "OB5",
        replaced(f"{CHASSIS}/diagnostics.py", "LOOP_LAG.observe(", "abs("),
    ),
    "statements-have-a-trace-of-their-own": (
        "OB6",
        replaced(
            f"{STORAGE}/tracing.py",
            "_tracer.start_span(operation, kind=trace.SpanKind.CLIENT)",
            "_tracer.start_span(operation, {}, kind=trace.SpanKind.CLIENT)",
        ),
    ),
    "the-metric-has-no-commit": (
        "OB7",
        both(
            replaced(
                f"{CHASSIS}/metrics.py",
                '("service", "version", "commit", "python_version")',
                '("service", "version", "python_version")',
            ),
            replaced(f"{CHASSIS}/metrics.py", "        settings.service_commit,\n", ""),
        ),
    ),
    "there-is-no-info": (
        "OB7",
        replaced(
            f"{CHASSIS}/management.py", '            "/info": {"GET"', '            "/i": {"GET"'
        ),
    ),
    "a-panel-of-another-metric": (
        "OB10",
        replaced(
            "monitoring/grafana/dashboards/service.json",
            "event_loop_lag_seconds_bucket",
            "event_loop_lag_milliseconds_bucket",
        ),
    ),
    "the-level-of-the-setting-is-ignored": (
        "OB11",
        replaced(f"{CHASSIS}/logging.py", "self.level = settings.log_level", 'self.level = "info"'),
    ),
    "the-level-stays-until-the-next-start": (
        "OB11",
        replaced(
            f"{CHASSIS}/management.py",
            "before, self._log.level = self._log.level, level",
            "before = self._log.level",
        ),
    ),
}
