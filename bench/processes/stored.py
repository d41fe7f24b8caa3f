"""The API of a service over its PostgreSQL, on bare uvicorn without the chassis.

Only this file knows how a service puts its API on its storage.
"""

import asyncio
import os

import uvicorn  # type: ignore[import-not-found]  # the service's environment has it
import uvloop  # type: ignore[import-not-found]
from orders.api import create_api  # type: ignore[import-not-found]
from orders.storage import StorageSettings, open_storage  # type: ignore[import-not-found]


async def serve() -> None:
    async with open_storage(StorageSettings()) as storage:
        api = create_api(storage.items)
        api.add_api_route("/readyz", lambda: None)
        config = uvicorn.Config(
            api,
            host=os.environ["HOST"],
            port=int(os.environ["PORT"]),
            http="httptools",
            access_log=False,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
