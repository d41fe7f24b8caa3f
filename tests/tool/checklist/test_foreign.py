"""Repositories that the template did not make."""

from pathlib import Path

import pytest

from shipshape.checklist import run
from shipshape.checklist.check import Kind, Status
from shipshape.checklist.reading import calls, hcl, schema
from shipshape.checklist.subject import of_service

from .mutating import static

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 3
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: shop:1
"""
PATCH = """\
kind: Deployment
metadata: {name: shop}
spec: {replicas: 1}
"""
KUSTOMIZATION = "resources: [../base]\npatches:\n  - path: fewer.yaml\n"
DASHBOARD = '{"panels": [{"targets": [{"expr": "rate(sales_total[5m])"}]}]}'
JOB = """\
job "shop" { # a comment
  group "api" {
    count = 2
    ephemeral_disk { size = 300 }
    task "shop" {
      config {
        args = [
          "serve",
        ]
      }
      template {
        data = <<-EOT
          } not a block {
        EOT
        env  = true
      }
    }
  }
}
variables = {
  least = 2
}
"""


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one, which is the current folder."""
    monkeypatch.chdir(tmp_path)


def written(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def found(id: str) -> tuple[Status, list[str]]:
    """The status and the evidence of a static check."""
    [result] = run.run(of_service(), {Kind.STATIC}, [id]).results
    return result.status, [str(it) for it in result.evidence]


def test_an_empty_repository_passes_no_check() -> None:
    statuses = {it.check.id: it.status for it in static().results}
    assert {id for id, status in statuses.items() if status is Status.PASS} == set()
    assert Status.ERROR not in statuses.values()


def test_dashboards_over_unknown_metrics_are_unknown() -> None:
    written("monitoring/grafana/dashboards/shop.json", DASHBOARD)
    Path(".venv/bin").mkdir(parents=True)
    Path(".venv/bin/python").touch()
    status, evidence = found("OB10")
    assert status is Status.UNKNOWN
    assert evidence == ["only a service from the template tells its settings and metrics"]


def test_manifests_are_found_in_any_folder() -> None:
    written("k8s/shop.yaml", DEPLOYMENT)
    status, evidence = found("ST1")
    assert status is Status.FAIL
    assert evidence[0] == "k8s/shop.yaml:14: the container shop has no liveness probe"


def test_a_patch_is_no_workload_and_changes_one() -> None:
    written("k8s/base/shop.yaml", DEPLOYMENT)
    written("k8s/production/fewer.yaml", PATCH)
    written("k8s/production/kustomization.yaml", KUSTOMIZATION)
    _, evidence = found("ST9")
    assert evidence == [
        "k8s/production/kustomization.yaml:3: Deployment shop may run 1 instance",
        "k8s/base/shop.yaml:1: nothing spreads the instances of Deployment shop",
    ]


@pytest.mark.parametrize("id", ["ST1", "ST9", "ST10", "ST11"])
def test_jobs_alone_need_no_probes_and_no_instances(id: str) -> None:
    written("k8s/report.yaml", DEPLOYMENT.replace("kind: Deployment", "kind: Job"))
    assert found(id)[0] is Status.NOT_APPLICABLE


def test_a_chart_of_helm_is_not_guessed_at() -> None:
    written("chart/templates/shop.yaml", DEPLOYMENT.replace("replicas: 3", "{{- toYaml . }}"))
    status, evidence = found("ST8")
    assert status is Status.UNKNOWN
    assert evidence[0].startswith("chart/templates/shop.yaml cannot be read")


def test_blocks_and_attributes_of_hcl() -> None:
    file = hcl.read(written("shop.nomad", JOB))
    group = file.first("job", "group")
    assert group.attributes == {"count": "2"}
    assert group.first("ephemeral_disk").attributes == {"size": "300"}
    assert group.first("task", "config").attributes["args"] == '[ "serve", ]'
    assert group.first("task", "template").attributes["env"] == "true"
    assert file.attributes == {"variables.least": "2"}


def test_security_of_the_whole_schema_is_that_of_its_operations() -> None:
    text = "openapi: 3.1.0\nsecurity: [{key: []}]\npaths: {/a: {get: {}, put: {security: []}}}\n"
    read, changed = schema.operations(written("docs/openapi.yaml", text))
    assert schema.file() == Path("docs/openapi.yaml")
    assert (read.schemes, read.is_open) == (["key"], False)
    assert changed.is_open


@pytest.mark.parametrize(
    ("package", "status"),
    [
        ("sqlalchemy[asyncio]>=2", Status.FAIL),
        ("redis==6.0", Status.FAIL),
        ("redis-om", Status.NOT_APPLICABLE),
        ("httpx", Status.NOT_APPLICABLE),
    ],
)
def test_a_database_is_known_by_the_packages_for_it(package: str, status: Status) -> None:
    written("requirements.txt", f"fastapi\n{package}\n")
    assert found("DX8")[0] is status


def test_calls_are_known_by_what_is_imported() -> None:
    written(
        "shop/__init__.py", "import urllib.request as ask\n\nask.urlopen('https://a', None, 3)\n"
    )
    [module] = calls.modules()
    [call] = module.calls()
    assert (call.function, call.timeout) == ("urllib.request.urlopen", "3")
    assert call.place == "shop/__init__.py:3"
