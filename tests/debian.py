"""Programs that the machine lacks, out of Debian's packages: unpacked here, installed nowhere.

They come from the mirror that apt uses. Where one cannot be had, its tests are skipped by its name.
"""

import fcntl
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.render import ROOT

SUITE = "forky"
HELPER = "/usr/lib/apt/apt-helper"  # downloads through apt's own proxy, and verifies hashes

FOLDER = ROOT / ".tools" / "debian"
SECONDS = 300


def program(name: str, package: str) -> str:
    """The path of a program; one on PATH will do."""
    found = shutil.which(name) or shutil.which(name, path=programs(package))
    assert found, f"{package} of Debian {SUITE} has no {name}"
    return found


def programs(package: str) -> str:
    """The folders with the programs of a package, as in PATH."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = FOLDER / package
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not folder.exists():
                unpack(package, folder)
        except (OSError, LookupError, lzma.LZMAError, subprocess.SubprocessError) as error:
            # Not every machine has apt and a mirror: Python, git and make are all that is needed.
            pytest.skip(f"{package} of Debian {SUITE} cannot be had: {error}")
    return os.pathsep.join(str(folder / "usr" / name) for name in ("sbin", "bin"))


def environment(package: str) -> dict[str, str]:
    """The variables that programs of a package need, in place of those of this process."""
    path = os.pathsep.join([programs(package), os.environ["PATH"]])
    libraries = os.pathsep.join(map(str, FOLDER.glob(f"{package}/usr/lib/*-linux-gnu*")))
    return {"PATH": path, "LD_LIBRARY_PATH": libraries}


def unpack(package: str, folder: Path) -> None:
    """Put the files of a package, and its libraries, into a folder, all of them or none."""
    mirror = mirror_of_apt()
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        files = Path(name) / "files"
        _extract(package, files, lambda wanted: _download_of_suite(wanted, mirror, Path(name)))
        if needs_newer_library(files):
            shutil.rmtree(files)
            _extract(package, files, lambda wanted: _download_of_machine(wanted, Path(name)))
        files.rename(folder)


def _extract(package: str, files: Path, get: Callable[[str], Path]) -> None:
    archive = get(package)
    run("dpkg-deb", "--extract", archive, files)
    for library in libraries(archive):
        run("dpkg-deb", "--extract", get(library), files)


def _download_of_suite(package: str, mirror: str, folder: Path) -> Path:
    fields, archive = find(package, mirror, folder / "Packages.xz"), folder / "package.deb"
    download(f"{mirror}{fields['Filename']}", archive, f"SHA256:{fields['SHA256']}")
    return archive


def _download_of_machine(package: str, folder: Path) -> Path:
    """From the release that this machine itself has."""
    subprocess.run(["apt-get", "--quiet", "download", package], cwd=folder, check=True)
    [archive] = folder.glob(f"{package}_*.deb")
    return archive


def libraries(archive: Path) -> list[str]:
    """The libraries that a package depends on and that this machine does not have."""
    depends = run("dpkg-deb", "--field", archive, "Depends").split(",")
    names = [re.split(r"[ (:|]", each.strip())[0] for each in depends]
    have = run("dpkg-query", "--show", "--showformat", "${Package}\n").split()
    return [name for name in names if name.startswith("lib") and name not in have]


def needs_newer_library(files: Path) -> bool:
    """Whether a program was built for a newer C library than this machine's own release has."""
    programs = [path for path in files.glob("usr/*bin/*") if path.is_file()]
    said = [subprocess.run(["ldd", path], capture_output=True, text=True) for path in programs]
    return any("GLIBC" in it.stdout + it.stderr for it in said)


def mirror_of_apt() -> str:
    """The address of the first Debian mirror that apt uses, with a slash at its end."""
    told = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    found = [address for address in told.split() if address.endswith("/debian/")]
    if not found:
        raise LookupError("apt uses no Debian mirror here")
    return found[0]


def find(package: str, mirror: str, index: Path) -> dict[str, str]:
    """What the index of the suite says of a package, but for what takes several lines."""
    architecture = run("dpkg", "--print-architecture").strip()
    download(f"{mirror}dists/{SUITE}/main/binary-{architecture}/Packages.xz", index)
    with lzma.open(index, "rt", encoding="utf-8") as text:
        _, found, rest = f"\n{text.read()}".partition(f"\nPackage: {package}\n")
    if not found:
        raise LookupError("the suite does not have it")
    lines = rest.partition("\n\n")[0].splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def download(address: str, file: Path, *hashes: str) -> None:
    run(HELPER, "download-file", address, file, *hashes)


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    return done.stdout
