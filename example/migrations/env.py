"""Runs the migrations against DATABASE_URL, as a step of its own before the service starts."""

import asyncio
import logging
from datetime import UTC, datetime

from alembic import context
from alembic.operations import MigrationScript
from sqlalchemy import Connection

from orders.chassis import (
    ChassisSettings,
    logging_to_stdout,
    read_settings,
)
from orders.storage import StorageSettings
from orders.storage.migrating import migrate
from orders.storage.tables import metadata


class MigrationSettings(StorageSettings, ChassisSettings):
    """The settings that a migration needs; what only serving needs may be missing."""

    otel_service_name: str = "orders"


def _named_by_time(migrations: object, revision: object, scripts: list[MigrationScript]) -> None:
    """Give a new migration the time as its id, so that names tell the order."""
    for script in scripts:
        script.rev_id = f"{datetime.now(UTC):%Y%m%d_%H%M%S}"


def _migrate(connection: Connection | None) -> None:
    """Run the migrations; without a connection, print their SQL."""
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        literal_binds=connection is None,
        target_metadata=metadata,
        process_revision_directives=_named_by_time,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    logging.getLogger("alembic").setLevel(logging.WARNING)  # the output is SQL alone
    _migrate(None)
else:
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # lists comparisons
    migration_settings = read_settings(MigrationSettings)
    with logging_to_stdout(migration_settings):
        asyncio.run(migrate(migration_settings, _migrate))
