"""`drift`: the files that are the template's, and not as the release of the service has them."""

import re
import tempfile
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shipshape.template import ANSWERS, ProgramError, TemplateError

from . import answers
from .answers import Answers
from .forges import forge
from .places import ROOT
from .programs import PATCH, git, names, plain_git, read_yaml
from .template import Template, fetched

_UPDATE_ONLY = re.compile(r"[{]%-? *if .*_copier_operation.*?%}(.+?)[{]%-? *endif *-?%}")
_WORDS = {"D": "missing", "M": "changed", "T": "changed"}


@dataclass(frozen=True)
class Drift:
    """The files with what became of them, and the way from the template's to the service's."""

    files: list[tuple[str, str]]
    diff: str


def run(given: Namespace) -> int:
    source = answers.read(ROOT)
    found = find(ROOT, source, fetched(source))
    if not found.files:
        print(f"the files of the template are as {source.release} has them")
        return 0
    if given.warn:
        warning = forge(source).warning
        for word, name in found.files:
            print(warning(name, f"{word} since {source.release} of the template"))
        return 0
    print(f"{len(found.files)} of the template's files are not as {source.release} has them:")
    for word, name in found.files:
        print(f"  {word}  {name}")
    print(
        f"\n- is the template's, + the service's. docs/update.md says what to do.\n\n{found.diff}"
    )
    return 1


def find(folder: Path, source: Answers, template: Template) -> Drift:
    """The drift of the service in a folder from the release that it says it has."""
    ours, theirs = _patterns(source, template)
    with tempfile.TemporaryDirectory(prefix="rendered-") as temporary:
        rendered = Path(temporary) / ROOT.name
        _render(source, template, rendered)
        plain_git("init", "--quiet", cwd=rendered)
        owned = _matching(rendered, theirs) - _matching(rendered, ours) - {ANSWERS}
        paths = ["--pathspec-from-file=-", "--pathspec-file-nul"]
        add = ("--literal-pathspecs", "add", "--force", *paths)
        plain_git(*add, cwd=rendered, input="\0".join(owned))
        # The index is what was rendered, the work tree the service: what is not in the first is
        # not looked at.
        compare = [f"--git-dir={rendered / '.git'}", f"--work-tree={folder}", "diff"]
        compare += ["--no-renames"]
        status = names(git(*compare, "--name-status", "-z", cwd=folder))
        files = [(_WORDS[kind], name) for kind, name in zip(status[::2], status[1::2], strict=True)]
        return Drift(files, git(*compare, *PATCH, cwd=folder))


def _patterns(source: Answers, template: Template) -> tuple[list[str], list[str]]:
    """The patterns of the team's files, and of the template's, which the team's outweigh."""
    configuration = read_yaml(template.text(source.release, "copier.yml") or "")
    if not isinstance(configuration, dict) or not configuration.get("_ownership"):
        raise TemplateError(
            f"{source.release} of the template does not say yet which files are its own: "
            "`make update` brings one that does"
        )
    seeds = [seed[1] for line in configuration["_exclude"] if (seed := _UPDATE_ONLY.search(line))]
    return [*configuration["_skip_if_exists"], *seeds], configuration["_ownership"]["template"]


def _render(source: Answers, template: Template, folder: Path) -> None:
    """The service as it would be if nobody had changed it."""
    try:
        template.copy(source.release, source.given, folder)
    except ProgramError as error:
        raise TemplateError(
            f"{source.release} of the template cannot be rendered with the answers in "
            f"{ANSWERS}: {error.reason}"
        ) from None


def _matching(folder: Path, patterns: Iterable[str]) -> set[str]:
    """The files that match a pattern, as git reads them in .gitignore."""
    excludes = [f"--exclude={pattern}" for pattern in patterns]
    return set(names(plain_git("ls-files", "--others", "--ignored", "-z", *excludes, cwd=folder)))
