"""Metrics of the pool of connections, after OpenTelemetry's database semantic conventions.

https://opentelemetry.io/docs/specs/semconv/database/database-metrics/
"""

from prometheus_client import Gauge
from sqlalchemy.pool import Pool, QueuePool

_CONNECTIONS = Gauge(
    "db_client_connection_count",
    "Connections of the pool, by state.",
    ("db_client_connection_state",),
)
_MOST = Gauge("db_client_connection_max", "Connections that the pool may have.")


def show_pool(pool: Pool) -> None:
    """Have the metrics read from this pool, whenever they are asked for."""
    assert isinstance(pool, QueuePool)
    _CONNECTIONS.labels("used").set_function(pool.checkedout)
    _CONNECTIONS.labels("idle").set_function(pool.checkedin)
    _MOST.set(pool.size())
