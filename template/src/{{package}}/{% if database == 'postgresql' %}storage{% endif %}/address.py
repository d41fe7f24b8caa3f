"""Addresses of PostgreSQL as platforms hand them out, in the form that asyncpg reads.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
"""

import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sqlalchemy.engine import URL

# What asyncpg reads itself, and what it passes on to the server.
_PASSED_ON = frozenset(
    "application_name dbname host krbsrvname options passfile port service sslcert sslcrl"
    " sslkey sslmode sslnegotiation sslrootcert ssl_max_protocol_version ssl_min_protocol_version"
    " target_session_attrs user".split()
)
_READ_HERE = frozenset({"connect_timeout", "password"})
_FILES = ("passfile", "sslcert", "sslcrl", "sslkey", "sslrootcert")
_BESIDE_SYSTEM = frozenset({"sslmode", "sslnegotiation", "sslrootcert"})
_CHOICES = {
    "sslmode": "disable allow prefer require verify-ca verify-full",
    "sslnegotiation": "postgres direct",
    "target_session_attrs": "any read-write read-only primary standby prefer-standby",
}
# What asyncpg cannot do. These choices ask for no more than what it does anyway.
_WITHOUT_EFFECT = {
    "channel_binding": "disable prefer",
    "gssencmode": "disable prefer",
    "load_balance_hosts": "disable",
    "sslcompression": "0",
}
_UNREADABLE = (
    "it cannot be read. In a user and a password, escape @ / : ? # % as %40 %2F %3A %3F %23 %25"
)
_NUMBERS = {"connect_timeout": r"[0-9]+", "port": r"[0-9]+(,[0-9]+)*"}
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Address:
    """Where a database is, and how it is reached.

    `url` is for SQLAlchemy, which gives asyncpg the whole address. The password stands apart in
    it, where SQLAlchemy hides it. `servers` are hosts and ports, empty where the address has none.
    `seconds` is the time for a connection, None where the address does not say. With
    `system_authorities`, those verify the server's certificate that the system trusts.
    """

    url: URL
    database: str
    servers: tuple[tuple[str, int], ...]
    attributes: str
    seconds: float | None
    system_authorities: bool


def read_address(text: str) -> Address:
    """Read an address; ValueError says what is wrong, and shows no part of a password."""
    text = text.strip()  # a secret that comes from a file often ends with a newline
    scheme, _, rest = text.partition("://")
    if scheme not in ("postgresql", "postgres"):
        raise ValueError("it must begin with postgresql://")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(_UNREADABLE) from None
    if _STRAY_PERCENT.search(rest) or "#" in rest or rest.count("@") > 1:
        raise ValueError(_UNREADABLE)
    if "@" in parts.path + parts.query:
        raise ValueError(_UNREADABLE)
    named, _, hosts = parts.netloc.rpartition("@")
    user, _, password = named.partition(":")
    # What stands in a parameter counts more, as in libpq. asyncpg would take the other.
    parameters = _parameters(parts.query)
    user = parameters.pop("user", "") or unquote(user)
    password = parameters.pop("password", "") or unquote(password)
    database = parameters.pop("dbname", "") or unquote(parts.path[1:])
    seconds = float(parameters.pop("connect_timeout", 0))
    servers = _servers(hosts, parameters.pop("host", ""), parameters.pop("port", ""))
    system_authorities = parameters.get("sslrootcert") == "system"
    if system_authorities:
        _check_system_authorities(parameters)
        del parameters["sslrootcert"]
    elif parameters.get("sslmode", "").startswith("verify") and not _has_authority(parameters):
        raise ValueError("its parameter sslmode needs sslrootcert: the certificate of an authority")
    attributes = parameters.get("target_session_attrs", "any")
    if servers:
        parameters["host"] = ",".join(f"[{host}]" if ":" in host else host for host, _ in servers)
        parameters["port"] = ",".join(str(port) for _, port in servers)
    dsn = f"postgresql://{quote(user, '')}{'@' if user else ''}/{quote(database, '')}"
    dsn = f"{dsn if database else dsn[:-1]}?{urlencode(parameters, quote_via=quote)}"
    return Address(
        URL.create("postgresql+asyncpg", password=password or None, query={"dsn": dsn}),
        database=database or user,
        servers=servers,
        attributes=attributes,
        seconds=seconds or None,
        system_authorities=system_authorities,
    )


def _servers(of_netloc: str, hosts: str, ports: str) -> tuple[tuple[str, int], ...]:
    """The hosts with their ports; a host may be a name, an IP address or the folder of a socket."""
    pairs = [_host_and_port(each) for each in (hosts or of_netloc).split(",")]
    if hosts:
        pairs = [(host, "") for host in hosts.split(",")]
    given = ports.split(",") if ports else [port for _, port in pairs]
    if len(given) == 1:
        given *= len(pairs)
    if len(given) != len(pairs):
        raise ValueError("its parameter port must be one number, or as many as there are hosts")
    if not all(host for host, _ in pairs):
        if len(pairs) == 1 and not ports:
            return ()
        raise ValueError("one of its hosts is empty")
    if not all(port == "" or _is_port(port) for port in given):
        raise ValueError("one of its ports is not a number from 1 to 65535")
    return tuple(
        (unquote(host), int(port or 5432)) for (host, _), port in zip(pairs, given, strict=True)
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _has_authority(parameters: dict[str, str]) -> bool:
    given = parameters.get("sslrootcert") or os.environ.get("PGSSLROOTCERT")
    return bool(given) or os.path.exists(os.path.expanduser("~/.postgresql/root.crt"))


def _check_system_authorities(parameters: dict[str, str]) -> None:
    """ValueError where libpq would refuse them, or asyncpg ignore another parameter."""
    if parameters.get("sslmode", "verify-full") != "verify-full":
        raise ValueError("its parameter sslrootcert=system needs sslmode=verify-full")
    for name in parameters:
        if name.startswith("ssl") and name not in _BESIDE_SYSTEM:
            raise ValueError(f"its parameter {name} cannot stand beside sslrootcert=system")


def _host_and_port(server: str) -> tuple[str, str]:
    host, _, port = server.rpartition("]") if server.startswith("[") else server.partition(":")
    return host.removeprefix("["), port.removeprefix(":")


def _parameters(query: str) -> dict[str, str]:
    """The parameters, without those that have no effect."""
    parameters = {}
    for name, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True):
        if name in _CHOICES or name in _WITHOUT_EFFECT:
            choices = _CHOICES.get(name) or _WITHOUT_EFFECT[name]
            if value not in choices.split():
                among = ", ".join(choices.split())
                raise ValueError(f"its parameter {name} must be one of {among}")
        elif name == "sslrootcert" and value == "system":
            parameters[name] = value
        elif name in _FILES and not os.access(value, os.R_OK):
            raise ValueError(f"its parameter {name} must be a file that can be read")
        elif name in _NUMBERS and not re.fullmatch(_NUMBERS[name], value):
            raise ValueError(f"its parameter {name} must be a number")
        elif name not in _PASSED_ON | _READ_HERE:
            shown = "one of its parameters" if "password=" in query else f"its parameter {name}"
            raise ValueError(
                f"{shown} is not known. Settings of the server go into options,"
                " such as options=-c%20search_path%3Dapp"
            )
        if name not in _WITHOUT_EFFECT:
            parameters[name] = value
    return parameters
