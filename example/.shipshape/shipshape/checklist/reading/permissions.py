"""What the tokens of GitHub's workflows may do."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .github import WORKFLOWS
from .marked_yaml import documents, place, within


@dataclass(frozen=True)
class Permissions:
    """The permissions of a workflow, or of a job; `given` is None where it says nothing."""

    of: str
    place: str
    given: Any

    @property
    def may_write(self) -> str:
        """The first scope that may be written; empty if none may."""
        if isinstance(self.given, dict):
            return next((name for name, access in self.given.items() if access == "write"), "")
        return "everything" if self.given == "write-all" else ""


@dataclass(frozen=True)
class Workflow:
    """A workflow and its jobs."""

    top: Permissions
    jobs: tuple[Permissions, ...]


def workflows() -> Iterator[Workflow]:
    for path in sorted(WORKFLOWS.glob("*.y*ml")):
        for document in documents(path):
            yield _workflow(path, document)


def _workflow(path: Path, document: Any) -> Workflow:
    jobs = within(document, "jobs").items()
    return Workflow(
        Permissions(
            f"the workflow {path.stem}", place(path, document), document.get("permissions")
        ),
        tuple(
            Permissions(f"the job {name}", place(path, job), job.get("permissions"))
            for name, job in jobs
        ),
    )
