"""The database: its migrations, and the service without it."""

import json
import os
import subprocess
import sys

import httpx2
import pytest

from orders.chassis import read_settings
from orders.storage import StorageSettings

from ..service import free_ports, refused_start, running
from ..storage import alembic, new_database


def test_migrations_go_up_down_and_up_again(database_server: str) -> None:
    with new_database(database_server) as url:
        alembic(url, "upgrade", "head")
        alembic(url, "downgrade", "base")
        alembic(url, "upgrade", "head")


def test_migrations_make_the_tables_that_the_code_knows(storage_settings: dict[str, str]) -> None:
    assert "No new upgrade operations" in alembic(storage_settings["DATABASE_URL"], "check")


def test_migrations_have_one_head(storage_settings: dict[str, str]) -> None:
    assert alembic(storage_settings["DATABASE_URL"], "heads").count("(head)") == 1


def test_migrations_at_once_wait_for_each_other(database_server: str) -> None:
    with new_database(database_server) as url:
        migrations = [
            subprocess.Popen(
                [sys.executable, "-m", "alembic", "upgrade", "head"],
                env={**os.environ, "DATABASE_URL": url},
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        logs = [migration.communicate()[0].splitlines() for migration in migrations]

    assert [migration.returncode for migration in migrations] == [0, 0]
    events = [json.loads(line)["event"] for log in logs for line in log]
    assert len([event for event in events if event.startswith("Running upgrade")]) == 1


def test_address_of_no_postgresql_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "hunter2"
    monkeypatch.setenv("DATABASE_URL", f"mysql://app:{canary}@localhost/orders")

    with pytest.raises(SystemExit):
        read_settings(StorageSettings)

    said = capsys.readouterr().err
    assert said.startswith("DATABASE_URL cannot be used: its scheme is mysql")
    assert canary not in said


def test_missing_address_stops_the_start() -> None:
    status, text = refused_start()

    assert status == 2
    assert text.startswith("DATABASE_URL is not set. It must be: ")


def test_service_without_its_database_lives_and_says_so() -> None:
    [nowhere] = free_ports(1)
    with running(DATABASE_URL=f"postgresql://app@127.0.0.1:{nowhere}/orders") as service:
        response = httpx2.get(f"{service.api}/items")
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert response.json()["detail"] == "the database cannot be reached"
        assert httpx2.get(f"{service.api}/livez").status_code == 200
