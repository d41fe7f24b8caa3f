"""A release on GitLab, published by a CI job."""

import os
from collections.abc import Sequence
from pathlib import Path

import httpx2

from ..errors import ShipshapeError

TIMEOUT_SECONDS = 60


def publish(version: str, notes: Path, assets: Sequence[Path]) -> str:
    """Publish a release, which tags the commit of the job; its address.

    The assets become a generic package, the notes the text of the release.
    """
    packages = f"packages/generic/release/{version}"
    for asset in assets:
        kind = {"Content-Type": "application/octet-stream"}
        _send("PUT", f"{packages}/{asset.name}", content=asset.read_bytes(), headers=kind)
    links = [{"name": it.name, "url": f"{_api()}/{packages}/{it.name}"} for it in assets]
    release = {
        "name": version,
        "tag_name": f"v{version}",
        "ref": os.environ["CI_COMMIT_SHA"],
        "description": notes.read_text("utf-8"),
        "assets": {"links": links},
    }
    _send("POST", "releases", json=release)
    return f"{os.environ['CI_PROJECT_URL']}/-/releases/v{version}"


def _api() -> str:
    return f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"


def _send(
    method: str,
    path: str,
    *,
    content: bytes | None = None,
    json: object = None,
    headers: dict[str, str] | None = None,
) -> None:
    """Have the API of this project take something."""
    headers = {**(headers or {}), "JOB-TOKEN": os.environ["CI_JOB_TOKEN"]}
    try:
        response = httpx2.request(
            method,
            f"{_api()}/{path}",
            content=content,
            json=json,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
        )
    except httpx2.TransportError as error:
        raise ShipshapeError(f"GitLab cannot be reached: {error}") from None
    if not response.is_success:
        said = response.text[:300]
        raise ShipshapeError(f"GitLab answers {response.status_code} to {method} {path}: {said}")
