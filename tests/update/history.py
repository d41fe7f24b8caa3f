"""The template's releases and its working tree, as one repository that services update from."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy, run_update

from scripts import releases
from scripts.render import PARTS, ROOT
from tests.repositories import commit, git, initialise, release

NOW = "v9999.0.0"
"""The tag of the working tree, which is newer than any release."""
NEXT = "v9999.0.1"
"""That of what a test makes of it."""

COMMITS = {each.tag: each.commit for each in releases.read()}
RELEASES = list(COMMITS)

EARLIER_PARTS = (
    "generated",
    "locks",
    "messages.jinja",
    "pins.jinja",
    "promise.jinja",
    "reserved-names.jinja",
)
"""What Copier read of releases up to 0.7.0, beside PARTS."""

Answers = Mapping[str, Any]


def of_release(tag: str, number: int) -> list[pytest.MarkDecorator]:
    """The marks of a test of a release: `make test` takes the oldest and the newest of them."""
    marks = [pytest.mark.xdist_group(f"update-{number % 2}")]
    return [*marks, pytest.mark.long] if tag in RELEASES[1:-1] else marks


def make(folder: Path) -> Path:
    """The repository: a commit and a tag for each, of what Copier reads and nothing else."""
    git(ROOT, "clone", "--quiet", "--no-checkout", "--no-tags", str(ROOT), str(folder))
    git(folder, "read-tree", "--empty")
    git(folder, f"--work-tree={ROOT}", "add", "--", *PARTS)
    tags = {**COMMITS, NOW: git(folder, "write-tree").strip()}
    parents: list[str] = []
    for tag, tree in tags.items():
        listed = git(folder, "ls-tree", tree, "--", *PARTS, *EARLIER_PARTS)
        reduced = git(folder, "mktree", given=listed).strip()
        made = git(folder, "commit-tree", reduced, *parents, "-m", f"feat: {tag}").strip()
        git(folder, "tag", tag, made)
        parents = ["-p", made]
    git(folder, "repack", "--quiet", "-a", "-d")  # each update clones it several times
    git(folder, "checkout", "--quiet", "--force", "-B", "main", NOW)
    return folder


def fork(history: Path, folder: Path) -> Path:
    """A copy to change, and to release as `NEXT`."""
    git(history, "clone", "--quiet", str(history), str(folder))
    return folder


def release_next(template: Path) -> None:
    """Release what a fork has become."""
    release(template, NEXT)


def configuration(tag: str) -> dict[str, Any]:
    """The copier.yml of a release, or of the working tree."""
    here = (ROOT / "copier.yml").read_text("utf-8")
    text = here if tag == NOW else git(ROOT, "show", f"{COMMITS[tag]}:copier.yml")
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def questions(tag: str) -> dict[str, Any]:
    """The questions that a release asks."""
    return {
        name: question
        for name, question in configuration(tag).items()
        if not name.startswith("_") and question.get("when") is not False
    }


def choices(question: Mapping[str, Any]) -> list[Any]:
    """What a question offers."""
    offered = question["choices"]
    return list(offered.values() if isinstance(offered, dict) else offered)


# Answers that are not the defaults, as far as a release asks for them.
TEXTS = {
    "description": '"Öffnen" {{ 7*7 }} it\'s <b>`x`</b> # no: comment 🫖',
    "owner": "@Some-Organisation/the.team_1-a",
    "contact": "https://chat.example.com:8443/room/#orders?a=b&c=%20~d",
    "image": "registry.example.com:5000/some/group/orders",
}


def sets(tag: str) -> list[dict[str, Any]]:
    """Sets of answers to a release: all defaults, all second choices, then mixed ones.

    As many as the question with most choices has, so that each choice is in one.
    """
    asked = questions(tag)
    offered = {name: choices(each) for name, each in asked.items() if "choices" in each}
    made: list[dict[str, Any]] = []
    for number in range(max(map(len, offered.values()))):
        # After each round through its choices a question moves on by its position, so that not
        # all questions go round together.
        chosen = {
            name: values[(number + number // len(values) * position) % len(values)]
            for position, (name, values) in enumerate(offered.items())
        }
        texts = {name: text for name, text in TEXTS.items() if name in asked} if number == 1 else {}
        made.append({"service": "orders", **chosen, **texts})
    return made


def copy(template: Path, folder: Path, tag: str, answers: Answers) -> Path:
    """`copier copy --defaults`, without trust."""
    run_copy(
        str(template), folder, dict(answers), vcs_ref=tag, defaults=True, unsafe=False, quiet=True
    )
    return folder


def update(service: Path, **answers: str) -> None:
    """`copier update --defaults`, without trust, to the newest release."""
    run_update(str(service), answers, defaults=True, overwrite=True, unsafe=False, quiet=True)


def answers_of(service: Path) -> dict[str, Any]:
    """What Copier has recorded, without what it says of the template."""
    recorded = yaml.safe_load((service / ".copier-answers.yml").read_text("utf-8"))
    return {name: answer for name, answer in recorded.items() if not name.startswith("_")}


def point_at(service: Path, template: Path) -> None:
    """Have a service updated from another place."""
    path = service / ".copier-answers.yml"
    answers = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump(answers | {"_src_path": str(template)}), "utf-8")
    commit(service, "chore: another template")


class Services:
    """Services of any release, each made once and copied for each test."""

    def __init__(self, history: Path, folder: Path) -> None:
        self.history = history
        self.folder = folder
        self._made: dict[object, Path] = {}

    def fresh(self, tag: str, answers: Answers) -> Path:
        """A service that nothing has happened to, in git; not to be changed."""
        key = tag, repr(sorted(answers.items()))
        if key not in self._made:
            self._made[key] = initialise(copy(self.history, self._next(), tag, answers))
        return self._made[key]

    def updated(
        self,
        tag: str,
        answers: Answers,
        edit: Callable[[Path, str, Answers], None] | None = None,
    ) -> Path:
        """One that was edited, if so, and then updated without a commit; not to be changed."""
        key = tag, repr(sorted(answers.items())), edit, NOW
        if key not in self._made:
            service = shutil.copytree(self.fresh(tag, answers), self._next(), symlinks=True)
            if edit:
                edit(service, tag, answers)
            update(service)
            self._made[key] = service
        return self._made[key]

    def _next(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder)) / "orders"

    def mine(self, tag: str, answers: Answers, folder: Path) -> Path:
        """The same, to do anything with."""
        return shutil.copytree(self.fresh(tag, answers), folder / "orders", symlinks=True)
