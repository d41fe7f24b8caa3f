"""Addresses of databases as platforms hand them out, and those that stop the start."""

import socket
from pathlib import Path
from typing import Any, cast

import certifi
import pytest
from asyncpg import connect_utils
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from orders.chassis import read_settings
from orders.storage import StorageSettings
from orders.storage.address import read_address
from orders.storage.engine import Database

from .databases import connector
from .proxy import proxied

CANARY = "hunter2"
AUTHORITY = certifi.where()


@pytest.mark.parametrize(
    ("address", "servers", "user", "database"),
    [
        ("postgres://app@db/orders", [("db", 5432)], "app", "orders"),
        ("postgresql://app@db/orders\n", [("db", 5432)], "app", "orders"),
        ("postgresql://app@db:6432/", [("db", 6432)], "app", "app"),
        ("postgresql://app@db/orders?port=6432", [("db", 6432)], "app", "orders"),
        ("postgresql://app@db/?dbname=orders&user=other", [("db", 5432)], "other", "orders"),
        ("postgresql://app@db/a?host=/tmp&dbname=b", ["/tmp/.s.PGSQL.5432"], "app", "b"),
        ("postgresql:///orders?host=/tmp&port=1&user=app", ["/tmp/.s.PGSQL.1"], "app", "orders"),
        ("postgresql://app@%2Ftmp/orders", ["/tmp/.s.PGSQL.5432"], "app", "orders"),
        ("postgresql://app@[::1]:1/orders", [("::1", 1)], "app", "orders"),
        ("postgresql://app@one:1,two/orders", [("one", 1), ("two", 5432)], "app", "orders"),
        ("postgresql://a%40b@db/a%2Fb", [("db", 5432)], "a@b", "a/b"),
    ],
)
def test_driver_reads_the_same(
    address: str, servers: list[object], user: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, parameters = driver_reads(address)
    assert (list(found), parameters.user, parameters.database) == (servers, user, database)


def test_parameters_reach_the_driver() -> None:
    address = f"postgresql://app@db/orders?sslmode=verify-full&sslrootcert={AUTHORITY}"
    address += "&application_name=a%20b&options=-c%20jit%3Doff&target_session_attrs=read-write"
    address += "&connect_timeout=7&channel_binding=prefer&gssencmode=disable"

    _, parameters = driver_reads(address)

    assert parameters.sslmode.name == "verify_full"
    assert parameters.target_session_attrs.value == "read-write"
    assert parameters.server_settings == {"application_name": "a b", "options": "-c jit=off"}
    assert read_address(address).seconds == 7.0
    assert read_address("postgresql://app@db/orders?connect_timeout=0").seconds is None


def driver_reads(address: str) -> tuple[Any, Any]:
    """What asyncpg makes of an address: its servers, and its other parameters."""
    names = (
        "host port user password passfile database ssl service servicefile direct_tls"
        " server_settings target_session_attrs krbsrvname gsslib"
    )
    parse: Any = connect_utils._parse_connect_dsn_and_args
    return cast(
        "tuple[Any, Any]",
        parse(dsn=read_address(address).url.query["dsn"], **dict.fromkeys(names.split())),
    )


@pytest.mark.parametrize(
    ("password", "escaped"),
    [("p@ss:w/rd?#%", "p%40ss%3Aw%2Frd%3F%23%25"), ("a+b", "a+b"), ("é", "%C3%A9")],
)
def test_password_stands_apart(password: str, escaped: str) -> None:
    for address in (
        f"postgresql://app:{escaped}@db/orders",  # pragma: allowlist secret
        f"postgresql://app@db/orders?password={escaped}",
    ):
        url = read_address(address).url
        assert url.password == password
        assert escaped not in f"{url} {url!r}"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"mysql://app:{CANARY}@db/orders", "it must begin with postgresql://"),
        (f"host=db password={CANARY}", "it must begin with postgresql://"),
        (f"postgresql://app:{CANARY}@{CANARY}@db/orders", "escape @ / : ? # % as %40"),
        (f"postgresql://app:1/{CANARY}@db/orders", "escape @ / : ? # % as"),
        (f"postgresql://app:1?{CANARY}=1@db/orders", "escape @ / : ? # % as"),
        (f"postgresql://app:{CANARY}#1@db/orders", "escape @ / : ? # % as"),
        (f"postgresql://app%zz:{CANARY}@db/orders", "escape @ / : ? # % as"),
        (f"postgresql://app:{CANARY}@[db/orders", "escape @ / : ? # % as"),
        (f"postgresql://app:{CANARY}@db:port/orders", "one of its ports is not a number"),
        (f"postgresql://app:{CANARY}@db:99999/orders", "one of its ports is not a number"),
        (f"postgresql://app:{CANARY}@db:²/orders", "one of its ports is not a number"),
        (f"postgresql://app:{CANARY}@one,,two/orders", "one of its hosts is empty"),
        (f"postgresql://app:{CANARY}@a,b/orders?port=1,2,3", "as many as there are hosts"),
        (f"postgresql://app@db/orders?password=hun&{CANARY}=2", "one of its parameters is not"),
        (f"postgresql://app:{CANARY}@db/orders?sslmode=maybe", "sslmode must be one of disable, "),
        (f"postgresql://app:{CANARY}@db/orders?sslrootcert=/none", "sslrootcert must be a file"),
        (f"postgresql://app:{CANARY}@db/orders?sslmode=verify-ca", "sslmode needs sslrootcert"),
        (f"postgresql://app:{CANARY}@db/o?sslrootcert=system&sslmode=require", "needs sslmode=ver"),
        (f"postgresql://app:{CANARY}@db/o?sslrootcert=system&sslcrl={AUTHORITY}", "cannot stand"),
        (f"postgresql://app:{CANARY}@db/orders?channel_binding=require", "channel_binding must be"),
        (f"postgresql://app:{CANARY}@db/orders?connect_timeout=soon", "connect_timeout must be"),
        (f"postgresql://app:{CANARY}@db/orders?port=x", "port must be a number"),
        (f"postgresql://app:{CANARY}@db/orders?schema=app", "schema is not known"),
    ],
)
def test_address_that_is_not_understood_stops_the_start(
    address: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where a certificate might be
    monkeypatch.setenv("DATABASE_URL", address)

    with pytest.raises(SystemExit):
        read_settings(StorageSettings)

    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("DATABASE_URL cannot be used: ")
    assert sentence in said
    assert ". It must be: address of the PostgreSQL database" in said
    assert CANARY not in said


async def test_silent_server_is_left_for_the_next(storage_settings: dict[str, str]) -> None:
    url = make_url(storage_settings["DATABASE_URL"])
    with socket.create_server(("127.0.0.1", 0)) as silent, proxied(connector(str(url))) as proxy:
        servers = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{proxy.port}"
        address = f"postgresql://{url.username}@{servers}/{url.database}?connect_timeout=1"
        async with (
            Database(StorageSettings(database_url=SecretStr(address))) as database,
            database.reading() as connection,
        ):
            assert await connection.scalar(text("SELECT 1")) == 1


async def test_parameters_take_effect(storage_settings: dict[str, str]) -> None:
    address = storage_settings["DATABASE_URL"]
    address += "&" if "?" in address else "?"
    address += "application_name=a%20name&options=-c%20search_path%3Dsomewhere&connect_timeout=9\n"
    shown = text("SELECT current_setting('application_name'), current_setting('search_path')")

    async with (
        Database(StorageSettings(database_url=SecretStr(address))) as database,
        database.reading() as connection,
    ):
        assert (await connection.execute(shown)).one() == ("a name", "somewhere")
