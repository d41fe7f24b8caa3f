"""The alerts on the allocations fire when they should."""

from pathlib import Path
from typing import Any

import pytest

from shipshape.monitoring import rules
from tests.tool.rendered import OTHER

from .promtool import check, firing
from .series import PROMISE, SERVICE, instance, metric

JOB = {"job": "nomad", "namespace": f"{SERVICE}-production", "exported_job": SERVICE}


@pytest.fixture
def made(kinds: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The rules of a service on Nomad."""
    monkeypatch.chdir(kinds[OTHER])
    return {"groups": rules.groups(PROMISE)}


def test_prometheus_takes_them(made: dict[str, Any], tmp_path: Path) -> None:
    assert check(tmp_path, made) == ""


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ({metric("process_start_time_seconds"): "0+60x30"}, {"InstanceRestarting"}),
        ({metric("process_start_time_seconds"): "0x10 600x20"}, set()),
        ({metric("nomad_nomad_job_summary_queued", **JOB): "1x30"}, {"InstancesMissing"}),
        ({metric("nomad_nomad_job_summary_queued", **JOB): "0x12 1x20"}, set()),
        ({metric("nomad_client_allocs_oom_killed", **JOB): "0x10 1x20"}, {"ContainerOomKilled"}),
    ],
)
def test_just_these_fire(
    made: dict[str, Any], tmp_path: Path, series: dict[str, str], expected: set[str]
) -> None:
    assert firing(tmp_path, made, instance() | series, "20m", expected) == ""
