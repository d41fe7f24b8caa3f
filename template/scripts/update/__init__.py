"""Updates: what a newer template would change, the update itself, and what strays from it.

`python3 -m scripts.update --help` lists the commands. Python's own library is all that they need,
beside git, make, and the Copier that `make` puts into .tools/copier.
"""
