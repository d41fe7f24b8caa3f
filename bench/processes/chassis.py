"""The tiny application through the chassis, the way the `app.py` of a service does it.

Only this file knows how the chassis is put around an application.
"""

import gc

gc.disable()  # as `__main__.py` of a service does; the chassis enables it again

from collections.abc import AsyncIterator  # noqa: E402
from contextlib import asynccontextmanager  # noqa: E402

from orders.chassis import (  # type: ignore[import-not-found]  # noqa: E402  # of the service
    Application,
    ChassisSettings,
    read_settings,
    run,
)

from .tiny import app  # noqa: E402


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    yield Application(app)


if __name__ == "__main__":
    run(read_settings(ChassisSettings), application())
