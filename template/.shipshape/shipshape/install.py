"""Install environments from their locks: `install.py .venv`, as make and `__main__.py` do.

.tools has uv, .venv the packages of poetry.lock, .tools/shipshape what this package needs, and
.tools/poetry Poetry for `make lock`. An environment that still fits is left alone: same locks, same
folder, same Python.

This runs before anything is installed, on whatever Python there is. So it needs the standard
library only, and no syntax newer than Python 3.7, to name the Python that is needed.
"""

from __future__ import annotations  # Python 3.8 cannot evaluate `list[str]`

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path.cwd()  # make's: the template installs itself with this file, too
IS_SERVICE = (ROOT / "src").is_dir()  # the template has nothing to import
LOCKS: dict[str, tuple[str, ...]] = {
    ".tools": ("tools.lock",),
    ".tools/poetry": ("tools.lock",),
    ".tools/shipshape": (".shipshape/shipshape.lock",),
    ".venv": ("poetry.lock", "pyproject.toml") if IS_SERVICE else ("poetry.lock",),
}
UV_NEEDED = (0, 11)  # the first one with UV_SYSTEM_CERTS, which the Makefile sets
MIRROR_PAGES = ("docs/how-to/work-behind-a-mirror.md", "README.md")

_MARKER = re.compile("^<{7} ", re.MULTILINE)
_OFFLINE = re.compile(
    r"connection broken by|Failed to fetch|error sending request|dns error|Network connectivity"
)
_UV = ROOT / ".tools" / "bin" / "uv"
_REQUIREMENTS = ROOT / ".tools" / "requirements.txt"


class InstallError(Exception):
    """A sentence: what is wrong, and what would be right."""


class OfflineError(InstallError):
    """The package index does not answer."""


def check_conflicts() -> None:
    """InstallError for a lock, or a pyproject.toml, that was merged with a conflict."""
    for name in ("pyproject.toml", *(locks[0] for locks in LOCKS.values())):
        path = ROOT / name
        found = path.exists() and _MARKER.search(path.read_text("utf-8"))
        if found:
            line = found.string.count("\n", 0, found.start()) + 1
            repair = f"take one side with `git checkout --theirs {name}`"
            if name == "poetry.lock":
                repair += ", then run `make lock`"
            elif name == "pyproject.toml":
                repair = "edit it, then run `make lock`"
            raise InstallError(f"{name} has a conflict marker in line {line}: {repair}")


