"""Redaction: secrets are found by their names, passwords in addresses by their place."""

import pytest

from orders.chassis.redaction import (
    hide_passwords,
    is_secret,
    redacted,
)

SECRET_NAMES = """
    password DB_PASSWORD PGPASSWORD db_passwd smtp_pass MYSQL_PWD passWord pass_phrase
    secret client-secret clientSecret secret_key token tokens accessToken X-Auth-Token token2
    api_key X-API-Key apikey APIKey APIKEY private.key aws.accessKeyId signing_keys
    credentials authorization Proxy-Authorization basic_auth cookie Set-Cookie session_id
    connectionString jwt
"""
OTHER_NAMES = """
    path author authority auth_url bypass passed pass_rate compass tokenizer secretary monkey key
    public_key primary_key idempotency_key keyboard session log_level
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_name_of_a_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["", *OTHER_NAMES.split()])
def test_name_of_no_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize("password", ["hunter2", "p@ss", "hun/ter2", "hunter/2"])
@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app:{}@db/orders",
        "redis://:{}@cache",
        "amqp://a:{}@b,amqp://c:{}@d",
        "(to 'http://a:{}@b', as 'c@d')",
    ],
)
def test_passwords_in_addresses_are_hidden(text: str, password: str) -> None:
    assert hide_passwords(text.replace("{}", password)) == text.replace("{}", "***")


def test_secret_parameters_of_addresses_are_hidden() -> None:
    text = "postgresql:///orders?user=app&password={}&a=b https://host/hook?token={}#top"
    assert hide_passwords(text.replace("{}", "hunter2")) == text.replace("{}", "***")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgresql://app@db:5432/orders",
        "http://localhost:8000/users/me@example.com",
        "http://[::1]:8000/users/me@example.com",
        "http://localhost:8000?page=2, asked by me@example.com",
        "12:30 me@example.com",
    ],
)
def test_text_without_a_password_stays(text: str) -> None:
    assert hide_passwords(text) == text


def test_hiding_passwords_takes_linear_time() -> None:
    text = "://a:b" * 50_000  # minutes if each address were read to the end

    assert hide_passwords(text) == text


def test_values_of_secret_names_are_replaced_at_any_depth() -> None:
    canary = "hunter2"
    value = {
        "user": "app",
        "password": canary,
        "headers": [{"Authorization": "Bearer hunter2", "accept": "*/*"}],
        "credentials": {"name": "hunter2"},
        "nested": ({"apiKey": b"hunter2"},),
        1: "one",
    }

    assert redacted(value) == {
        "user": "app",
        "password": "***",
        "headers": [{"Authorization": "***", "accept": "*/*"}],
        "credentials": "***",
        "nested": ({"apiKey": "***"},),
        1: "one",
    }
    assert "hunter2" in repr(value), "the value itself is changed"


@pytest.mark.parametrize("value", [{"max_tokens": 1, "has_password": True, "token": None}, "token"])
def test_numbers_booleans_none_and_other_values_stay(value: object) -> None:
    assert redacted(value) == value


def test_structure_that_contains_itself_ends() -> None:
    value: dict[str, object] = {"password": "hunter2"}
    value["self"] = value

    assert "hunter2" not in repr(redacted(value))
