"""`propose`: the newest release of the template on a branch, and one open request for it."""

import sys
from argparse import Namespace
from pathlib import Path

from . import answers, drift, forge, repository
from .attempt import Attempt, attempted
from .errors import UpdateError
from .programs import ProgramError, git, make
from .report import code, listed, report, section

BRANCH = "template-update"

_REF = f"refs/heads/{BRANCH}"
# Nobody else commits as this: by it our commits are told from those of people.
_NAME, _EMAIL = "template-update", "template-update@noreply.invalid"
_BODY_AT_MOST = 60_000  # characters; GitHub takes 65,536
_LINES_SHOWN = 30  # of what a failed target of make said


def run(_: Namespace) -> int:
    base = repository.branch()
    with attempted() as attempt:
        if attempt is None:
            print("this is the newest release of the template: nothing to propose")
            return 0
        pushed = _pushed()
        if reason := pushed and _settled(pushed, attempt):
            print(reason)
            return 0
        results = _commit(attempt)
        body = _body(attempt, results)
        _push(attempt.folder, pushed)
        title = _title(attempt)
        draft = bool(attempt.conflicts)
        request = forge.find(BRANCH)
        if request:
            forge.refresh(request, title, body, draft)
        else:
            request = forge.create(BRANCH, base, title, body, draft)
        print(f"{title}: {request.url}")
    return 0


def _pushed() -> str:
    """The commit of the branch at the forge, which this makes known here; "" where it is not."""
    try:
        found = git("ls-remote", "origin", _REF)
        if found:
            git("fetch", "--quiet", "--no-tags", "origin", _REF)
    except ProgramError as error:
        reason = forge.refused(error.said) or f"origin cannot be reached: {error.reason}"
        raise UpdateError(reason) from None
    return found.partition("\t")[0]


def _settled(pushed: str, attempt: Attempt) -> str:
    """Why there is nothing to do, "" where there is; UpdateError where people's work would go."""
    newest = attempt.after.release
    proposed = answers.parse(git("show", f"{pushed}:{answers.FILE}")).release
    commits = git("log", "--format=%ce%x09%h %an: %s", f"HEAD..{pushed}").splitlines()
    others = [line.partition("\t")[2] for line in commits if not line.startswith(f"{_EMAIL}\t")]
    if others and proposed == newest:
        return f"the branch {BRANCH} has {newest} and commits of people: it stays as it is"
    if others:
        raise UpdateError(
            f"the branch {BRANCH} has commits of people, and stays as it is: {', '.join(others)}. "
            f"Merge or delete it; the next run then proposes {newest}"
        )
    current = git("rev-parse", f"{pushed}^", "HEAD").split()
    if proposed == newest and current[0] == current[1] and (request := forge.find(BRANCH)):
        return f"{newest} is proposed already: {request.url}"
    return ""


def _title(attempt: Attempt) -> str:
    """A conventional commit, as the title of each request is."""
    return f"chore: update the template to {attempt.after.release}{_with_conflicts(attempt)}"


def _with_conflicts(attempt: Attempt) -> str:
    count = len(attempt.conflicts)
    return f" with {count} conflict{'s' if count > 1 else ''}" if count else ""


def _commit(attempt: Attempt) -> dict[str, str | None]:
    """Lock and commit, and check what is committed.

    What each target of make said where it failed, None where it passed.
    """
    folder, results = attempt.folder, {}
    results["lock"] = _make("lock", folder)
    message = [_title(attempt)]
    if attempt.conflicts:
        message.append("Markers of conflicts are left to be resolved by people in:")
        message.append(listed(attempt.conflicts))
    git("add", "--all", cwd=folder)
    author = [
        "-c",
        f"user.name={_NAME}",
        "-c",
        f"user.email={_EMAIL}",
        "-c",
        "commit.gpgsign=false",
    ]
    git(*author, "commit", "--quiet", "--file=-", cwd=folder, input="\n\n".join(message))
    results["check"] = _make("check", folder)
    return results


def _make(target: str, folder: Path) -> str | None:
    print(f"make {target} …", file=sys.stderr, flush=True)
    passed, said = make(target, folder)
    print(f"make {target}: {'passed' if passed else 'failed'}", file=sys.stderr, flush=True)
    return None if passed else "\n".join(said.splitlines()[-_LINES_SHOWN:])


def _body(attempt: Attempt, results: dict[str, str | None]) -> str:
    """What those who review it read."""
    parts = [report(attempt)]
    if attempt.conflicts:
        parts.append(
            "The files in conflict are committed with their markers, and `make check` fails until "
            f"people resolve them: `git switch {BRANCH}`, choose, commit, push."
        )
    checked = [
        f"`make {target}` {'failed' if said else 'passed'}" for target, said in results.items()
    ]
    parts += section("Lock and checks", listed(checked))
    parts += [
        f"What `make {it}` said last:\n\n````\n{said}\n````" for it, said in results.items() if said
    ]
    parts += section("The template's files with changes of yours", listed(_drift(attempt)))
    body = "\n\n".join(parts)
    cut = "\n\n… The rest is cut off: `make update-preview` shows all of it."
    return body if len(body) <= _BODY_AT_MOST else body[: _BODY_AT_MOST - len(cut)] + cut


def _drift(attempt: Attempt) -> list[str]:
    try:
        found = drift.find(attempt.folder, attempt.after, attempt.template)
    except UpdateError as error:
        return [str(error)]
    return [f"{code(name)}, {word}" for word, name in found.files if name not in attempt.conflicts]


def _push(folder: Path, pushed: str) -> None:
    """Put the branch at the forge, unless somebody has pushed there meanwhile."""
    lease = f"--force-with-lease={_REF}:{pushed}"
    try:
        git("push", "--quiet", lease, "origin", f"HEAD:{_REF}", cwd=folder)
    except ProgramError as error:
        rejected = [line.strip() for line in error.said.splitlines() if "rejected]" in line]
        reason = (rejected or [error.reason])[0]
        raise UpdateError(
            forge.refused(error.said) or f"the branch {BRANCH} cannot be pushed: {reason}"
        ) from None
