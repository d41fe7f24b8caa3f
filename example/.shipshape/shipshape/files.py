"""Files of a service that several commands read."""

from pathlib import Path

README = Path("README.md")
RUNBOOK = Path("docs/runbook.md")
PLAYBOOK = Path("docs/playbook.md")
SCHEMA = Path("schema/openapi.yaml")
