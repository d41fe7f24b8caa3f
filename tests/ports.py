"""Ports for what a test starts."""

import random
import socket
from itertools import islice

HOST = "127.0.0.1"
# Below those that a system gives to connections of its own, from 32768 on Linux and 49152 on macOS:
# what runs beside this test cannot take one before it is used.
_CANDIDATES = range(20_000, 32_768)
_given: set[int] = set()  # to programs that may not listen yet


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listens on."""
    shuffled = random.SystemRandom().sample(_CANDIDATES, len(_CANDIDATES))
    ports = list(islice(filter(_is_free, shuffled), count))
    _given.update(ports)
    return ports


def _is_free(port: int) -> bool:
    if port in _given:
        return False
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
