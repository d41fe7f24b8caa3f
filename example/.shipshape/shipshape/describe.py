"""Print the settings and metrics of a service as JSON: `.venv/bin/python -P describe.py PACKAGE`.

It runs in the environment of the service, and uses nothing else of Shipshape's tool, which has an
environment of its own.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def settings(package: str) -> Iterator[dict[str, Any]]:
    """Each setting, with its default and its example as values of an environment variable."""
    explained = import_module(f"{package}.chassis.setting_errors")
    model = import_module(f"{package}.settings").Settings
    for name, field in model.model_fields.items():
        required = field.is_required()
        default = "" if required else explained.as_variable(field.get_default(), field)
        yield {
            "variables": explained.variables(model, name),
            "description": " ".join((field.description or "").split()),
            "required": required,
            "default": default,
            "example": explained.as_variable((field.examples or [None])[0], field),
        }


def latency_buckets(package: str) -> list[float]:
    """The upper bounds of the histogram of request durations, in seconds."""
    return list(import_module(f"{package}.chassis.metrics").SECONDS)


def metrics(package: str) -> Iterator[dict[str, Any]]:
    """Each metric that the service registers when it starts."""
    if not find_spec(f"{package}.app"):  # a service that takes the template part by part
        return
    import_module(f"{package}.app")  # imports every module with metrics
    chassis = import_module(f"{package}.chassis")
    any_settings = chassis.ChassisSettings.model_construct(otel_service_name="any")
    import_module(f"{package}.chassis.metrics").describe_process(any_settings, int, int)
    for collector in import_module("prometheus_client").REGISTRY._collector_to_names:
        for family in _families(collector):
            labels = getattr(family, "_labelnames", ()) or getattr(collector, "_labelnames", ())
            # Queries name counters and build information with a suffix.
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            yield {
                "name": f"{family.name}{suffix}",
                "type": "gauge" if family.type == "info" else family.type,
                "labels": list(labels),
                "help": family.documentation,
            }


def _families(collector: Any) -> Iterable[Any]:
    module = import_module("prometheus_client.process_collector")
    if not isinstance(collector, module.ProcessCollector):
        return list(collector.collect())
    # It reads /proc of Linux. Give it one, so that the result is the same on every system.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "self" / "fd").mkdir(parents=True)
        (Path(folder) / "stat").write_text("btime 1\n", "ascii")
        (Path(folder) / "self" / "stat").write_text(") " + "1 " * 50, "ascii")
        (Path(folder) / "self" / "limits").write_text("Max open files 1 1 files\n", "ascii")
        return list(module.ProcessCollector(proc=folder, registry=None).collect())


def main() -> None:
    """Keep stdout for the JSON: modules of the service may print while they are imported."""
    package = sys.argv[1]
    with contextlib.redirect_stdout(sys.stderr):
        found = {
            "settings": list(settings(package)),
            "latency_buckets": latency_buckets(package),
            "metrics": list(metrics(package)),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
