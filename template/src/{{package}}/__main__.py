"""`python -m` this package serves it."""

import gc

# Imports make many objects and hardly any garbage; the server collects again once it is ready.
gc.disable()

from .app import main  # noqa: E402

main()
