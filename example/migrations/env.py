"""Runs the migrations against DATABASE_URL, as a step of its own before the service starts."""

import asyncio
import logging
from datetime import UTC, datetime

from alembic import context
from alembic.operations import MigrationScript
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from orders.chassis import (
    ChassisSettings,
    logging_to_stdout,
    read_settings,
)
from orders.storage import StorageSettings
from orders.storage.engine import asyncpg_url
from orders.storage.tables import metadata

# Any number will do, as long as every migration of this service takes the same lock.
_LOCK = 4_207_849_484


class MigrationSettings(StorageSettings, ChassisSettings):
    """The settings that a migration needs; what only serving needs may be missing."""

    otel_service_name: str = "orders"


def _named_by_time(migrations: object, revision: object, scripts: list[MigrationScript]) -> None:
    """Give a new migration the time as its id, so that names tell the order."""
    for script in scripts:
        script.rev_id = f"{datetime.now(UTC):%Y%m%d_%H%M%S}"


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        process_revision_directives=_named_by_time,
    )
    with context.begin_transaction():
        # Of two migrations at once, the second waits, and then finds nothing left to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()


async def _connect_and_migrate(settings: MigrationSettings) -> None:
    engine = create_async_engine(asyncpg_url(settings.database_url.get_secret_value()))
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # which comparisons exist
migration_settings = read_settings(MigrationSettings)
with logging_to_stdout(migration_settings):
    asyncio.run(_connect_and_migrate(migration_settings))
