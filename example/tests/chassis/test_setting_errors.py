"""Settings of every type explain themselves: one line a variable, no traceback and no secret."""

import dataclasses
import re
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    Field,
    Json,
    PostgresDsn,
    SecretBytes,
    SecretStr,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from orders.chassis import ChassisSettings, read_settings
from orders.chassis.setting_errors import variables

CANARY = "hunter2-canary"

Refuse = Callable[..., list[str]]


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """The lines with which settings of some class are refused for these variables."""

    def refused(settings: type[BaseSettings], **environment: str) -> list[str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as exit_:
            read_settings(settings)
        assert exit_.value.code == 2
        output = capsys.readouterr()
        assert output.out == ""
        assert "PydanticUndefined" not in output.err
        assert "Traceback" not in output.err
        return output.err.splitlines()

    return refused


def with_field(
    annotation: Any, *, name: str = "sample", config: SettingsConfigDict | None = None, **field: Any
) -> type[BaseSettings]:
    """Settings with one field."""

    class Base(BaseSettings):
        model_config = config or SettingsConfigDict()

    definitions: dict[str, Any] = {name: (annotation, Field(**field))}
    return create_model("Sample", __base__=Base, **definitions)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


def even(value: int) -> int:
    if value % 2:
        raise ValueError("it is odd")
    return value


class Login(BaseModel):
    port: int = Field(default=5432, description="a port")
    password: SecretStr | None = None
    tags: list[str] = []


class Nested(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")

    db: Login = Login()
    limits: dict[str, int] = {}
    either: Login | int = 1


@pytest.mark.parametrize(
    ("annotation", "value", "fault"),
    [
        (list[str], "a,b", "it is not JSON (Expecting value at character 1)"),
        (dict[str, int], "a=1", "it is not JSON (Expecting value at character 1)"),
        (list[int], '["1", "x"]', "1: Input should be a valid integer, "),
        (dict[str, int], '{"a": "x"}', "a: Input should be a valid integer, "),
        (Login, '{"port": "x"}', "port: Input should be a valid integer, "),
        (Json[list[int]], "x", "Invalid JSON: expected value at line 1 column 1"),
        (int | bool, "x", "Input should be a valid integer, "),
        (list[int] | int, "x", "Input should be a valid list; Input should be a valid integer, "),
        (Literal["a", "b"], "c", "Input should be 'a' or 'b'"),
        (Color, "green", "Input should be 'red' or 'blue'"),
        (int | None, "x", "Input should be a valid integer, "),
        (Annotated[int, Field(ge=1)], "0", "Input should be greater than or equal to 1"),
        (Annotated[int, AfterValidator(even)], "1", "it is odd"),
        (Annotated[str, AfterValidator(ZoneInfo)], "Mars/Base", "ZoneInfoNotFoundError: 'No time"),
    ],
)
@pytest.mark.parametrize("described", [True, False])
def test_each_type_says_in_one_line_what_is_wrong(
    refuse: Refuse, annotation: Any, value: str, fault: str, *, described: bool
) -> None:
    field: dict[str, Any] = {"description": "a sample", "examples": ["7"]} if described else {}
    settings = with_field(annotation, default=None, **field)

    [line] = refuse(settings, SAMPLE=value)

    if annotation is Login:  # it holds a secret
        assert line.startswith(f"SAMPLE cannot be used: {fault}")
    else:
        assert line.startswith(f"SAMPLE={value!r} cannot be used: {fault}")
    assert line.endswith(". It must be: a sample, for example 7") is described
    assert ("must be:" in line or "xample" in line) is described


def test_missing_setting_without_description_is_named(refuse: Refuse) -> None:
    assert refuse(with_field(int)) == ["SAMPLE is not set"]


def test_default_is_the_example_as_one_writes_it(refuse: Refuse) -> None:
    settings = with_field(float, default=30.0, description="a time")
    assert refuse(settings, SAMPLE="x")[0].endswith("It must be: a time, for example 30")
    settings = with_field(list[int], default=[1])
    assert refuse(settings, SAMPLE="x")[0].endswith(". For example: [1]")


@pytest.mark.parametrize(
    ("alias", "environment", "named"),
    [
        ("other", {"OTHER": "x"}, "OTHER='x'"),
        ("other", {"other": "x"}, "other='x'"),
        (AliasChoices("first", "second"), {}, "FIRST is not set"),
        (AliasChoices("first", "second"), {"SECOND": "x"}, "SECOND='x'"),
        (AliasChoices("first", "second"), {"FIRST": "x", "SECOND": "1"}, "FIRST='x'"),
        (AliasChoices("first", AliasPath("parts", 0)), {"PARTS": '["x"]'}, "PARTS='[\"x\"]'"),
        (AliasPath("parts", 0), {"PARTS": "x"}, "PARTS='x'"),
    ],
)
def test_alias_is_named_as_people_set_it(
    refuse: Refuse, alias: Any, environment: dict[str, str], named: str
) -> None:
    [line] = refuse(with_field(int, validation_alias=alias), **environment)
    assert line.startswith(named)


def test_prefix_is_part_of_the_name(refuse: Refuse) -> None:
    config = SettingsConfigDict(env_prefix="app_")
    assert refuse(with_field(int, config=config)) == ["APP_SAMPLE is not set"]
    [line] = refuse(with_field(int, config=config), APP_SAMPLE="x")
    assert line.startswith("APP_SAMPLE='x' cannot be used: ")


def test_case_is_kept_where_it_matters(refuse: Refuse) -> None:
    config = SettingsConfigDict(case_sensitive=True)
    assert refuse(with_field(int, config=config), SAMPLE="1") == ["sample is not set"]


def test_name_counts_too_where_it_is_allowed() -> None:
    config = SettingsConfigDict(populate_by_name=True, env_prefix="app_")
    settings = with_field(int, config=config, validation_alias="other")
    assert variables(settings, "sample") == ["OTHER", "APP_SAMPLE"]


@pytest.mark.parametrize(
    ("environment", "start"),
    [
        ({"DB__PORT": "x"}, "DB__PORT='x' cannot be used: Input should be a valid integer"),
        ({"DB__TAGS": "a,b"}, "DB__TAGS='a,b' cannot be used: it is not JSON"),
        ({"DB__TAGS": "[1]"}, "DB__TAGS='[1]' cannot be used: 0: Input should be a valid string"),
        ({"DB": '{"port": "x"}'}, "DB cannot be used: port: Input should be a valid integer"),
        ({"DB": "x"}, "DB cannot be used: it is not JSON"),
        ({"LIMITS__A": "x"}, "LIMITS__A='x' cannot be used: Input should be a valid integer"),
        ({"EITHER__PORT": "x"}, "EITHER__PORT='x' cannot be used: Input should be a valid int"),
    ],
)
def test_nested_variable_is_named(refuse: Refuse, environment: dict[str, str], start: str) -> None:
    [line] = refuse(Nested, **environment)
    assert line.startswith(start)


def test_nested_variable_says_what_it_is(refuse: Refuse) -> None:
    [line] = refuse(Nested, DB__PORT="x")
    assert line.endswith(". It must be: a port, for example 5432")


def test_missing_nested_variable_is_named(refuse: Refuse) -> None:
    class Required(BaseModel):
        host: str
        port: int = 1

    settings = with_field(Required, config=SettingsConfigDict(env_nested_delimiter="__"))

    assert refuse(settings, SAMPLE__PORT="2") == ["SAMPLE__HOST is not set"]


def test_every_bad_variable_has_its_line(refuse: Refuse) -> None:
    class Several(BaseSettings):
        names: list[str] = []
        before: Annotated[list[str], BeforeValidator(lambda v: v or [])] = []
        zone: Annotated[str, AfterValidator(ZoneInfo)] = ""
        port: int = 1
        needed: str

        @model_validator(mode="after")
        def _check(self) -> Self:
            raise AssertionError("not reached")

    lines = refuse(Several, NAMES="a", BEFORE="b", ZONE="Mars/Base", PORT="x")

    assert sorted(re.split("[= ]", line)[0] for line in lines) == [
        "BEFORE",
        "NAMES",
        "NEEDED",
        "PORT",
        "ZONE",
    ]


def test_check_over_several_settings_stands_for_itself(refuse: Refuse) -> None:
    class Pair(BaseSettings):
        low: int = 2
        high: int = 1

        @model_validator(mode="after")
        def _ordered(self) -> Self:
            if self.low > self.high:
                raise ValueError("LOW is above\nHIGH")
            return self

    assert refuse(Pair) == ["settings: LOW is above HIGH"]


def test_check_that_breaks_is_no_traceback(refuse: Refuse) -> None:
    class Broken(BaseSettings):
        sample: str = ""

        @model_validator(mode="after")
        def _broken(self) -> Self:
            raise RuntimeError("it is broken")

    assert refuse(Broken, SAMPLE="x") == ["settings: RuntimeError: it is broken"]


@pytest.mark.parametrize("value", ["\n1\r\n2 ", "1\x852\u2028", "\x1b[31m", "\udcff"])
def test_value_stays_on_one_line(refuse: Refuse, value: str) -> None:
    [line] = refuse(with_field(int), SAMPLE=value)
    assert line.startswith(f"SAMPLE={value!r} cannot be used: ")


def test_long_value_is_shortened(refuse: Refuse) -> None:
    [line] = refuse(with_field(int), SAMPLE="a" * 100_000)
    assert line.startswith(f"SAMPLE='{'a' * 79}…' cannot be used: ")
    assert len(line) < 300


def test_long_message_is_shortened(refuse: Refuse) -> None:
    def echo(value: str) -> str:
        raise ValueError(f"it is {value}")

    [line] = refuse(with_field(Annotated[str, AfterValidator(echo)]), SAMPLE="a" * 100_000)
    assert len(line) < 800


def repeating(value: Any) -> Any:
    """A check that repeats what it refuses, in every way that people write."""
    if isinstance(value, SecretStr | SecretBytes):
        value = value.get_secret_value()
    raise ValueError(f"{value} {value!r} {str(value).upper()} {str(value)[2:12]} is not good")


@dataclasses.dataclass
class Account:
    secret: str


Repeating = AfterValidator(repeating)


@pytest.mark.parametrize(
    ("name", "annotation", "value"),
    [
        ("plain", Annotated[SecretStr, Repeating], "?"),
        ("plain", Annotated[SecretBytes, Repeating], "?"),
        ("plain", Annotated[SecretStr | None, Repeating], "?"),
        ("plain", Annotated[list[SecretStr], Repeating], '["?"]'),
        ("plain", list[SecretStr], "?"),
        ("plain", list[SecretStr], '["?", 1]'),
        ("plain", dict[str, SecretStr], '{"?": 1}'),
        ("plain", Login, '{"port": 1, "password": ["?"]}'),
        ("plain", Login, '{"port": "x", "password": "?"}'),
        ("plain", list[Login], '[{"port": "x", "password": "?"}]'),
        ("plain", Account, '{"secret": ["?"]}'),
        ("plain", Json[list[SecretStr]], '["?'),
        ("plain", dict[str, int], '{"api_key": "?"}'),
        ("plain", list[str], "host=x password=?"),
        ("plain", int, "redis://:?@cache"),
        ("plain", int, "https://?@host"),
        ("plain", PostgresDsn, "mysql://app:?@host"),
        ("plain", Annotated[str, Repeating], "redis://:?@cache"),
        ("db_password", int, "?"),
        ("api_key", Annotated[str, Repeating], "?"),
        ("token", Literal["a"], "?"),
        ("credentials", list[str], "?"),
        ("cookie", Annotated[str, AfterValidator(ZoneInfo)], "?"),
    ],
)
def test_secret_is_never_shown(refuse: Refuse, name: str, annotation: Any, value: str) -> None:
    value = value.replace("?", CANARY)
    [line] = refuse(with_field(annotation, name=name), **{name.upper(): value})

    assert line.startswith(f"{name.upper()} cannot be used: ")
    assert CANARY not in line.lower()
    assert CANARY[2:12] not in line


def test_nested_secret_is_never_shown(refuse: Refuse) -> None:
    [line] = refuse(Nested, DB__PASSWORD=f'["{CANARY}"]', DB__PORT="x")
    assert line.startswith("DB__PORT='x' cannot be used: ")
    assert CANARY not in line


def test_secret_of_another_setting_is_never_shown(refuse: Refuse) -> None:
    class Leaking(BaseSettings):
        password: str
        pin: SecretStr
        port: int

        @field_validator("port")
        @classmethod
        def _check(cls, value: int, info: ValidationInfo) -> int:
            raise ValueError(f"{info.data}")

    assert CANARY not in "".join(refuse(Leaking, PASSWORD=CANARY, PIN="1234", PORT="1"))


def test_check_over_several_settings_shows_no_secret(refuse: Refuse) -> None:
    class Leaking(BaseSettings):
        password: SecretStr = SecretStr("")
        address: str = ""

        @model_validator(mode="after")
        def _check(self) -> Self:
            raise ValueError(f"{self.password.get_secret_value()} at {self.address}")

    [line] = refuse(Leaking, PASSWORD=CANARY, ADDRESS=f"http://a:{CANARY}2@b")
    assert line.startswith("settings: *** at http://")
    assert CANARY not in line


def test_secret_with_a_default_shows_no_mask_as_example(refuse: Refuse) -> None:
    settings = with_field(SecretStr, default=SecretStr("x"), min_length=8, description="a secret")
    assert refuse(settings, SAMPLE="short")[0].endswith("It must be: a secret")


def chassis(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ChassisSettings:
    """The chassis' settings with these variables."""
    for name, value in {"OTEL_SERVICE_NAME": "sample", **environment}.items():
        monkeypatch.setenv(name, value)
    return read_settings(ChassisSettings)


def test_case_of_log_settings_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = chassis(monkeypatch, LOG_LEVEL="INFO", LOG_FORMAT="Json")
    assert (settings.log_level, settings.log_format) == ("info", "json")


def test_defaults_of_the_connection_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = chassis(monkeypatch)
    assert settings.keep_alive_timeout == 620.0
    assert settings.root_path == ""
    assert settings.cors_allow_origins == ()
    assert settings.max_websockets == 1024


def test_settings_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = chassis(
        monkeypatch,
        ROOT_PATH="/orders/v1",
        CORS_ALLOW_ORIGINS="https://app.example.com, http://localhost:3000,http://[::1]:80",
        KEEP_ALIVE_TIMEOUT="75",
    )
    assert settings.root_path == "/orders/v1"
    assert settings.cors_allow_origins == (
        "https://app.example.com",
        "http://localhost:3000",
        "http://[::1]:80",
    )
    assert settings.keep_alive_timeout == 75


def test_any_origin_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chassis(monkeypatch, CORS_ALLOW_ORIGINS="*").cors_allow_origins == ("*",)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ROOT_PATH", "orders", "it must be a path that starts with /"),
        ("ROOT_PATH", "/orders/", "it must be a path that starts with /"),
        ("ROOT_PATH", "/", "it must be a path that starts with /"),
        ("ROOT_PATH", "/orders?a", "it must be a path that starts with /"),
        ("CORS_ALLOW_ORIGINS", "app.example.com", "'app.example.com' is not an origin"),
        ("CORS_ALLOW_ORIGINS", "https://a,https://b/", "'https://b/' is not an origin"),
        ("CORS_ALLOW_ORIGINS", "https://a b", "'https://a b' is not an origin"),
        ("CORS_ALLOW_ORIGINS", "https://a:x", "'https://a:x' is not an origin"),
        ("KEEP_ALIVE_TIMEOUT", "0", "Input should be greater than 0"),
        ("MAX_WEBSOCKETS", "0", "Input should be greater than or equal to 1"),
        ("LOG_LEVEL", "loud", "Input should be 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_settings_that_cannot_be_used(refuse: Refuse, name: str, value: str, fault: str) -> None:
    [line] = refuse(ChassisSettings, OTEL_SERVICE_NAME="sample", **{name: value})
    assert line.startswith(f"{name}={value!r} cannot be used: {fault}")


def test_list_with_commas_is_written_with_commas(refuse: Refuse) -> None:
    def split(value: Any) -> Any:
        raise ValueError("no")

    settings = with_field(
        Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)], default=("a", "b")
    )
    assert refuse(settings, SAMPLE="x") == ["SAMPLE='x' cannot be used: no. For example: a,b"]
