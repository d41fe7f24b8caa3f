"""What is measured on, in words that tell nothing of whose machine it is."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def processor() -> str:
    """The model of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def system() -> str:
    """The operating system."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def description() -> str:
    """A list, one fact a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = {
        "CPU": f"{processor()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores used",
        "Memory": f"{memory:.0f} GiB",
        "System": system(),
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "Copier": version("copier"),
        "Load at the start": f"{os.getloadavg()[0]:.1f} processes over the last minute",
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
