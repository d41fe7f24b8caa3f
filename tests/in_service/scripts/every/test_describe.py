"""The description of a service has settings of every type, and all metrics."""

import re
import runpy
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from orders import settings

describe = runpy.run_path(str(Path(__file__).parents[2] / ".shipshape/shipshape/describe.py"))
PACKAGE = settings.__name__.partition(".")[0]


class Various(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="app_")

    needed: str = Field(examples=["one"])
    seconds: float = Field(default=30.0, description="a\ntime")
    fraction: float = 0.25
    origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), examples=["a,b"])
    commas: Annotated[tuple[str, ...], NoDecode] = ("a", "b")
    names: list[str] = ["a"]
    pattern: re.Pattern[str] = re.compile("a|b")
    old: int = Field(default=1, validation_alias=AliasChoices("NEW_NAME", "OLD_NAME"))


def test_settings_of_every_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "Settings", Various)
    found = [tuple(setting.values()) for setting in describe["settings"](PACKAGE)]
    assert found == [
        (["APP_NEEDED"], "", True, "", "one"),
        (["APP_SECONDS"], "a time", False, "30.0", ""),
        (["APP_FRACTION"], "", False, "0.25", ""),
        (["APP_ORIGINS"], "", False, "", "a,b"),
        (["APP_COMMAS"], "", False, "a,b", ""),
        (["APP_NAMES"], "", False, '["a"]', ""),
        (["APP_PATTERN"], "", False, "a|b", ""),
        (["NEW_NAME", "OLD_NAME"], "", False, "1", ""),
    ]
