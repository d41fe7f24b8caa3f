"""Start a service without the privileges of root."""

import os
import shlex
import shutil

from .configuration import Configuration

_NONE = "setpriv --inh-caps=-all --bounding-set=-all --no-new-privs"


def without(configuration: Configuration) -> Configuration | None:
    """The same with a start that has no capability, and cannot gain one.

    None if this is root and no program is there that drops them.
    """
    start = configuration.need("start")
    if os.geteuid() != 0:
        return configuration
    if not shutil.which("setpriv"):
        return None
    command = f"{_NONE} sh -c {shlex.quote(f'exec {start}')}"
    return configuration.model_copy(update={"start": command})
