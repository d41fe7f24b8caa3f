"""What a person sees while a delivery is under way, on stderr; stdout is for results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """A step that takes a while: said when it begins, and when it ends, with its seconds."""
    say(f"{text} …")
    started = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        say(f"{text}: {outcome} after {time.monotonic() - started:.1f} s")
