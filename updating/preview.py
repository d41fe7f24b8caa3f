"""`preview`: what an update would change, while nothing changes."""

from argparse import Namespace

from .attempt import attempted
from .report import report


def run(given: Namespace) -> int:
    with attempted(given.data) as attempt:
        if attempt is None:
            print("this is the newest release of the template: nothing to update")
            return 0
        print(report(attempt))
        if given.diff:
            print(f"\n{attempt.diff()}")
    print(
        "\nNothing is changed yet. `make update-preview diff=1` shows every line, those with "
        "conflicts too; `make update` takes it."
    )
    return 0
