"""Metrics of statements and of the connection pool, after OpenTelemetry's semantic conventions.

https://opentelemetry.io/docs/specs/semconv/database/database-metrics/
"""

from collections.abc import Iterable
from functools import cache

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.pool import Pool, QueuePool

_CONNECTIONS = Gauge(
    "db_client_connection_count",
    "Connections of a pool, by state.",
    ("db_client_connection_pool_name", "db_client_connection_state"),
)
_MOST = Gauge(
    "db_client_connection_max",
    "Connections that a pool may have.",
    ("db_client_connection_pool_name",),
)
_OUTAGES = Counter(
    "db_client_outages",
    "Statements and connections that failed because of the database, by cause.",
    ("db_client_connection_pool_name", "cause"),
)
_DURATION = Histogram(
    "db_client_operation_duration_seconds",
    "Duration of statements, by operation; with the type of the error if they failed.",
    ("db_system_name", "db_namespace", "db_operation_name", "error_type"),
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
)
# The others are OTHER: the first word of a statement may be anything.
_OPERATIONS = frozenset({"CALL", "DELETE", "INSERT", "MERGE", "SELECT", "UPDATE", "WITH"})


def show_pool(name: str, pool: Pool) -> None:
    """Have the metrics read from this pool, whenever they are asked for."""
    assert isinstance(pool, QueuePool)
    _CONNECTIONS.labels(name, "used").set_function(pool.checkedout)
    _CONNECTIONS.labels(name, "idle").set_function(pool.checkedin)
    _MOST.labels(name).set(pool.size())


def show_outages(name: str, causes: Iterable[str]) -> None:
    """Begin the counts of a pool at 0, for the first increase is only seen from there."""
    for cause in causes:
        _OUTAGES.labels(name, cause)


def count_outage(name: str, cause: str) -> None:
    """Count what the database of this pool did not do."""
    _OUTAGES.labels(name, cause).inc()


def observe_statement(namespace: str, operation: str, error_type: str, seconds: float) -> None:
    """Count a statement of a database. `operation` is its first word, in capitals."""
    bounded = operation if operation in _OPERATIONS else "OTHER"
    _series(namespace, bounded, error_type).observe(seconds)


@cache  # labels() takes a lock
def _series(namespace: str, operation: str, error_type: str) -> Histogram:
    return _DURATION.labels("postgresql", namespace, operation, error_type)
