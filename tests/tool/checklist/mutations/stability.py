"""Faults of stability, each for one static check."""

from ..mutating import (
    NOMAD,
    WITHOUT_DATABASE,
    Mutation,
    appended,
    both,
    deleted,
    replaced,
    without,
)

DEPLOYMENT = "deploy/base/deployment.yaml"
AUTOSCALER = "deploy/base/horizontalpodautoscaler.yaml"
PRODUCTION = "deploy/production/kustomization.yaml"
JOB = "deploy/service.nomad.hcl"
CODE = "src/orders/items.py"
ENGINE = "src/orders/storage/engine.py"

_PROBE = r"^          livenessProbe:\n(?: {12}.*\n)+"
_SPREAD = r"^      topologySpreadConstraints:\n(?: {8}.*\n)+"


def calling(imported: str, call: str) -> Mutation:
    """Code of the service makes a call without a limit."""
    return Mutation("ST4", call, appended(CODE, f"\n\n{imported}\n\nCALLED = {call}\n"))


MUTATIONS = [
    Mutation("ST1", "no liveness probe", without(DEPLOYMENT, _PROBE)),
    Mutation("ST1", "one probe for both", replaced(DEPLOYMENT, "path: /readyz", "path: /livez")),
    Mutation(
        "ST1",
        "no liveness on Nomad",
        without(JOB, r"^        check_restart \{\n(?:.*\n)*?        \}\n"),
        NOMAD,
    ),
    Mutation("ST1", "one probe for both on Nomad", replaced(JOB, "/readyz", "/livez"), NOMAD),
    Mutation(
        "ST3",
        "a shell that keeps signals",
        replaced("Dockerfile", 'CMD ["python", "-m", "orders"]', "CMD python -m orders"),
    ),
    Mutation(
        "ST3",
        "too little time",
        replaced(
            DEPLOYMENT, "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 10"
        ),
    ),
    Mutation(
        "ST3",
        "too little time on Nomad",
        replaced(JOB, 'kill_timeout = "30s"', 'kill_timeout = "10s"'),
        NOMAD,
    ),
    Mutation("ST3", "another signal on Nomad", without(JOB, "^ *kill_signal .*\n"), NOMAD),
    Mutation(
        "ST3",
        "no delay",
        replaced("deploy/production/service.env", "SHUTDOWN_DELAY=5", "SHUTDOWN_DELAY=0"),
    ),
    calling("import httpx2", 'httpx2.get("https://example.com")'),
    calling("from httpx2 import AsyncClient", "AsyncClient(timeout=None)"),
    calling("import requests as http", 'http.post("https://example.com")'),
    calling("import requests", "requests.Session()"),
    calling("from urllib import request", 'request.urlopen("https://example.com")'),
    calling("import aiohttp", "aiohttp.ClientSession()"),
    calling("from .chassis.client import http_client", "http_client(timeout=None)"),
    Mutation(
        "ST4",
        "no limit for connecting",
        replaced(ENGINE, '{"timeout": address.seconds or _CONNECT_SECONDS}', "{}"),
    ),
    Mutation(
        "ST4",
        "a call without a database",
        appended(CODE, "\n\nimport httpx\n\nhttpx.Client(timeout=None)\n"),
        WITHOUT_DATABASE,
    ),
    Mutation("ST8", "no limit of memory", without(DEPLOYMENT, "^            limits:\n.*\n")),
    Mutation(
        "ST8",
        "no request in a migration",
        without("deploy/migration/job.yaml", "^              cpu: .*\n"),
    ),
    Mutation("ST8", "no memory on Nomad", without(JOB, "^ *memory = .*\n"), NOMAD),
    Mutation("ST9", "one instance", replaced(AUTOSCALER, "minReplicas: 2", "minReplicas: 1")),
    Mutation(
        "ST9",
        "one instance in production",
        replaced(PRODUCTION, "/spec/minReplicas, value: 3", "/spec/minReplicas, value: 1"),
    ),
    Mutation("ST9", "nothing spreads them", without(DEPLOYMENT, _SPREAD)),
    Mutation(
        "ST9",
        "one instance on Nomad",
        replaced("deploy/staging.vars.hcl", "least = 2", "least = 1"),
        NOMAD,
    ),
    Mutation(
        "ST9", "nothing spreads them on Nomad", without(JOB, r"^ *spread \{\n.*\n *\}\n"), NOMAD
    ),
    Mutation(
        "ST10",
        "no budget",
        both(
            deleted("deploy/base/poddisruptionbudget.yaml"),
            without("deploy/base/kustomization.yaml", ".*poddisruptionbudget.*\n"),
        ),
    ),
    Mutation(
        "ST10",
        "a budget of other pods",
        replaced("deploy/base/poddisruptionbudget.yaml", "component: api", "component: other"),
    ),
    Mutation(
        "ST10",
        "no migration of instances on Nomad",
        without(JOB, r"^  migrate \{\n(?:.*\n)*?  \}\n"),
        NOMAD,
    ),
    Mutation(
        "ST11",
        "a fixed number beside it",
        replaced(
            DEPLOYMENT, "  revisionHistoryLimit: 5", "  replicas: 3\n  revisionHistoryLimit: 5"
        ),
    ),
    Mutation("ST11", "no room to grow", replaced(PRODUCTION, "value: 10", "value: 3")),
    Mutation(
        "ST11",
        "a fixed number on Nomad",
        replaced(JOB, "count = var.instances.least", "count = 3"),
        NOMAD,
    ),
    Mutation(
        "ST11",
        "no room to grow on Nomad",
        replaced("deploy/production.vars.hcl", "most  = 10", "most  = 3"),
        NOMAD,
    ),
    Mutation("ST12", "no measurement", without("docs/capacity.md", r"^\| 2.*\n")),
    Mutation(
        "ST12",
        "a measurement of what is gone",
        replaced("docs/capacity.md", "`GET /items/{item_id}`", "`GET /things`"),
    ),
]
