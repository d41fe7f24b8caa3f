"""The API of a forge, by its command-line program."""

import json
import subprocess
from typing import Any


class ForgeError(Exception):
    """A sentence that says what the forge did not do."""


def ask(program: str, path: str, *, method: str = "GET", body: object = None) -> Any:
    """The answer of the API, None where there is nothing at this path."""
    command = [program, "api", "--method", method, "--header", "Content-Type: application/json"]
    if body is not None:
        command += ["--input", "-"]
    try:
        done = subprocess.run(
            [*command, path],
            input=None if body is None else json.dumps(body),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise ForgeError(f"{program} is needed to ask the forge: install it and log in") from None
    if done.returncode == 0:
        return json.loads(done.stdout) if done.stdout.strip() else {}
    if method == "GET" and "(HTTP 404)" in done.stderr:
        return None
    said = done.stderr.strip().splitlines() or ["it does not say why"]
    raise ForgeError(f"{program} api --method {method} {path}: {said[-1]}")
