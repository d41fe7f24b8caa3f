"""Invalid settings of every type: one line for each variable, no traceback and no secret."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NoReturn, Self

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    Field,
    Json,
    PostgresDsn,
    Secret,
    SecretBytes,
    SecretStr,
    create_model,
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


def echo(value: object) -> NoReturn:
    """Refuse a value, and repeat it."""
    if isinstance(value, SecretStr | SecretBytes):
        value = value.get_secret_value()
    raise ValueError(f"{value} is bad")


Echo = AfterValidator(echo)


class Login(BaseModel):
    port: int = Field(default=5432, description="a port")
    password: SecretStr | None = Field(default=None, min_length=99)
    tags: list[str] = []


class Address(BaseModel):
    host: str
    port: int = 1


class Aliased(BaseModel):
    password: int = Field(validation_alias="key")


class Nested(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="app__", env_nested_delimiter="__")

    db: Login = Login()
    address: Address | None = None
    limits: dict[str, int] = {}
    either: int | Login = 1


@pytest.mark.parametrize(
    ("annotation", "value", "fault"),
    [
        (list[str], "a,b", "it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        (list[int], '["1", "x"]', "1: Input should be a valid integer, "),
        (dict[str, int], '{"a": "x"}', "a: Input should be a valid integer, "),
        (Address, '{"host": "a", "port": "x"}', "port: Input should be a valid integer, "),
        (Address, "{}", "host is missing"),
        (Json[list[int]], "x", "Invalid JSON: expected value at line 1 column 1"),
        (list[int] | int, "x", "Input should be a valid list"),
        (Literal["a", "b"], "c", "Input should be 'a' or 'b'"),
        (int | None, "x", "Input should be a valid integer, "),
        (Annotated[int, Field(ge=1)], "0", "Input should be greater than or equal to 1"),
        (Annotated[int, Echo], "1", "1 is bad"),
    ],
)
@pytest.mark.parametrize("described", [True, False])
def test_each_type_is_explained_in_one_line(
    refuse: Refuse, annotation: Any, value: str, fault: str, *, described: bool
) -> None:
    field: dict[str, Any] = {"description": "a sample", "examples": ["7"]} if described else {}
    settings = with_field(annotation, default=None, **field)

    [line] = refuse(settings, SAMPLE=value)

    assert line.startswith(f"SAMPLE={value!r} cannot be used: {fault}")
    assert line.endswith(". It must be: a sample, for example 7") is described
    assert ("must be:" in line or "xample" in line) is described


@pytest.mark.parametrize(
    ("annotation", "field", "end"),
    [
        (float, {"default": 30.0, "description": "a time"}, "It must be: a time, for example 30.0"),
        (list[int], {"default": [1]}, ". For example: [1]"),
        (Annotated[tuple[str, ...], NoDecode, Echo], {"default": ("a", "b")}, "example: a,b"),
        (SecretStr, {"default": SecretStr("a"), "min_length": 8}, "SAMPLE cannot be used"),
    ],
)
def test_default_is_the_example(
    refuse: Refuse, annotation: Any, field: dict[str, Any], end: str
) -> None:
    [line] = refuse(with_field(annotation, **field), SAMPLE="x")
    assert line.endswith(end)


@pytest.mark.parametrize(
    ("alias", "environment", "named"),
    [
        (None, {}, "SAMPLE is not set"),
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


def test_configuration_of_names(refuse: Refuse) -> None:
    prefixed = with_field(int, config=SettingsConfigDict(env_prefix="app_"))
    sensitive = with_field(int, config=SettingsConfigDict(case_sensitive=True))
    filled = with_field(int, config=SettingsConfigDict(env_ignore_empty=True))
    config = SettingsConfigDict(populate_by_name=True, env_prefix="app_")

    assert refuse(prefixed) == ["APP_SAMPLE is not set"]
    assert refuse(prefixed, APP_SAMPLE="x")[0].startswith("APP_SAMPLE='x' cannot be used: ")
    assert refuse(sensitive, SAMPLE="1") == ["sample is not set"]
    assert refuse(filled, SAMPLE="") == ["SAMPLE is not set"]
    assert variables(with_field(int, config=config, validation_alias="other"), "sample") == [
        "OTHER",
        "APP_SAMPLE",
    ]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("DB__PORT", "x", "='x' cannot be used: Input should be a valid integer"),
        ("DB__TAGS", "a,b", "='a,b' cannot be used: it is not JSON"),
        ("DB__TAGS", "[1]", "='[1]' cannot be used: 0: Input should be a valid string"),
        ("DB", '{"port": "' + CANARY + '"}', " cannot be used"),
        ("DB", CANARY, " cannot be used"),
        ("DB__PASSWORD", CANARY, " cannot be used"),
        ("LIMITS__A", "x", "='x' cannot be used: Input should be a valid integer"),
        ("LIMITS", '{"a": "x"}', '=\'{"a": "x"}\' cannot be used: a: Input should be a valid int'),
        ("EITHER__PORT", "x", "='x' cannot be used: Input should be a valid int"),
    ],
)
def test_nested_variable_is_named(refuse: Refuse, name: str, value: str, line: str) -> None:
    [found] = refuse(Nested, **{f"APP__{name}": value})
    assert found.startswith(f"APP__{name}{line}")
    assert found.endswith(". It must be: a port, for example 5432") is name.endswith("__PORT")
    assert CANARY not in found


def test_missing_nested_variable_is_named(refuse: Refuse) -> None:
    assert refuse(Nested, APP__ADDRESS__PORT="2") == ["APP__ADDRESS__HOST is not set"]


def test_every_bad_variable_has_its_line(refuse: Refuse) -> None:
    class Several(BaseSettings):
        names: list[int] = []
        port: int = 1
        needed: str

    lines = refuse(Several, NAMES='["a", "b"]', PORT="x")

    assert [line.split("=")[0] for line in lines] == ["NAMES", "PORT", "NEEDED is not set"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError(f"LOW is above\nHIGH, {CANARY}"), "settings: LOW is above HIGH, ***"),
        (RuntimeError("it is broken"), "settings: RuntimeError: it is broken"),
    ],
)
def test_check_of_several_settings(refuse: Refuse, error: Exception, line: str) -> None:
    class Checked(BaseSettings):
        plain: SecretStr

        @model_validator(mode="after")
        def _check(self) -> Self:
            raise error

    assert refuse(Checked, PLAIN=CANARY) == [line]


@pytest.mark.parametrize("value", ["\n1\r\n2 ", "1\x852\u2028", "\x1b[31m", "\udcff"])
def test_value_stays_on_one_line(refuse: Refuse, value: str) -> None:
    [line] = refuse(with_field(int), SAMPLE=value)
    assert line.startswith(f"SAMPLE={value!r} cannot be used: ")


def test_long_value_and_long_message_are_shortened(refuse: Refuse) -> None:
    [line] = refuse(with_field(Annotated[str, Echo]), SAMPLE="a" * 10_000 + " b" * 10_000)
    assert line.startswith(f"SAMPLE='{'a' * 79}…' cannot be used: ")
    assert len(line) < 700


@pytest.mark.parametrize(
    ("name", "annotation", "value"),
    [
        ("plain", Annotated[SecretStr, Echo], "?"),
        ("plain", Annotated[SecretBytes | None, Echo], "?"),
        ("plain", Secret[int], "?"),
        ("plain", Annotated[list[SecretStr], Echo], '["?"]'),
        ("plain", list[SecretStr], "?"),
        ("plain", dict[str, SecretStr], '{"?": 1}'),
        ("plain", Login, '{"port": "x", "password": "?"}'),
        ("plain", list[Login], '[{"port": "x", "password": "?"}]'),
        ("plain", Json[list[SecretStr]], '["?'),
        ("plain", Aliased, '{"key": "?"}'),
        ("plain", dict[str, int], '{"api_key": "?"}'),
        ("plain", list[str], "host=x password=?"),
        ("plain", int, "redis://:?@cache"),
        ("plain", Annotated[str, Echo], "https://?@host"),
        ("plain", PostgresDsn, "mysql://app:?@host"),
        ("db_password", int, "?"),
        ("api_key", Annotated[str, Echo], "?"),
        ("token", Literal["a"], "?"),
    ],
)
def test_secret_is_never_shown(refuse: Refuse, name: str, annotation: Any, value: str) -> None:
    settings = with_field(annotation, name=name, description="a sample")
    value = value.replace("?", CANARY)
    assert refuse(settings, **{name.upper(): value}) == [
        f"{name.upper()} cannot be used. It must be: a sample"
    ]


def chassis(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ChassisSettings:
    """The chassis' settings with these variables."""
    for name, value in {"OTEL_SERVICE_NAME": "sample", **environment}.items():
        monkeypatch.setenv(name, value)
    return read_settings(ChassisSettings)


def test_settings_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = chassis(
        monkeypatch,
        LOG_LEVEL="INFO",
        ROOT_PATH="/orders/v1",
        CORS_ALLOW_ORIGINS="https://app.example.com, http://localhost:3000,http://[::1]:80",
    )
    assert settings.log_level == "info"
    assert settings.root_path == "/orders/v1"
    assert settings.cors_allow_origins == (
        "https://app.example.com",
        "http://localhost:3000",
        "http://[::1]:80",
    )
    assert chassis(monkeypatch, CORS_ALLOW_ORIGINS="*").cors_allow_origins == ("*",)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ROOT_PATH", "orders", "it must be a path that starts with /"),
        ("ROOT_PATH", "/orders/", "it must be a path that starts with /"),
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
