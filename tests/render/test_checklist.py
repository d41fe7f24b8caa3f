"""What services get with the checklist: the team's decisions, and the level that they hold."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from scripts.render import render
from shipshape.checklist.decisions import Decisions
from updating.fleet import LEVEL

pytestmark = pytest.mark.xdist_group("checklist")


@pytest.fixture(scope="module")
def orders(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with the default answers."""
    return render(template, tmp_path_factory.mktemp("checklist"), service="orders")


def test_no_decision_is_made_for_a_team(orders: Path) -> None:
    text = (orders / "checklist.toml").read_text("utf-8")
    assert Decisions.model_validate(tomllib.loads(text)) == Decisions()


@pytest.mark.parametrize("page", ["checklist.toml", "docs/checklist.md"])
def test_examples_of_decisions_are_valid(orders: Path, page: str) -> None:
    text = (orders / page).read_text("utf-8")
    examples = re.findall(r"^(?:# )?(\[\[.+\]\]\n(?:(?:# )?\w+ = .+\n)+)", text, re.MULTILINE)
    found = tomllib.loads(re.sub("^# ", "", "".join(examples), flags=re.MULTILINE))
    decisions = Decisions.model_validate(found)
    assert [it.check for it in decisions.waiver] == ["ST11"]
    assert [it.check for it in decisions.attestation] == ["SE10"]


def test_a_fresh_service_holds_silver(orders: Path) -> None:
    """Gold waits for what people attest."""
    documents = yaml.safe_load_all((orders / "catalog-info.yaml").read_text("utf-8"))
    [component] = [it for it in documents if it["kind"] == "Component"]
    assert component["metadata"]["annotations"][LEVEL] == "silver"
