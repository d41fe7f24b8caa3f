"""Free ports."""

import random
import socket

# Below those that systems give to connections of their own, from 32768 on Linux.
_PORTS = range(20_000, 32_768)
_given: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on, and that was not given out before."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
