"""Break the service, one thing at a time.

Each fault lasts until its alert fires and then, at a terminal, until somebody who has found the
cause presses Enter. At the end, also after Ctrl-C, all is as it was before.
"""

import sys
import time
from collections.abc import Sequence

from .. import service
from . import database
from .callers import calling
from .faults import ANYWHERE, WITHOUT_DATABASE, Fault
from .stack import FASTER, Stack


def has_database() -> bool:
    return service.answers().database == "postgresql"


def faults_of_service() -> Sequence[Fault]:
    """All faults, in the order of a drill."""
    return (*(database.FAULTS if has_database() else WITHOUT_DATABASE), *ANYWHERE)


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
            if has_database():
                database.clean_up(stack)
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
