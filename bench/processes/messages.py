"""Just enough of HTTP/1.1 to load a server and to stand in for one."""

import re

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def whole(received: bytes | bytearray) -> tuple[bytes, bytes] | None:
    """The head and the body of a message with a length; None while some of it is missing."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end])
    length = _LENGTH.search(head)
    body = bytes(received[end + 4 :])
    if length is not None and len(body) < int(length[1]):
        return None
    return head, body
