"""TLS and passwords between the service and its database."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from orders.chassis import UnavailableError
from orders.storage.engine import Database

from ..storage import alembic
from .databases import another_server, connector, run, settings

OPENSSL = shutil.which("openssl")
CONNECTS = ""
REFUSED = "the database refuses the login"
UNTRUSTED = "the certificate of the database is not trusted"
UNREACHABLE = "the database cannot be reached"
PASSWORD = "p@ss w/rd"  # pragma: allowlist secret
ESCAPED = "p%40ss%20w%2Frd"
# https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest
WANTS_TLS = bytes.fromhex("00000008 04d2162f")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks the role `app` for its password."""
    folder = tmp_path_factory.mktemp("server")
    with another_server(folder) as address:
        asyncio.run(prepare(address))
        rules = folder / "postgresql" / "pg_hba.conf"
        rules.write_text(f"local all app scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
        asyncio.run(reload(address))
        yield address


async def prepare(address: str) -> None:
    async with Database(settings(address)) as database:
        await run(database, f"CREATE ROLE app LOGIN SUPERUSER PASSWORD '{PASSWORD}'")


async def reload(address: str) -> None:
    async with Database(settings(address)) as database:
        await run(database, "SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost, its key, and one of somebody else."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, host in (("server", "localhost"), ("other", "other.example.com")):
        make = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={host}"]
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        names = ["-addext", f"subjectAltName=DNS:{host}"]
        command = [str(OPENSSL), "req", *make, *files, *names]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@asynccontextmanager
async def behind_tls(server: str, certificates: Path) -> AsyncIterator[int]:
    """The port of a front that ends TLS, as platforms have it: the server itself has none."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    connect = connector(server)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readexactly(len(WANTS_TLS)) != WANTS_TLS:
                return
            writer.write(b"S")
            await writer.start_tls(context)
            of_server, to_server = await asyncio.open_connection(sock=connect())
            await asyncio.gather(pass_on(reader, to_server), pass_on(of_server, writer))
        except (OSError, asyncio.IncompleteReadError):  # the client wants no more
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "localhost", 0) as front:
        yield front.sockets[0].getsockname()[1]


async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
    sink.close()


@pytest.mark.parametrize(
    ("login", "host", "parameters", "outcome"),
    [
        (f"app:{ESCAPED}", "localhost", "sslmode=verify-full&sslrootcert=server.pem", CONNECTS),
        (f"app:{ESCAPED}", "localhost", "sslmode=verify-full&sslrootcert=system", CONNECTS),
        (f"app:{ESCAPED}", "localhost", "sslmode=verify-full&sslrootcert=other.pem", UNTRUSTED),
        (f"app:{ESCAPED}", "127.0.0.1", "sslmode=verify-full&sslrootcert=server.pem", UNTRUSTED),
        (f"app:{ESCAPED}", "127.0.0.1", "sslmode=verify-ca&sslrootcert=server.pem", CONNECTS),
        (f"app:{ESCAPED}", "127.0.0.1", "sslmode=require", CONNECTS),
        (f"app:{ESCAPED}", "localhost", "sslmode=disable", UNREACHABLE),
        ("app", "localhost", f"sslmode=require&password={ESCAPED}", CONNECTS),
        ("app:wrong", "localhost", "sslmode=require", REFUSED),
        ("app", "localhost", "sslmode=require", REFUSED),
    ],
)
async def test_login_over_tls(
    server: str,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    login: str,
    host: str,
    parameters: str,
    outcome: str,
) -> None:
    monkeypatch.setenv("HOME", str(certificates))  # where a certificate of one's own might be
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "server.pem"))
    monkeypatch.chdir(certificates)
    async with behind_tls(server, certificates) as port:
        address = f"postgresql://{login}@{host}:{port}/postgres?{parameters}"
        async with Database(settings(address)) as database:
            assert await outcome_of(database) == outcome


async def outcome_of(database: Database) -> str:
    try:
        await run(database, "SELECT 1")
    except UnavailableError as error:
        return str(error)
    return CONNECTS


async def test_password_over_a_socket(server: str) -> None:
    port = make_url(server).query["port"]
    host = make_url(server).query["host"]
    address = f"postgresql://app:{ESCAPED}@/postgres?host={host}&port={port}"
    async with Database(settings(address)) as database:
        assert await outcome_of(database) == CONNECTS


async def test_migrations_log_in_the_same_way(server: str, certificates: Path) -> None:
    async with behind_tls(server, certificates) as port:
        verified = f"sslmode=verify-full&sslrootcert={certificates}/server.pem"
        address = f"postgresql://app:{ESCAPED}@localhost:{port}/postgres?{verified}"
        await asyncio.to_thread(alembic, address, "upgrade", "head")
