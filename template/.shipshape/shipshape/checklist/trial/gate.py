"""A TCP proxy in front of a dependency: it can refuse, hang, and come back.

So a check can take a database away without stopping one that a developer uses.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Connect = Callable[[], socket.socket]


class Gate:
    """Forwards bytes from its own port to the dependency."""

    def __init__(self, connect: Connect) -> None:
        """`connect` opens a connection to the dependency."""
        self._connect = connect
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self._accept()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Refuse connections and cut those that exist, until the end."""
        self._refuse()
        try:
            yield
        finally:
            self._accept()

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Accept connections and bytes and pass nothing on, until the end."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def close(self) -> None:
        self._refuse()
        self._flows.set()

    def _accept(self) -> None:
        """Listen, always on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _refuse(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
            self._listener.close()
            self._listener = None
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError), source:
            while data := source.recv(65_536):
                self._flows.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def gate(connect: Connect) -> Iterator[Gate]:
    """A gate that is closed in the end."""
    it = Gate(connect)
    try:
        yield it
    finally:
        it.close()