def check_python() -> None:
    """InstallError for a Python that pyproject.toml does not allow, or that lacks venv."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")  # tomllib is new in Python 3.11
    wanted = re.search('^requires-python *= *"([^"]+)"', text, re.MULTILINE)
    version = sys.version_info[:2]
    for operator, major, minor in re.findall(r"(>=|<) *(\d+)\.(\d+)", wanted[1] if wanted else ""):
        bound = int(major), int(minor)
        if version < bound if operator == ">=" else version >= bound:
            raise InstallError(
                f"Python {wanted and wanted[1]} is needed, and {sys.executable} is "
                f"{version[0]}.{version[1]}: name another, as in `make install PYTHON=python3.13`"
            )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise InstallError(
            f"{sys.executable} comes without venv: install it (Debian: apt install python3-venv)"
        ) from None


def fits(name: str, python: str) -> bool:
    """Whether an environment is what would be installed now: by this Python, or "" for any."""
    before = recorded(name)
    works = (ROOT / name / "bin" / "python").exists()
    if name == ".tools":
        works = works and _UV.exists()  # a link to nothing, once that uv is removed
    return works and before == state(name, python or before.get("python", ""))


def recorded(name: str) -> dict[str, str]:
    """The state that an environment was installed in; empty where it was not, or by older code."""
    try:
        found: dict[str, str] = json.loads((ROOT / name / ".installed").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def state(name: str, python: str) -> dict[str, str]:
    """What an environment depends on."""
    try:
        locks = b"".join((ROOT / lock).read_bytes() for lock in LOCKS[name])
    except FileNotFoundError as error:
        missing = Path(error.filename).relative_to(ROOT)
        raise InstallError(
            f"{missing} is missing: restore it with `git checkout HEAD -- {missing}`"
        ) from None
    return {
        "python": python,
        "runs": os.path.realpath(ROOT / name / "bin" / "python"),  # another one after an upgrade
        "folder": os.path.realpath(ROOT / name),  # its scripts start with this path
        "locks": hashlib.sha256(locks).hexdigest(),
    }


def install(name: str) -> None:
    """Install an environment, and record its state once it is complete."""
    python = os.path.realpath(sys.executable)
    before, now = recorded(name), state(name, python)
    if name == ".venv":
        export()  # what can fail by the lock fails while nothing has changed
    if before:
        record(name, {**before, "locks": "incomplete"})
    if name == ".tools":
        install_uv()
    elif name == ".tools/poetry":
        install_poetry()
    else:
        # A new lock changes some packages. In another folder, or by another Python, all are wrong.
        same = {**now, "locks": ""} == {**before, "locks": ""}
        keep = "--allow-existing" if same else "--clear"
        run(_UV, "venv", "--quiet", keep, "--python", python, name)
        if name == ".venv":
            install_venv()
        else:
            install_locked(name)
    record(name, state(name, python))


def record(name: str, found: dict[str, str]) -> None:
    """Write down the state of an environment."""
    (ROOT / name / ".installed").write_text(json.dumps(found), "utf-8")


def export() -> None:
    """Write poetry.lock as requirements, which uv reads."""
    print("installing poetry.lock into .venv", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("requirements.py")), *groups()],
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )
    if done.returncode:
        raise InstallError(re.sub("^error: ", "", done.stderr.strip()))
    itself = "--editable .\n" if IS_SERVICE else ""
    _REQUIREMENTS.write_text(done.stdout + itself, "utf-8")


def groups() -> list[str]:
    """The groups to install. No wheel of PostgreSQL runs on musl, as in Alpine."""
    musl = "musl" in (sysconfig.get_config_var("SOABI") or "")
    return ["main", "dev"] if musl else ["main", "dev", "postgresql"]


def tools() -> dict[str, str]:
    """The requirements in tools.lock, with their hashes, by the names of the packages."""
    text = (ROOT / "tools.lock").read_text("utf-8")
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    return {entry.split("==")[0]: entry for entry in entries}


def install_uv() -> None:
    """Link to a uv on the PATH, which needs no network. Else pip installs the pinned one."""
    found = uv_on_path()
    if found:
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", ".tools")
        _UV.symlink_to(found)
        return
    print("installing uv into .tools", file=sys.stderr, flush=True)
    if importlib.util.find_spec("pip"):  # spares the three seconds that a pip of its own takes
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", ".tools")
        pip = [sys.executable, "-m", "pip", "--python", ".tools/bin/python"]
    else:
        run(sys.executable, "-m", "venv", "--clear", ".tools")
        pip = [".tools/bin/python", "-m", "pip"]
    (ROOT / ".tools" / "uv.txt").write_text(tools()["uv"], "utf-8")
    options = ("--quiet", "--retries=1", "--require-hashes", "--requirement", ".tools/uv.txt")
    run(*pip, "install", *options)


def uv_on_path() -> str:
    """The first uv on the PATH that is new enough; "" if there is none."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("uv", path=folder)
        # One in this folder is deleted when its environment is installed.
        if not found or any(Path(it).resolve().is_relative_to(ROOT) for it in (folder, found)):
            continue
        try:
            said = subprocess.check_output([found, "--version"], stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            continue  # a shim with nothing behind it, or for another machine
        version = re.match(rb"uv (\d+)\.(\d+)", said)
        if version and (int(version[1]), int(version[2])) >= UV_NEEDED:
            return os.path.abspath(found)
    return ""


def install_poetry() -> None:
    """Poetry for `make lock`, which also needs pip to find out which index to use."""
    print("installing Poetry into .tools/poetry", file=sys.stderr, flush=True)
    run(sys.executable, "-m", "venv", "--clear", ".tools/poetry")
    entries = tools()
    del entries["uv"]
    lock = ROOT / ".tools" / "poetry" / "requirements.txt"
    lock.write_text("".join(entries.values()), "utf-8")
    locked = ("--require-hashes", "--requirement", str(lock))
    run_uv(_UV, "install", "--python", ".tools/poetry/bin/python", *locked)


def install_locked(name: str) -> None:
    """What commands need and the service itself does not."""
    print(f"installing {Path(name).name.capitalize()} into {name}", file=sys.stderr, flush=True)
    [lock] = LOCKS[name]
    run_uv(_UV, "sync", "--python", f"{name}/bin/python", "--require-hashes", lock)


def install_venv() -> None:
    """The packages of poetry.lock and the service itself, which the pinned poetry-core builds."""
    build = ".tools/build.txt"
    (ROOT / build).write_text(tools()["poetry-core"], "utf-8")
    options = ("--python", ".venv/bin/python", "--build-constraints", build)
    run_uv(_UV, "sync", *options, str(_REQUIREMENTS))  # verifies the hashes of both


def run_uv(uv: Path | str, *arguments: str) -> None:
    """`uv pip …`, from its cache alone where the index does not answer."""
    try:
        run(uv, "pip", *arguments, "--quiet")
    except OfflineError as error:
        try:
            run(uv, "pip", *arguments, "--quiet", "--offline")
        except InstallError:
            raise error from None


def run(*command: Path | str) -> None:
    """Run a program; InstallError with its output, or one sentence if the network fails."""
    done = subprocess.run(
        command, cwd=str(ROOT), stderr=subprocess.PIPE, universal_newlines=True, check=False
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    if not _OFFLINE.search(said):
        raise InstallError(f"{Path(command[0]).name} failed:\n{said}")
    address = re.search(r"https?://[^\s`'\")]+", said)
    page = next(each for each in MIRROR_PAGES if (ROOT / each).exists())
    raise OfflineError(
        f"the package index cannot be reached{f' at {address[0]}' if address else ''}: connect to "
        f"the network or, behind a proxy or mirror, follow {page}"
    )


def use_recorded_python(name: str) -> None:
    """Go on in the Python of the last installation, where it is another one and still there."""
    used = recorded(name).get("python") or recorded(".tools").get("python", "")
    if used != os.path.realpath(sys.executable) and os.path.exists(used):
        os.execv(used, [used, *sys.argv, "--chosen"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", nargs="+", choices=sorted(LOCKS), metavar="ENVIRONMENT")
    parser.add_argument("--chosen", action="store_true", help="use this Python, not the last one")
    given = parser.parse_args()
    chosen = os.path.realpath(sys.executable) if given.chosen else ""
    try:
        check_conflicts()
        for name in dict.fromkeys((".tools", *given.environments)):
            if not fits(name, chosen if name in given.environments else ""):
                if not chosen:
                    use_recorded_python(given.environments[0])
                check_python()
                install(name)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
