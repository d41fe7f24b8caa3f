"""`python -m` this package serves it."""

from .app import main

main()
