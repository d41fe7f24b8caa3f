"""Environments that commands need, each installed by a lock of this release into .tools."""

import functools
import os
import shutil
import sys
from pathlib import Path

from shipshape.template import ProgramError, TemplateError, environment, run

from .places import IS_FETCHED, ROOT, TEMPLATE

_TOOLS = (ROOT if IS_FETCHED else TEMPLATE) / ".tools"
# Certificates as the system has them, as in the Makefile; Python is not downloaded.
_UV_SETTINGS = {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}


@functools.cache
def python_with(name: str, lock: Path) -> Path:
    """The Python of an environment, which is installed if it does not fit its lock."""
    folder = _TOOLS / name.lower()
    python, installed = folder / "bin" / "python", folder / lock.name
    if not python.exists() or not installed.exists() or installed.read_bytes() != lock.read_bytes():
        _install(name, folder, lock)
        shutil.copy(lock, installed)  # last: what was interrupted is installed again
    return python


def _install(name: str, folder: Path, lock: Path) -> None:
    """Install what is locked; uvx would be shorter, and does not verify hashes."""
    in_tools = _TOOLS / "bin" / "uv"
    if not (uv := in_tools if in_tools.exists() else shutil.which("uv")):
        repair = "`make update-preview` installs it, or uv, once you have that"
        if not IS_FETCHED:
            repair = f"run `make install` in {TEMPLATE}, or install uv"
        raise TemplateError(f"{name} is not installed: {repair}")
    print(f"installing {name} into .tools/{folder.name}", file=sys.stderr, flush=True)
    if folder.exists():
        shutil.rmtree(folder)  # uv clears complete environments only
    around = {**_UV_SETTINGS, **environment()}
    python = folder / "bin" / "python"
    sync = ("pip", "sync", "--quiet", "--python", python, "--require-hashes", lock)
    try:
        ours = os.path.realpath(sys.executable)
        run(uv, "venv", "--quiet", "--python", ours, folder, cwd=ROOT, around=around)
        try:
            run(uv, *sync, cwd=ROOT, around=around)
        except ProgramError as error:
            try:
                run(uv, *sync, "--offline", cwd=ROOT, around=around)  # from its cache alone
            except ProgramError:
                raise error from None
    except ProgramError as error:
        raise TemplateError(f"uv cannot install {name} as it is locked: {error.reason}") from None
