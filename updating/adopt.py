"""`adopt`: bring an existing service under the template, with the parts that disturb nothing.

It begins with the checklist, which shows what the service lacks, and which part helps most.
Files of the service are never overwritten. What is not taken is in the answer `keep`, and `take`
takes more later. As the service has nothing yet, this command is run from a clone of the template.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from argparse import Namespace
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from shipshape.template import (
    ANSWERS,
    COMMAND,
    ProgramError,
    TemplateError,
    plain_environment,
)
from shipshape.template import run as run_program

from . import answers, checklist, lifting
from .adoption import left_out, with_keep
from .parts import Offer, State, of_release
from .places import ROOT, TEMPLATE
from .programs import copier_command
from .repository import require_clean
from .template import Template


def run(given: Namespace) -> int:
    """Look at the project, and give it the first parts."""
    require_clean()
    if (ROOT / ANSWERS).exists():
        raise TemplateError(f"{ROOT} is under a template already: {COMMAND} parts says more")
    with tempfile.TemporaryDirectory(prefix="adopt-") as temporary:
        rendered = Path(temporary) / ROOT.name
        _render(given, rendered)
        _begin(given, rendered)
    return 0


def _begin(given: Namespace, rendered: Path) -> None:
    """Show the parts of the rendered template, and add the first ones."""
    source = answers.read(rendered)
    parts = of_release(Template(TEMPLATE), source.release)
    offer = Offer(rendered, ROOT, [], parts)
    taken = _chosen(given, offer)
    keep = [it for name, part in parts.items() if name not in taken for it in part.files]
    print(Offer(rendered, ROOT, keep, parts).overview())
    _propose(replace(offer, keep=[it for part in parts.values() for it in part.files]), taken)
    files = {name: offer.state(name) for part in taken for name in offer.of(part)}
    yours = [name for name, state in files.items() if state.clashes]
    if stuck := [name for name in yours if offer.part_of[name] == "update"]:
        raise TemplateError(f"{stuck[0]} is where the template has a file: move yours")
    if given.preview:
        print(f"\nIt would begin with {', '.join(taken)}. Nothing is changed.")
        return
    text = with_keep(source, sorted({*keep, *(f"/{name}" for name in yours)}))
    added = [name for name, state in files.items() if state is State.MISSING]
    try:
        for name in added:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(rendered / name, ROOT / name)
        (ROOT / ANSWERS).write_text(text, "utf-8")
    except BaseException:
        for name in added:
            (ROOT / name).unlink(missing_ok=True)
        raise
    print(f"\nThe project has {', '.join(taken)} now. None of its own files is changed.")
    for name in yours:
        print(f"    {name} stays yours: {COMMAND} compare {name}")
    if warning := left_out(ROOT, added):
        print(warning)
    print(f"Look at `git status`, and commit. Then: {COMMAND} parts")


def _propose(offer: Offer, taken: Collection[str]) -> None:
    """Say what the checklist finds in the project, and which part helps most with it."""
    missing = checklist.missing(ROOT)
    print(f"\n{checklist.counted(missing)}")
    if proposal := lifting.proposed(offer, missing):
        print(proposal.reason)
        if proposal.part not in taken:
            print(f"To begin with it: --part {proposal.part}")


def _render(given: Namespace, folder: Path) -> None:
    """All that the template would give, with answers that are guessed, given, or asked for."""
    data = dict(_guesses(ROOT))
    for answer in given.data:
        name, found, value = answer.partition("=")
        if not found:
            raise TemplateError(f"{answer} is no answer: it must be NAME=VALUE")
        data[name] = value
    template = given.template or default_address()
    print(f"template: {template}", file=sys.stderr)
    for name, value in data.items():
        print(f"{name}: {value}", file=sys.stderr)
    if Path(template).is_dir():  # which an update reads from another folder
        template = str(Path(template).resolve())
    command = [*copier_command(), "copy", "--quiet"]
    command += ["--defaults"] if given.defaults else []
    command += ["--vcs-ref", given.release] if given.release else []
    command += [part for name, value in data.items() for part in ("--data", f"{name}={value}")]
    command += [template, folder]
    done = subprocess.run(
        command, env=plain_environment(ROOT), stderr=subprocess.PIPE, text=True, check=False
    )
    if "stopped by user" in done.stderr:  # a terminal gives Ctrl-C to the questions alone
        raise KeyboardInterrupt
    if done.returncode:
        raise ProgramError("copier", done.stderr)


def default_address() -> str:
    """Where this clone comes from, or else where it is.

    Services record it, and their jobs have no key for SSH: it is the HTTPS address, without a user.
    """
    nowhere = (2, 128)  # it has no origin, or is in no repository
    said = run_program("git", "remote", "get-url", "origin", cwd=TEMPLATE, accept=(0, *nowhere))
    found = re.sub(r"^(?:ssh://)?[^@/:]+@([^/:]+)(?::\d+/|[/:])", r"https://\1/", said.strip())
    return re.sub("^https://[^@/]*@", "https://", found) or str(TEMPLATE)


def _guesses(project: Path) -> Iterator[tuple[str, str]]:
    """Answers that the project gives itself."""
    described = _description(project)
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


def _description(project: Path) -> dict[str, Any]:
    """What pyproject.toml says of the project, in either of its two forms."""
    try:
        content = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TemplateError(f"pyproject.toml cannot be read: {error}") from None
    return _table(content, "project") or _table(_table(content, "tool"), "poetry")


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of pyproject.toml, which need not be there."""
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise TemplateError(f"{name} in pyproject.toml must be a table, and is {found!r}")
    return found


def _chosen(given: Namespace, offer: Offer) -> list[str]:
    """The parts to begin with: those that are named, or all that need no other and fit in."""
    for name in given.part or ():
        if name not in offer.parts:
            raise TemplateError(f"there is no part {name}; there are {', '.join(offer.parts)}")
        if missing := [need for need in offer.parts[name].needs if need not in given.part]:
            raise TemplateError(f"{name} needs {' and '.join(missing)}: name it too")
    easy = [
        name
        for name, part in offer.parts.items()
        if not part.needs and not any(offer.state(file).clashes for file in offer.of(name))
    ]
    return ["update", *(name for name in given.part or easy if name != "update")]
