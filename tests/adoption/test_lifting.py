"""Adoption proposes the part that lifts a service most, for the least."""

from pathlib import Path

import pytest

from updating.lifting import proposed
from updating.parts import Offer, Part

PARTS = {
    "image": Part("", [], ["/Dockerfile"], ["AU1", "AU2"]),
    "owner": Part("", [], ["/OWNERS"], ["DO1"]),
    "code": Part("", [], ["/app.py"]),
    "deploy": Part("", ["code"], ["/deploy.yaml"], ["ST1"]),
    "merge": Part("", ["deploy"], ["/merge.yml"], ["SE1"]),
}


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    """Nothing is taken, and the service has a Dockerfile of its own."""
    rendered, service = tmp_path / "rendered", tmp_path / "service"
    for folder in (rendered, service):
        folder.mkdir()
    for part in PARTS.values():
        (rendered / part.files[0].strip("/")).write_text("the template's\n")
    (service / "Dockerfile").write_text("the service's\n")
    return Offer(rendered, service, [it for part in PARTS.values() for it in part.files], PARTS)


def taken(offer: Offer, *parts: str) -> Offer:
    """The same, once some parts are taken."""
    keep = [it for name, part in PARTS.items() if name not in parts for it in part.files]
    return Offer(offer.rendered, offer.service, keep, PARTS)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (
            {"AU1": "bronze", "AU2": "bronze"},
            "image lifts the service most for the least: AU1, AU2 of bronze, with 1 file to merge.",
        ),
        (  # as many checks for each file, and nothing to merge
            {"AU1": "bronze", "DO1": "bronze"},
            "owner lifts the service most for the least: DO1 of bronze, with nothing to merge.",
        ),
        (  # the lowest level first
            {"AU1": "bronze", "DO1": "silver"},
            "image lifts the service most for the least: AU1 of bronze, with 1 file to merge.",
        ),
        ({"SE1": "bronze"}, "code brings no check itself. merge needs it."),
        (
            {"SE1": "bronze", "ST1": "gold"},
            "code brings no check itself. deploy and merge need it.",
        ),
    ],
)
def test_most_for_the_least_is_proposed(offer: Offer, missing: dict[str, str], reason: str) -> None:
    proposal = proposed(offer, missing)
    assert proposal
    assert proposal.reason == reason
    assert proposal.part == reason.split()[0]


@pytest.mark.parametrize("missing", [{}, {"OB1": "bronze"}])
def test_nothing_is_proposed_that_lifts_nothing(offer: Offer, missing: dict[str, str]) -> None:
    assert proposed(offer, missing) is None


def test_what_is_taken_is_not_proposed(offer: Offer) -> None:
    missing = {"AU1": "bronze", "ST1": "bronze"}
    proposal = proposed(taken(offer, "image", "code"), missing)
    assert proposal
    assert proposal.part == "deploy"
