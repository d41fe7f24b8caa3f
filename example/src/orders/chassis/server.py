"""A port, from bound to closed: uvicorn's server, stopped in steps of our own."""

import asyncio
import os
import select
import socket
from time import monotonic

import uvicorn

from .asgi import ASGIApp
from .connection import Connection
from .settings import CLOSE_SECONDS, ChassisSettings

# More than a load balancer keeps an idle connection: it, and not we, shall end one.
_KEEP_ALIVE_SECONDS = 75
_QUIET_SECONDS = 1.0
_SECONDS_BETWEEN_LOOKS = 0.02
_MOST_LOOKS = 1000


class StartError(Exception):
    """The service cannot start; the message says why and what would help."""


class Server:
    """Serves an application on the port of a setting.

    The steps of uvicorn's server are called one by one, for its `serve` takes the signals for
    itself, ends the process with a second SIGTERM, and cuts connections that are idle only for
    the moment: 32 of 32 under load.
    """

    def __init__(self, app: ASGIApp, settings: ChassisSettings, port_name: str) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            reset_contextvars=True,  # else those of one request show in the next of its connection
            server_header=False,
            proxy_headers=bool(settings.forwarded_allow_ips),
            forwarded_allow_ips=settings.forwarded_allow_ips,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=CLOSE_SECONDS,  # for what `finish` has left
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._socket = _bound(settings, port_name)

    async def start(self) -> None:
        """Accept connections."""
        await self._server.startup([self._socket])
        self._ticking = asyncio.create_task(self._server.main_loop())

    def sweep(self) -> None:
        """End the connections of clients that are too slow."""
        now = monotonic()
        for connection in list(self._server.server_state.connections):
            assert isinstance(connection, Connection)
            connection.sweep(now)

    async def stop_accepting(self) -> None:
        """Take no more connections; those that are there are served on.

        To close a listener resets the connections that the kernel has made and nobody has taken
        yet, so these are taken first.
        """
        for _ in range(_MOST_LOOKS):
            if not select.select([self._socket], [], [], 0)[0]:
                break
            await asyncio.sleep(0)
        for listener in self._server.servers:
            listener.close()

    async def finish(self, seconds: float, hurry: asyncio.Event) -> None:
        """Serve until no work is left and connections are closed or quiet, for `seconds` at most.

        Every answer asks its client to close the connection. One that is idle may have a request
        on its way at this moment, so it is closed only after a second in which none came.
        """
        state = self._server.server_state
        deadline = monotonic() + seconds
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)  # until those just accepted are among them
        quiet_since, answered = monotonic(), state.total_requests
        # Work after a response goes on when its connection is closed.
        while state.connections or state.tasks:
            if monotonic() > deadline or hurry.is_set():
                return
            if state.tasks or state.total_requests != answered:
                quiet_since, answered = monotonic(), state.total_requests
            elif monotonic() - quiet_since > _QUIET_SECONDS:
                return
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def close(self) -> None:
        """Close what is left."""
        self._server.should_exit = True
        await self._ticking
        await self._server.shutdown([self._socket])


def _bound(settings: ChassisSettings, port_name: str) -> socket.socket:
    port = getattr(settings, port_name)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, port), family=family, backlog=2048)
    except OSError as error:
        code = error.errno or 0  # below zero for a name that does not resolve
        reason = os.strerror(code) if code > 0 else "no such address"
        raise StartError(
            f"cannot listen on {settings.host} port {port}, {reason}: "
            f"end what listens there, or set another {port_name.upper()} or HOST"
        ) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; its connections inherit it
        # A client that is gone without a word gives its connection back after this time.
        milliseconds = int(settings.request_timeout * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return listener
