"""The composition root: settings, storage, API, chassis, put together from top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .api import create_api
from .chassis import Application, read_settings, run
from .settings import Settings
from .storage import open_storage


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """The API with what it stands on; what is opened here is closed in reverse at the stop."""
    async with open_storage(settings) as storage:
        # -- open what else the service needs here --
        yield Application(create_api(storage.items), checks=storage.checks)


def main() -> None:
    """Serve until SIGTERM or SIGINT; end the process with an exit code."""
    settings = read_settings(Settings)
    run(settings, application(settings))
