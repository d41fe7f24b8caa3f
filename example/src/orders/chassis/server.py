"""A port, from bound to closed: uvicorn's server, stopped in steps of our own."""

import asyncio
import os
import select
import socket
from collections.abc import Callable
from time import monotonic
from urllib.parse import unquote

import structlog
import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from .asgi import ASGIApp, Receive, Scope, Send
from .connection import Connection
from .errors import StartError
from .settings import CLOSE_SECONDS, ChassisSettings

_QUIET_SECONDS = 1.0
_SECONDS_BETWEEN_LOOKS = 0.02
_MOST_LOOKS = 1000

_log = structlog.get_logger(__name__)


class HttpServer:
    """Serves an application on the port of a setting.

    The steps of uvicorn's server are called one by one, for its `serve` takes the signals for
    itself, ends the process with a second SIGTERM, and cuts connections that are idle only for
    the moment: 32 of 32 under load.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ChassisSettings,
        port_name: str,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`busy` says whether work is left that a stop waits for, such as background tasks."""
        trusted = settings.forwarded_allow_ips
        config = uvicorn.Config(
            _Forwarded(app, trusted) if trusted else app,
            http=Connection,
            ws="websockets-sansio",
            ws_max_size=settings.max_body_bytes,
            lifespan="auto" if port_name == "port" else "off",
            log_config=None,
            access_log=False,
            reset_contextvars=True,  # else those of one request show in the next of its connection
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=settings.keep_alive_timeout,  # type: ignore[arg-type]
            timeout_graceful_shutdown=CLOSE_SECONDS,  # for what `finish` has left
        )
        config.load()
        self._busy = busy
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._socket = _bound(settings, port_name)

    async def start(self) -> None:
        """Run the start of the application, if it has one, and accept connections."""
        try:
            await self._server.startup([self._socket])
        except SystemExit:
            raise StartError("the application's lifespan failed, as the log says above") from None
        self._ticking = asyncio.create_task(self._server.main_loop())

    def sweep(self) -> None:
        """End the connections of clients that are too slow."""
        now = monotonic()
        for connection in list(self._server.server_state.connections):
            if isinstance(connection, Connection):
                connection.sweep(now)

    async def stop_accepting(self) -> None:
        """Take no more connections, and end WebSockets; the requests of others are served on.

        To close a listener resets the connections that the kernel has made and nobody has taken
        yet, so these are taken first.
        """
        for _ in range(_MOST_LOOKS):
            if not select.select([self._socket], [], [], 0)[0]:
                break
            await asyncio.sleep(0)
        for listener in self._server.servers:
            listener.close()
        for connection in list(self._server.server_state.connections):
            if not isinstance(connection, Connection):
                connection.shutdown()  # with 1012, service restart: the client comes back elsewhere

    async def finish(self, seconds: float, hurry: asyncio.Event) -> None:
        """Serve until no work is left and connections are closed or quiet, for `seconds` at most.

        Every answer asks its client to close the connection. One that is idle may have a request
        on its way at this moment, so it is closed only after a second in which none came.
        """
        state = self._server.server_state
        deadline = monotonic() + seconds
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)  # until those just accepted are among them
        quiet_since, answered = monotonic(), state.total_requests
        while state.connections or self._busy():
            if monotonic() > deadline or hurry.is_set():
                return
            if self._busy() or state.total_requests != answered:
                quiet_since, answered = monotonic(), state.total_requests
            elif monotonic() - quiet_since > _QUIET_SECONDS:
                return
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def close(self) -> None:
        """Close what is left, and run the end of the application."""
        self._server.should_exit = True
        await self._ticking
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self._server.shutdown([self._socket])
        except TimeoutError:
            _log.warning("stopping: the application's lifespan did not end in time")


class _Forwarded(ProxyHeadersMiddleware):
    """Believes what trusted proxies say of the client: its address, its scheme, and the prefix."""

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        super().__init__(app, trusted)  # type: ignore[arg-type]

    async def __call__(  # type: ignore[override]
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] != "lifespan" and scope["client"]:
            prefix = dict(scope["headers"]).get(b"x-forwarded-prefix", b"").rstrip(b"/")
            if prefix.startswith(b"/") and scope["client"][0] in self.trusted_hosts:
                scope["root_path"] = unquote(prefix.decode("latin-1"))
        await super().__call__(scope, receive, send)  # type: ignore[arg-type]


def _bound(settings: ChassisSettings, port_name: str) -> socket.socket:
    port = getattr(settings, port_name)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    both = settings.host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server(
            (settings.host, port), family=family, backlog=2048, dualstack_ipv6=both
        )
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
