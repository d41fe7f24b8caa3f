"""Releases: what is released, by whom it was signed, where it runs, and the way back.

`python3 -m delivery --help` lists the commands. Python's own library is all that they need, so that
a CI job runs them without installing the service.
"""
