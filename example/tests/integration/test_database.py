"""The database: its migrations, and the service without it."""

import httpx2

from ..service import free_ports, running
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


def test_service_without_its_database_lives_and_says_so() -> None:
    [nowhere] = free_ports(1)
    with running(DATABASE_URL=f"postgresql://app@127.0.0.1:{nowhere}/orders") as service:
        response = httpx2.get(f"{service.api}/items")
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert response.json()["detail"] == "the database cannot be reached"
        assert httpx2.get(f"{service.api}/livez").status_code == 200
