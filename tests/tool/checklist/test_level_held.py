"""The level that a service holds by its catalog-info.yaml."""

from pathlib import Path

import pytest

from shipshape.checklist import level_held
from shipshape.checklist.check import Level
from shipshape.checklist.decisions import ConfigurationError

COMPONENT = """\
kind: API
metadata:
  annotations:
    shipshape/level: gold
---
kind: Component
metadata:
  annotations:
    shipshape/level: silver # the level
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (COMPONENT, Level.SILVER),
        (COMPONENT.replace("silver", '"gold"'), Level.GOLD),
        (COMPONENT.replace("silver", "bronze"), Level.BRONZE),
        (COMPONENT.replace("silver", "none"), None),
        (COMPONENT.replace("    shipshape/level: silver # the level\n", ""), Level.BRONZE),
        ("kind: Component\n", Level.BRONZE),
        ("", Level.BRONZE),
    ],
)
def test_level(text: str, level: Level | None) -> None:
    level_held.FILE.write_text(text, "utf-8")
    assert level_held.read() is level


def test_without_the_file() -> None:
    assert level_held.read() is Level.BRONZE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            COMPONENT.replace("silver", "platinum"),
            "shipshape/level is 'platinum': it must be none, bronze, silver or gold",
        ),
        (COMPONENT.replace("silver", "3"), "shipshape/level is 3: it must be none"),
        (COMPONENT.replace("silver", "[a]"), "shipshape/level is ['a']: it must be none"),
        (COMPONENT.replace("silver", ""), "shipshape/level is None: it must be none"),
        (COMPONENT.replace("silver", "Silver"), "shipshape/level is 'Silver': it must be none"),
        (
            COMPONENT.replace("annotations", "labels"),
            "shipshape/level must be an annotation, not a label",
        ),
        ("kind: Component\nmetadata: [a]\n", "metadata of the Component must be names with values"),
    ],
)
def test_faults(text: str, sentence: str) -> None:
    level_held.FILE.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as raised:
        level_held.read()
    assert str(raised.value).startswith(f"catalog-info.yaml: {sentence}")


def test_file_that_is_no_yaml() -> None:
    level_held.FILE.write_text("kind: [", "utf-8")
    with pytest.raises(ConfigurationError, match=r"catalog-info\.yaml cannot be read: "):
        level_held.read()
