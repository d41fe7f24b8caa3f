"""`propose`: the newest release of the template on a branch, and one open request for it."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shipshape.template import ANSWERS, ProgramError, TemplateError

from . import answers, drift, repository
from .attempt import Attempt, attempted
from .forges import Forge, forge
from .forges.request import Request
from .programs import git, make
from .report import code, listed, report, section
from .update import take

BRANCH = "template-update"

_REF = f"refs/heads/{BRANCH}"
# Nobody else commits as this: by it our commits are told from those of people. As variables, for
# those that a runner may have set outweigh any setting.
_EMAIL = "template-update@noreply.invalid"
_AUTHOR = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "template-update"), ("EMAIL", _EMAIL))
}
_BODY_AT_MOST = 60_000  # characters; GitHub takes 65,536
_LINES_SHOWN = 30  # of what a failed target of make said


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said last."""

    command: str
    passed: bool
    said: str

    def __str__(self) -> str:
        return f"`{self.command}` {'passed' if self.passed else 'failed'}"


def run(_: Namespace) -> int:
    base = repository.branch()
    with attempted() as attempt:
        if attempt is None:
            print("this is the newest release of the template: nothing to propose")
            return 0
        host = forge(attempt.before)
        pushed, request = _pushed(host), host.find(BRANCH)
        if reason := _settled(host, pushed, attempt, request):
            print(reason)
            return 0
        title = _title(attempt)
        with repository.worktree() as folder:
            take(attempt, folder)
            results = _commit(attempt, folder)
            body = _body(attempt, results, folder)
            _push(host, folder, pushed)
        draft = bool(attempt.merge.conflicts)
        if request:
            host.refresh(request, title, body, draft)
        else:
            request = host.create(BRANCH, base, title, body, draft)
        print(f"{title}: {request.url}")
    return 0


def _pushed(host: Forge) -> str:
    """The commit of the branch at the forge, which this makes known here; "" where it is not."""
    try:
        found = git("ls-remote", "origin", _REF)
        if found:
            git("fetch", "--quiet", "--no-tags", "origin", _REF)
    except ProgramError as error:
        reason = host.refused(error.said) or f"origin cannot be reached: {error.reason}"
        raise TemplateError(reason) from None
    return found.partition("\t")[0]


def _settled(host: Forge, pushed: str, attempt: Attempt, request: Request | None) -> str:
    """Why there is nothing to do, "" where there is; TemplateError where people's work would go."""
    newest = attempt.after.release
    if not request and (declined := _declined(host, newest)):
        return (
            f"{newest} was proposed, and closed without merging: {declined.url}. Reopen that, or "
            "take it by `make update`; a newer release is proposed again"
        )
    if not pushed:
        return ""
    proposed = answers.parse(git("cat-file", "blob", f"{pushed}:{ANSWERS}")).release
    shown = ("--no-show-signature", "--format=%ce%x09%h %an: %s")
    commits = git("log", *shown, f"HEAD..{pushed}").splitlines()
    others = [line.partition("\t")[2] for line in commits if not line.startswith(f"{_EMAIL}\t")]
    if others and proposed == newest:
        return f"the branch {BRANCH} has {newest} and commits of people: it stays as it is"
    if others:
        raise TemplateError(
            f"the branch {BRANCH} has commits of people, and stays as it is: {', '.join(others)}. "
            f"Merge or delete it; the next run then proposes {newest}"
        )
    current = git("rev-parse", f"{pushed}^", "HEAD").split()
    if request and proposed == newest and current[0] == current[1]:
        return f"{newest} is proposed already: {request.url}"
    return ""


def _declined(host: Forge, release: str) -> Request | None:
    """The closed request of a release, by its title, which may have got other words, too."""
    return next((it for it in host.declined(BRANCH) if release in it.title.split()), None)


def _title(attempt: Attempt) -> str:
    """A conventional commit, as the title of each request is."""
    title = f"chore: update the template to {attempt.after.release}"
    count = len(attempt.merge.conflicts)
    return f"{title} with {count} conflict{'s' if count > 1 else ''}" if count else title


def _commit(attempt: Attempt, folder: Path) -> list[Result]:
    """Lock, generate and commit, and check what is committed."""
    made = [_make("lock", folder), _make("generate", folder)]
    message = [_title(attempt)]
    if attempt.merge.conflicts:
        message.append("Markers of conflicts are left to be resolved by people in:")
        message.append(listed(attempt.merge.conflicts))
    git("-c", "core.excludesFile=", "add", "--all", cwd=folder)  # ignored by .gitignore alone
    # Unlike `git commit`, no setting of people has a say in this: no signature, no template.
    tree = git("write-tree", cwd=folder).strip()
    command = ("commit-tree", "-p", "HEAD", "-F", "-", tree)
    text = "\n\n".join(message) + "\n"
    commit = git(*command, cwd=folder, input=text, variables=_AUTHOR).strip()
    git("update-ref", "HEAD", commit, cwd=folder)
    return [*made, _make("check", folder)]


def _make(target: str, folder: Path) -> Result:
    print(f"make {target} …", file=sys.stderr, flush=True)
    passed, said = make(target, folder)
    result = Result(f"make {target}", passed, "\n".join(said.splitlines()[-_LINES_SHOWN:]))
    print(result, file=sys.stderr, flush=True)
    return result


def _body(attempt: Attempt, results: Sequence[Result], folder: Path) -> str:
    """What those who review it read."""
    parts = [report(attempt)]
    if attempt.merge.conflicts:
        parts.append(
            "The files in conflict are committed with their markers, binary ones as you have them. "
            "`make check` fails at markers. Resolve the conflicts: "
            f"`git switch {BRANCH}`, choose, commit, push."
        )
    parts += section("Lock and checks", listed(map(str, results)))
    parts += [f"````text\n{it.said}\n````" for it in results if not it.passed]
    parts += section("The template's files with changes of yours", listed(_drift(attempt, folder)))
    body = "\n\n".join(parts)
    cut = "\n\n… The rest is cut off: `make update-preview` shows all of it."
    return body if len(body) <= _BODY_AT_MOST else body[: _BODY_AT_MOST - len(cut)] + cut


def _drift(attempt: Attempt, folder: Path) -> list[str]:
    try:
        found = drift.find(folder, attempt.after, attempt.template)
    except TemplateError as error:
        return [str(error)]
    files = [(word, name) for word, name in found.files if name not in attempt.merge.conflicts]
    return [f"{code(name)}, {word}" for word, name in files]


def _push(host: Forge, folder: Path, pushed: str) -> None:
    """Put the branch at the forge, unless somebody has pushed there meanwhile."""
    options = ("--quiet", "--no-follow-tags", f"--force-with-lease={_REF}:{pushed}")
    try:
        git("push", *options, "origin", f"HEAD:{_REF}", cwd=folder)
    except ProgramError as error:
        rejected = [line.strip() for line in error.said.splitlines() if "rejected]" in line]
        reason = (rejected or [error.reason])[0]
        raise TemplateError(
            host.refused(error.said) or f"the branch {BRANCH} cannot be pushed: {reason}"
        ) from None
