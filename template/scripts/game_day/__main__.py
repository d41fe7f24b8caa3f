"""Break the service in containers, one thing at a time, and see what tells of it: `make game-day`.

Each thing stays broken until its alert has come, then until somebody presses Enter, who has found
the cause by then. What it has started and changed is put back at the end, also after Ctrl-C.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from ..monitoring.errors import MonitoringError
from . import dependency
from .callers import calling
from .faults import ANYWHERE, Fault
from .stack import FASTER, DrillError, Stack

FAULTS = (*dependency.FAULTS, *ANYWHERE)


def main(arguments: Sequence[str]) -> int:
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="make game-day", description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help=f"of {', '.join(names)}; all without one")
    wanted = parser.parse_args(arguments).only or names
    if unknown := [name for name in wanted if name not in names]:
        print(
            f"error: there is no drill {' '.join(unknown)}: choose of {', '.join(names)}",
            file=sys.stderr,
        )
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # puts back, as Ctrl-C does
    try:
        run([fault for fault in FAULTS if fault.name in wanted])
    except (DrillError, MonitoringError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: all is put back", file=sys.stderr)
        return 130
    return 0


def run(faults: Sequence[Fault]) -> None:
    """Break one after the other."""
    stack = Stack()
    print("Starting the containers; the first time, that takes minutes.", flush=True)
    try:
        stack.up()
        print(f"All times of the rules are {FASTER} times shorter: an hour takes two minutes.")
        print(f"Alerts: http://127.0.0.1:{stack.port('alertmanager', 9093)}")
        try:
            stack.wait(lambda alerts: not alerts, "alerts of an earlier drill go on")
            for number, fault in enumerate(faults, 1):
                print(f"\n{number}/{len(faults)} {fault.name}: {fault.what}", flush=True)
                show(stack, fault)
        finally:
            dependency.put_back(stack)
    finally:
        print("\nPutting everything back.", flush=True)
        stack.put_back()
    print(f"{len(faults)} things broke, and an alert told of each.")


def show(stack: Stack, fault: Fault) -> None:
    """Break it, wait for its alert, say where to read on, mend it, and wait for the alert's end."""
    port = stack.port("service", 8000)
    # The calls end before the repair: one more of them could break it again.
    with fault.broken(stack), calling(port, fault.paths, fault.clients):
        broken = time.monotonic()
        alert = stack.wait(
            lambda alerts: alerts.get(fault.alert), f"{fault.alert} has not come for {fault.name}"
        )
        seconds, anchor = time.monotonic() - broken, fault.alert.lower()
        print(f"  after {seconds:.0f} s: {fault.alert} ({alert['labels']['severity']})")
        print(f"  {alert['annotations']['summary']}")
        print(f"  read   docs/runbook.md#{anchor}, then docs/playbook.md#{fault.page}")
        print(f"  look   {alert['annotations']['dashboard_url']}", flush=True)
        if sys.stdin.isatty():
            input("  Find the cause with these alone, then press Enter. ")
    with calling(port, ("/faulty/things",), 1):
        mended = time.monotonic()
        stack.wait(lambda alerts: fault.alert not in alerts, f"{fault.alert} does not end")
    print(f"  mended; the alert ended after {time.monotonic() - mended:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
