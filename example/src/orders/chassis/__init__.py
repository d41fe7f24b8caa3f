"""The microservice chassis: what every service does alike, whatever it is for.

Settings, logs, metrics, traces, limits, health, the management port, and the way from start to
stop. It knows ASGI and nothing of the service or its web framework. It belongs to the template:
extend it through settings and `app.py`, and updates merge by themselves.
"""

from .asgi import ASGIApp
from .call import Call, limits
from .context import request_id
from .lifecycle import Application, Check, run
from .logging import logging_to_stdout
from .problems import PROBLEM_JSON, UnavailableError, problem
from .setting_errors import SHOWABLE
from .settings import ChassisSettings, read_settings
from .workers import Worker

__all__ = [
    "PROBLEM_JSON",
    "SHOWABLE",
    "ASGIApp",
    "Application",
    "Call",
    "ChassisSettings",
    "Check",
    "UnavailableError",
    "Worker",
    "limits",
    "logging_to_stdout",
    "problem",
    "read_settings",
    "request_id",
    "run",
]
