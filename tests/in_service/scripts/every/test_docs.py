"""What is made from the settings has those of every type."""

import re
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from scripts import docs


def test_documents_have_settings_of_every_type(monkeypatch: pytest.MonkeyPatch) -> None:
    class Various(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="app_")

        seconds: float = Field(default=30.0, description="a\ntime")
        fraction: float = 0.25
        origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), examples=["a,b"])
        commas: Annotated[tuple[str, ...], NoDecode] = ("a", "b")
        names: list[str] = ["a"]
        pattern: re.Pattern[str] = Field(default=re.compile("a|b"), description="one | other")
        old: int = Field(default=1, validation_alias=AliasChoices("NEW_NAME", "OLD_NAME"))

    monkeypatch.setattr(docs, "Settings", Various)

    assert docs.env_example().split("\n\n")[1:] == [
        "# a time\n#APP_SECONDS=30.0",
        "#APP_FRACTION=0.25",
        "#APP_ORIGINS=a,b",
        "#APP_COMMAS=a,b",
        "#APP_NAMES='[\"a\"]'",
        "# one | other\n#APP_PATTERN=a|b",
        "#NEW_NAME=1\n",
    ]
    assert docs.settings_table().splitlines()[2:] == [
        "| `APP_SECONDS` | a time | `30.0` |",
        "| `APP_FRACTION` |  | `0.25` |",
        "| `APP_ORIGINS` |  |  |",
        "| `APP_COMMAS` |  | `a,b` |",
        '| `APP_NAMES` |  | `["a"]` |',
        "| `APP_PATTERN` | one \\| other | `a\\|b` |",
        "| `NEW_NAME` |  | `1` |",
    ]
