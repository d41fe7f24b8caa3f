"""Make a service with the default answers, start it and show it: `make demo`, Ctrl-C ends it.

PORT and MANAGEMENT_PORT choose other ports than 8000 and 9000: `make demo PORT=8080`.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from .render import exported, render

PACKAGE = "orders"
HOST = "127.0.0.1"
READY_WITHIN = 60.0

READY = """
orders is ready:

    documentation of its API   {api}/docs
    readiness                  {api}/readyz
    metrics                    {management}/metrics
    information                {management}/info

Try it:

    curl {api}/items -H 'content-type: application/json' -d '{{"name": "Teapot", "quantity": 3}}'

Ctrl-C ends it.
"""


def port(variable: str, default: int) -> int:
    """The port that an environment variable names, if it is free."""
    text = os.environ.get(variable, str(default))
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a past one may linger
            probe.bind((HOST, int(text)))
    except (ValueError, OverflowError):
        sys.exit(f"error: {variable}={text} is no port: give a number, as in `make demo PORT=8080`")
    except OSError as error:
        sys.exit(
            f"error: port {text} cannot be used ({error.strerror}): stop what uses it,"
            f" or choose another with `make demo {variable}=…`"
        )
    return int(text)


def environment(api_port: int, management_port: int) -> dict[str, str]:
    """Of the caller's environment, what is not about this make or another database; the ports."""
    others = {"DATABASE_URL", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in others} | {
        "HOST": HOST,
        "PORT": str(api_port),
        "MANAGEMENT_PORT": str(management_port),
        "SHUTDOWN_DELAY": "0",  # no load balancer has to notice first
    }


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return at the first 200; give up where the process ends before, or takes too long."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"error: the service ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"error: {url} was not ready within {READY_WITHIN:.0f} s")


def serve(service: Path, variables: dict[str, str]) -> None:
    """Run the service on a PostgreSQL of its own until it ends, and stop it whatever happens."""
    command = ".venv/bin/alembic upgrade head && exec .venv/bin/python -m " + PACKAGE
    process = subprocess.Popen(
        [".venv/bin/python", ".shipshape/shipshape/development/database.py", "sh", "-c", command],
        cwd=service,
        env=variables,
        start_new_session=True,  # Ctrl-C reaches it once, from here
    )
    try:
        api = f"http://{HOST}:{variables['PORT']}"
        wait_until_ready(f"{api}/readyz", process)
        management = f"http://{HOST}:{variables['MANAGEMENT_PORT']}"
        print(READY.format(api=api, management=management), flush=True)
        process.wait()
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """One step after the other, each announced."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    variables = environment(port("PORT", 8000), port("MANAGEMENT_PORT", 9000))
    try:
        with tempfile.TemporaryDirectory(prefix="shipshape-demo-") as folder:
            service = Path(folder) / PACKAGE
            print(f"1. copier copy --defaults . {service}", flush=True)
            with exported() as template:
                render(template, service, service=PACKAGE)
            print("2. make install", flush=True)
            python = f"PYTHON={os.path.realpath(sys.executable)}"
            subprocess.run(["make", "install", python], cwd=service, env=variables, check=True)
            print("3. start PostgreSQL, migrate, python -m orders", flush=True)
            serve(service, variables)
    except KeyboardInterrupt:
        print("\nended: nothing is left running", flush=True)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # make has said why


if __name__ == "__main__":
    main()
