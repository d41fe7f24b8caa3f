"""Running the service on the machine of a developer.

These modules run in the environment of the service, .venv, and need nothing else of the package.
"""
