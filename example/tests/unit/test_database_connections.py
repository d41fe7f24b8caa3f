"""All instances together need no more connections than the database allows."""

import re

import pytest
import yaml

from orders.settings import Settings

from .test_injected_settings import DEPLOY, ENVIRONMENTS, settings

OF_A_MIGRATION = 2
OF_A_ROLL_OUT = 2  # one that starts, and one that has not ended yet


def most_instances(environment: str) -> int:
    """How many may run at once: the autoscaler's limit, and those of a roll-out."""
    base = DEPLOY / "base" / "horizontalpodautoscaler.yaml"
    most = yaml.safe_load(base.read_text(encoding="utf-8"))["spec"]["maxReplicas"]
    overlay = (DEPLOY / environment / "kustomization.yaml").read_text(encoding="utf-8")
    if patched := re.search(r"path: /spec/maxReplicas, value: (\d+)", overlay):
        most = patched[1]
    return int(most) + OF_A_ROLL_OUT


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pools_of_all_instances_fit_the_database(environment: str) -> None:
    names = ("DATABASE_POOL_SIZE", "DATABASE_MAX_CONNECTIONS")
    given, fields = dict(settings(environment)), Settings.model_fields
    size, limit = (int(given.get(name) or fields[name.lower()].default) for name in names)
    instances = most_instances(environment)
    needed = instances * size + OF_A_MIGRATION
    assert needed <= limit, (
        f"{environment}: {instances} instances with {size} connections each, and a migration, need"
        f" {needed}. Lower DATABASE_POOL_SIZE or the instances, or raise what the database allows"
        f" (DATABASE_MAX_CONNECTIONS={limit})"
    )
