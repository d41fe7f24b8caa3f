"""Settings: what is wrong stops the start, with a word that helps."""

import re
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from orders.chassis import read_settings
from orders.settings import Settings

from scripts import docs


class Sample(BaseSettings):
    """Settings with one of each kind."""

    sample_port: int = Field(default=8000, ge=1, description="a port")
    sample_url: SecretStr = Field(
        min_length=8, description="an address", examples=["postgresql://localhost/database"]
    )


def refusal(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines with which the settings are refused."""
    with pytest.raises(SystemExit) as exit_:
        read_settings(Sample)
    assert exit_.value.code == 2
    return capsys.readouterr().err.splitlines()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_PORT", "8080")
    monkeypatch.setenv("SAMPLE_URL", "postgresql://localhost/orders")

    settings = read_settings(Sample)

    assert settings.sample_port == 8080
    assert settings.sample_url.get_secret_value() == "postgresql://localhost/orders"


def test_every_bad_setting_is_explained_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ". It must be: an address, for example postgresql://localhost/database"
    assert refusal(capsys) == [f"SAMPLE_URL is not set{right}"]

    monkeypatch.setenv("SAMPLE_PORT", "0")
    monkeypatch.setenv("SAMPLE_URL", "hunter2")
    assert refusal(capsys) == [
        "SAMPLE_PORT='0' cannot be used: Input should be greater than or equal to 1. "
        "It must be: a port, for example 8000",
        f"SAMPLE_URL cannot be used{right}",
    ]


def test_env_example_is_current() -> None:
    assert (docs.ROOT / ".env.example").read_text(encoding="utf-8") == docs.env_example()


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


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
