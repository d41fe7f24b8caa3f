"""The code of an earlier release, run beside that of today."""

import shlex
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ... import git
from ...releases import migrations
from . import process
from .configuration import Configuration
from .instance import Instance

_ENVIRONMENT = ".venv"


def release() -> str | None:
    """The newest release that differs from the files here, if it has to run on their schema.

    A migration with `oldest_release` rules out the releases before that one.
    """
    if not git.knows("HEAD"):
        return None
    git.require_history()
    oldest = [it.oldest_release for it in migrations.here() if it.oldest_release]
    for version in git.releases("--merged", "HEAD"):
        if _differs(git.tag(version)):
            return version if all(_numbers(it) <= _numbers(version) for it in oldest) else None
    return None


@contextmanager
def code_of(version: str) -> Iterator[Path]:
    """A folder with the files of a release, and with the packages that are installed here."""
    with tempfile.TemporaryDirectory(prefix="checklist-") as name:
        folder = Path(name)
        archive = folder / "code.zip"
        git.output("archive", "--format=zip", f"--output={archive}", git.tag(version))
        zipfile.ZipFile(archive).extractall(folder)
        (folder / _ENVIRONMENT).symlink_to(Path(_ENVIRONMENT).absolute())
        yield folder


@contextmanager
def running(
    folder: Path, configuration: Configuration, settings: Mapping[str, str]
) -> Iterator[Instance]:
    """An instance of the code in a folder. ShipshapeError if it does not start."""
    command = f"cd {shlex.quote(str(folder))} && exec {configuration.need('start')}"
    # The packages here include that of the service itself, with the code of today.
    code = {"PYTHONPATH": f"{folder / 'src'}:{folder}"}
    instance = Instance(
        configuration,
        f"sh -c {shlex.quote(command)}",
        process.of_production(),
        {**settings, **code},
    )
    try:
        instance.wait_until_ready()
        yield instance
    finally:
        instance.close()


def _differs(tag: str) -> bool:
    """Whether the files here are not those of a tag."""
    changed = git.output("diff", "--name-only", tag, "--", ".")
    return bool(changed or git.output("ls-files", "--others", "--exclude-standard"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
