"""Start the service as it is in this repository, with what it depends on, for the dynamic checks.

`fixtures.py` is what checks use.
"""
