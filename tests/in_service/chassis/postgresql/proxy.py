"""A TCP proxy that fails on demand, in front of a server that does not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Connect = Callable[[], socket.socket]


class Proxy:
    """Forwards bytes from its own port to the server, until a method makes it fail."""

    def __init__(self, connect: Connect) -> None:
        self.seconds_of_delay = 0.0
        self._connect = connect
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._forgotten: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.accept()

    def accept(self) -> None:
        """Take connections, always on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Take no connections, until told to accept again."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes the thread in its accept
            self._listener.close()
            self._listener = None

    def cut(self) -> None:
        """End the connections that are there."""
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    def forget(self) -> None:
        """Pass nothing more on for the connections that are there, and tell neither end."""
        self._forgotten.update(self._sockets)

    def hang(self) -> None:
        """Take connections and bytes, and pass nothing on."""
        self._flows.clear()

    def flow(self) -> None:
        """End of `hang`: what was held back goes on."""
        self._flows.set()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, server = listener.accept()[0], self._connect()
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError), source:
            while data := source.recv(65_536):
                if source in self._forgotten:
                    continue
                self._flows.wait()
                time.sleep(self.seconds_of_delay)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(connect: Connect) -> Iterator[Proxy]:
    """A proxy to what `connect` connects to, until the end."""
    proxy = Proxy(connect)
    try:
        yield proxy
    finally:
        proxy.refuse()
        proxy.flow()
        proxy.cut()
