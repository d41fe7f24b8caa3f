"""Bring a service that exists under the template, beginning with the parts that disturb nothing.

    python3 scripts/adopt.py [--preview] PROJECT

Files of the project are never overwritten. What is not taken stands in the answer `keep`; later,
`python3 -m scripts.update take PART` in the service takes more.
"""

import argparse
import importlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# What services run is run here too: the same parts, the same comparison.
sys.path.insert(0, str(ROOT / "template"))
adoption, answers, errors, parts, programs, repository = (
    importlib.import_module(f"scripts.update.{name}")
    for name in ("adoption", "answers", "errors", "parts", "programs", "repository")
)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What was typed."""
    description, _, _ = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="adopt.py", description=description)
    parser.add_argument(
        "project", type=Path, metavar="PROJECT", help="its folder, a git repository"
    )
    parser.add_argument("--template", default=address(), help="where it updates from: %(default)s")
    parser.add_argument("--release", metavar="TAG", help="of the template; the newest if not given")
    parser.add_argument("--part", action="append", metavar="PART", help="to begin with")
    parser.add_argument("--preview", action="store_true", help="show the parts, and change nothing")
    parser.add_argument("--defaults", action="store_true", help="take the defaults, do not ask")
    parser.add_argument("-d", "--data", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args(given)


def address() -> str:
    """Where this checkout was cloned from, or else where it is.

    Services write it down, and their jobs have no key for ssh: it is the one by https, of nobody.
    """
    nowhere = (2, 128)  # it has no origin, or is in no repository
    said = programs.run("git", "remote", "get-url", "origin", cwd=ROOT, accept=(0, *nowhere))
    found = re.sub(r"^(?:ssh://)?[^@/:]+@([^/:]+)(?::\d+/|[/:])", r"https://\1/", said.strip())
    return re.sub("^https://[^@/]*@", "https://", found) or str(ROOT)


def guesses(project: Path) -> Iterator[tuple[str, str]]:
    """Answers that the project gives itself."""
    described = description(project)
    if name := re.sub("[^a-z0-9]+", "-", str(described.get("name", "")).lower()).strip("-"):
        yield "service", name
    if text := described.get("description"):
        yield "description", str(text)
    folders = sorted(path.parent for path in project.glob("*/__init__.py"))
    packages = sorted(path.parent for path in project.glob("src/*/__init__.py")) or folders
    if own := [path.name for path in packages if path.name not in {"tests", "test", "docs"}]:
        yield "package", own[0]
    if (project / ".gitlab-ci.yml").exists():
        yield "ci", "gitlab"
    elif (project / ".github").exists():
        yield "ci", "github"
    for path in ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS"):
        if (project / path).is_file():
            text = (project / path).read_text("utf-8", "replace")
            if match := re.search(r"^\* +(@\S+)", text, re.MULTILINE):
                yield "owner", match[1]
                break


def description(project: Path) -> dict[str, Any]:
    """What pyproject.toml says of the project, in either of its two forms."""
    try:
        content = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise errors.UpdateError(f"pyproject.toml cannot be read: {error}") from None
    return table(content, "project") or table(table(content, "tool"), "poetry")


def table(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of pyproject.toml, which need not be there."""
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise errors.UpdateError(f"{name} in pyproject.toml must be a table, and is {found!r}")
    return found


def render(given: argparse.Namespace, folder: Path) -> None:
    """All that the template would give, with answers that are guessed, given, or asked for."""
    data = dict(guesses(given.project))
    for answer in given.data:
        name, found, value = answer.partition("=")
        if not found:
            raise errors.UpdateError(f"{answer} is no answer: it must be NAME=VALUE")
        data[name] = value
    for name, value in data.items():
        print(f"{name}: {value}", file=sys.stderr)
    command = [*programs.of_copier("copier"), "copy", "--quiet"]
    command += ["--defaults"] if given.defaults else []
    command += ["--vcs-ref", given.release] if given.release else []
    command += [part for name, value in data.items() for part in ("--data", f"{name}={value}")]
    command += [given.template, folder]
    done = subprocess.run(
        command, env=programs.plain_environment(), stderr=subprocess.PIPE, text=True, check=False
    )
    if "stopped by user" in done.stderr:  # a terminal gives Ctrl-C to the questions alone
        raise KeyboardInterrupt
    if done.returncode:
        raise programs.ProgramError("copier", done.stderr)


def chosen(given: argparse.Namespace, offer: Any) -> list[str]:
    """The parts to begin with: those that are named, or all that need no other and fit in."""
    for name in given.part or ():
        if name not in offer.parts:
            raise errors.UpdateError(f"there is no part {name}; there are {', '.join(offer.parts)}")
        if missing := [need for need in offer.parts[name].needs if need not in given.part]:
            raise errors.UpdateError(f"{name} needs {' and '.join(missing)}: name it too")
    easy = [
        name
        for name, part in offer.parts.items()
        if not part.needs and not any(offer.state(file).clashes for file in offer.of(name))
    ]
    return ["update", *(name for name in given.part or easy if name != "update")]


def adopt(given: argparse.Namespace) -> None:
    """Look at the project, and give it the first parts."""
    project = given.project = given.project.resolve()
    if not project.is_dir():
        raise errors.UpdateError(f"{project} is no folder: name the one of the project")
    if Path(given.template).is_dir():  # which an update reads from another folder
        given.template = str(Path(given.template).resolve())
    repository.require_clean(project)
    if (project / answers.FILE).exists():
        raise errors.UpdateError(
            f"{project} is under a template already: python3 -m scripts.update parts says more"
        )
    with tempfile.TemporaryDirectory(prefix="adopt-") as temporary:
        rendered = Path(temporary) / project.name
        render(given, rendered)
        offer = parts.Offer(rendered, project, [])
        taken = chosen(given, offer)
        keep = [it for name, part in offer.parts.items() if name not in taken for it in part.files]
        print(parts.Offer(rendered, project, keep).overview())
        files = {name: offer.state(name) for part in taken for name in offer.of(part)}
        yours = [name for name, state in files.items() if state.clashes]
        if stuck := [name for name in yours if offer.part_of[name] == "update"]:
            raise errors.UpdateError(f"{stuck[0]} is where the template has a file: move yours")
        if given.preview:
            print(f"\nIt would begin with {', '.join(taken)}. Nothing is changed.")
            return
        source = answers.read(rendered)
        text = adoption.with_keep(source, sorted({*keep, *(f"/{name}" for name in yours)}))
        added = [name for name, state in files.items() if state is parts.State.MISSING]
        try:
            for name in added:
                (project / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(rendered / name, project / name)
            (project / answers.FILE).write_text(text, "utf-8")
        except BaseException:
            for name in added:
                (project / name).unlink(missing_ok=True)
            raise
    print(f"\nThe project has {', '.join(taken)} now. None of its own files is changed.")
    for name in yours:
        print(f"    {name} stays yours: python3 -m scripts.update compare {name}")
    if warning := adoption.left_out(project, added):
        print(warning)
    print("Look at `git status`, and commit. Then, in the project: python3 -m scripts.update parts")


def main(given: Sequence[str]) -> int:
    """Adopt a project; what stops it, in a sentence."""
    try:
        adopt(arguments(given))
    except errors.UpdateError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: stopped: nothing is changed", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
