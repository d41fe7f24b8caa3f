"""The microservice chassis: what every service does alike, whatever it is for.

Settings, logs, metrics, health, the management port, and the way from start to stop. It knows
ASGI and nothing of the service or its web framework. It belongs to the template: extend it
through settings and `app.py`, and updates merge by themselves.
"""

from .asgi import ASGIApp
from .context import request_id
from .problems import PROBLEM_JSON, UnavailableError, problem
from .server import run
from .settings import ChassisSettings, read_settings

__all__ = [
    "PROBLEM_JSON",
    "ASGIApp",
    "ChassisSettings",
    "UnavailableError",
    "problem",
    "read_settings",
    "request_id",
    "run",
]
