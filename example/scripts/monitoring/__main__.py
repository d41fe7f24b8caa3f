"""Make the rules of the service from its objectives and alerts: `make monitoring`."""

import argparse
import sys
from collections.abc import Sequence

from .errors import MonitoringError
from .objectives import ROOT
from .products import PRODUCTS
from .prometheus import for_prometheus
from .rules import Group, faster, groups


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.monitoring", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="fail where one is stale")
    mode.add_argument(
        "--faster", type=float, metavar="N", help="print them, their times N times shorter"
    )
    given = parser.parse_args(arguments)
    if given.faster is not None and given.faster <= 0:
        parser.error(f"--faster {given.faster:g}: N must be more than 0")
    try:
        found = groups()
        if given.faster is not None:
            print(for_prometheus(faster(found, given.faster)), end="")
            return 0
        return _check(found) if given.check else _write(found)
    except MonitoringError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _check(found: Sequence[Group]) -> int:
    stale = [
        path
        for path, product in PRODUCTS.items()
        if not path.exists() or path.read_text("utf-8") != product(found)
    ]
    for path in stale:
        print(f"error: {path.relative_to(ROOT)} is stale: run `make monitoring`", file=sys.stderr)
    return 1 if stale else 0


def _write(found: Sequence[Group]) -> int:
    texts = {path: product(found) for path, product in PRODUCTS.items()}
    for path, text in texts.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
