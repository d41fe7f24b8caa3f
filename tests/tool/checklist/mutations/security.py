"""Faults of security, each for one static check."""

from ..mutating import (
    GITLAB,
    NOMAD,
    Mutation,
    appended,
    both,
    deleted,
    replaced,
    without,
)

DEPLOYMENT = "deploy/base/deployment.yaml"
POLICY = "deploy/base/networkpolicy.yaml"
JOB = "deploy/service.nomad.hcl"
MERGE = ".github/workflows/merge.yml"
CHECKS = ".gitlab/ci/checks.yml"
SCHEMA = "schema/openapi.yaml"
INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: orders
spec:
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: orders
                port:
                  name: management
"""
ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: orders
spec:
  rules:
    - backendRefs:
        - name: orders
          port: 9000
"""
MONITORING = "            matchLabels:\n              kubernetes.io/metadata.name: monitoring\n"
KEY = f"-----BEGIN RSA {'PRIVATE'} KEY-----"
TOKEN = f"ghp_{36 * 'a'}"


def weakened(setting: str, changed: str) -> Mutation:
    """A container on Kubernetes gets more than it needs."""
    return Mutation("SE1", changed, replaced(DEPLOYMENT, setting, changed))


def weakened_on_nomad(pattern: str) -> Mutation:
    return Mutation("SE1", f"{pattern} on Nomad", without(JOB, rf"^ *{pattern} *= .*\n"), NOMAD)


MUTATIONS = [
    weakened("runAsUser: 10001", "runAsUser: 0"),
    weakened("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    weakened("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
    weakened("drop: [ALL]", "drop: [NET_RAW]"),
    weakened("enableServiceLinks: false", "hostNetwork: true"),
    Mutation(
        "SE1",
        "a migration that can write",
        without("deploy/migration/job.yaml", ".*readOnlyRoot.*\n"),
    ),
    Mutation("SE1", "an image that runs as root", without("Dockerfile", "^USER .*\n")),
    *map(weakened_on_nomad, ("user", "readonly_rootfs", "cap_drop", "security_opt")),
    Mutation("SE2", "a private key", appended("tests/key.pem", f"{KEY}\n")),
    Mutation("SE2", "a token", appended("docs/how-to.md", f"\nexport GH_TOKEN={TOKEN}\n")),
    Mutation(
        "SE2",
        "local settings",
        both(without(".gitignore", r"^/?\.env\n"), appended(".env", "PORT=1\n")),
    ),
    Mutation("SE2", "no scan", without("Makefile", ".*detect-secrets-hook.*\n")),
    Mutation("SE2", "no scan on GitLab", without("Makefile", ".*detect-secrets-hook.*\n"), GITLAB),
    Mutation(
        "SE3",
        "no scan of dependencies",
        replaced(MERGE, "filesystem --scanners vuln poetry.lock", "--version"),
    ),
    Mutation(
        "SE3",
        "no scan of the image",
        replaced(MERGE, '"$TRIVY" sbom sbom.cdx.json', '"$TRIVY" --version'),
    ),
    Mutation(
        "SE3", "a scan that never fails", replaced("trivy.yaml", "exit-code: 1", "exit-code: 0")
    ),
    Mutation(
        "SE3",
        "a scan that nobody waits for",
        # The planted fault: the pipeline goes on though the scan fails.
        replaced(CHECKS, "dependencies:\n", "dependencies:\n  allow_failure: true\n"),
        GITLAB,
    ),
    Mutation(
        "SE4",
        "an action by its tag",
        replaced(
            MERGE,
            "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
            "actions/checkout@v7",
        ),
    ),
    Mutation("SE4", "a base image by its tag", without("Dockerfile", "@sha256:[0-9a-f]{64}$")),
    Mutation(
        "SE4",
        "an image of a job by its tag",
        without(".gitlab-ci.yml", "(?<=alpine3.23)@sha256:[0-9a-f]{64}$"),
        GITLAB,
    ),
    Mutation(
        "SE5",
        "no permissions",
        both(
            without(MERGE, r"^permissions: \{\}\n"),
            without(
                MERGE,
                r"^    permissions:\n      contents: read # to check it out\n(?=    strategy)",
            ),
        ),
    ),
    Mutation(
        "SE5",
        "all jobs may write",
        replaced(MERGE, "permissions: {}", "permissions:\n  contents: write"),
    ),
    Mutation(
        "SE6",
        "no static analysis",
        replaced(MERGE, "codeql-action/analyze@", "codeql-action/resolve-environment@"),
    ),
    Mutation(
        "SE6",
        "no static analysis on GitLab",
        replaced(CHECKS, "bandit --quiet", "echo --quiet"),
        GITLAB,
    ),
    Mutation(
        "SE7",
        "an undecided operation",
        without(SCHEMA, r"(?<=tags: \[items\]\n)      security: \[\]\n(?=      requestBody)"),
    ),
    Mutation(
        "SE8",
        "no network policy",
        both(deleted(POLICY), without("deploy/base/kustomization.yaml", ".*networkpolicy.*\n")),
    ),
    Mutation(
        "SE8", "a policy for one direction", replaced(POLICY, "[Ingress, Egress]", "[Ingress]")
    ),
    Mutation(
        "SE8",
        "a token",
        replaced(
            DEPLOYMENT, "automountServiceAccountToken: false", "automountServiceAccountToken: true"
        ),
    ),
    Mutation(
        "SE8",
        "a token on Nomad",
        replaced(
            JOB,
            '      driver = "docker"\n',
            '      driver = "docker"\n\n      identity {\n        env = true\n      }\n',
        ),
        NOMAD,
    ),
    Mutation("SE9", "an Ingress", appended("deploy/base/ingress.yaml", INGRESS)),
    Mutation("SE9", "a route", appended("deploy/production/route.yaml", ROUTE)),
    Mutation(
        "SE9",
        "a load balancer",
        replaced("deploy/base/service.yaml", "spec:\n", "spec:\n  type: LoadBalancer\n"),
    ),
    Mutation(
        "SE9",
        "an open policy",
        replaced(
            POLICY,
            f"        - namespaceSelector:\n{MONITORING}",
            "        - ipBlock:\n            cidr: 0.0.0.0/0\n",
        ),
    ),
    Mutation(
        "SE9",
        "an ingress on Nomad",
        replaced(JOB, '["metrics"]', '["metrics", "traefik.enable=true"]'),
        NOMAD,
    ),
]
