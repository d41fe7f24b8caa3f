"""The scans of a pipeline for known vulnerabilities."""

import re
from collections.abc import Iterable
from pathlib import Path

from .runs import Run

_OF_DEPENDENCIES = re.compile(
    r"\b(pip-audit|osv-scanner|safety|snyk test|grype|dependency-review-action|trivy-action)\b"
)
_OF_IMAGES = re.compile(r"\b(grype|docker scout cves|snyk container|anchore/scan|trivy-action)\b")
_TRIVY = re.compile(r"\btrivy[^\s/]*\s+(?:--?\S+\s+)*(\w+)")
_LISTS_ONLY = re.compile(r"--format[ =](cyclonedx|spdx)")
_FAILS = re.compile(r"--exit-code[ =][1-9]")
_SETTINGS = Path("trivy.yaml")


def of_dependencies(runs: Iterable[Run]) -> list[Run]:
    """Those that look at locked dependencies, and fail for what they find."""
    return [it for it in runs if _scans(it, _OF_DEPENDENCIES, {"filesystem", "fs", "repo"})]


def of_images(runs: Iterable[Run]) -> list[Run]:
    """Those that look into an image, or at the list of what is in it."""
    return [it for it in runs if _scans(it, _OF_IMAGES, {"image", "sbom"})]


def _scans(run: Run, scanner: re.Pattern[str], targets: set[str]) -> bool:
    if scanner.search(run.command):
        return True
    trivy = _TRIVY.search(run.command)
    if not trivy or trivy[1] not in targets or _LISTS_ONLY.search(run.command):
        return False
    return bool(_FAILS.search(run.command)) or _trivy_fails_by_its_settings()


def _trivy_fails_by_its_settings() -> bool:
    text = _SETTINGS.read_text("utf-8") if _SETTINGS.exists() else ""
    return bool(re.search(r"^exit-code: *[1-9]", text, re.MULTILINE))
