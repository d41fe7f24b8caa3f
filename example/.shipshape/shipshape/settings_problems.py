"""Print what is wrong with settings, as JSON: `settings_problems.py PACKAGE ENVIRONMENTS`.

It runs in the Python of the service, like describe.py. ENVIRONMENTS is JSON: by the name of each,
its variables.
"""

import json
import os
import sys
from contextlib import redirect_stdout
from importlib import import_module


def problems(package: str, variables: dict[str, str]) -> list[str]:
    """A line for each variable that the service cannot use; none if it would start."""
    os.environ.clear()
    os.environ.update(variables)
    model = import_module(f"{package}.settings").Settings
    try:
        model()
    except Exception as error:  # validators of the service may raise anything
        explained = import_module(f"{package}.chassis.setting_errors")
        return list(explained.explanations(model, error))
    return []


def main() -> None:
    package, environments = sys.argv[1:]
    with redirect_stdout(sys.stderr):
        found = {name: problems(package, it) for name, it in json.loads(environments).items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
