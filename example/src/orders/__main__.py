"""`python -m` this package serves it."""

import gc
import os
import signal

# Until the service has handlers of its own; without one, process 1 of a container hears no signal.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
# Imports make many objects and hardly any garbage; the server collects again once it is ready.
gc.disable()

from .chassis import tracing  # noqa: E402, F401 # first: it says what is wrong with OTEL_…

# isort: split
from .app import main  # noqa: E402

main()
