"""The jobs of GitHub Actions."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from . import marked_yaml
from .marked_yaml import within
from .pipelines import Event, Job, Step, commands, filled

WORKFLOWS = Path(".github/workflows")

_LOCAL = re.compile(r"(?:\.|\$)/(.+)")
_FILTERS = ("paths", "paths-ignore")


def jobs() -> Iterator[Job]:
    """Those of all workflows; a workflow that others call gives its jobs to them."""
    for file in sorted(WORKFLOWS.glob("*.y*ml")):
        workflow = _document(file)
        if events := _events(workflow.get("on")):
            yield from _of_workflow(file, workflow, events, {})


def _document(file: Path) -> Mapping[str, Any]:
    return next(iter(marked_yaml.documents(file)), {})


def _events(triggers: Any) -> frozenset[Event]:
    given = dict.fromkeys([triggers] if isinstance(triggers, str) else triggers or ())
    if isinstance(triggers, dict):
        given = {name: options or {} for name, options in triggers.items()}
    found = set()
    for name, options in given.items():
        everything = not any(it in (options or {}) for it in _FILTERS)
        match name:
            case "pull_request" | "pull_request_target" if everything:
                found.add(Event.CHANGE)
            case "push" if everything and "tags" not in (options or {}):
                branches = (options or {}).get("branches")
                found |= {Event.MAIN} if branches else {Event.MAIN, Event.CHANGE}
            case "workflow_dispatch":
                found.add(Event.MANUAL)
            case "schedule":
                found.add(Event.SCHEDULE)
    return frozenset(found)


def _of_workflow(
    file: Path, workflow: Mapping[str, Any], events: frozenset[Event], values: Mapping[str, str]
) -> Iterator[Job]:
    asked = tuple(within(workflow, "on", "workflow_dispatch", "inputs"))
    shared = {**values, **_named("env", workflow.get("env"), values)}
    for id, job in within(workflow, "jobs").items():
        happening = events - _excluded(str(job.get("if", "")))
        if called := _LOCAL.fullmatch(str(job.get("uses", ""))):
            inputs = _named("inputs", job.get("with"), shared)
            yield from _of_workflow(Path(called[1]), _document(Path(called[1])), happening, inputs)
            continue
        for entry in _matrix(job):
            given = shared | {f"matrix.{name}": value for name, value in entry.items()}
            label = f"{id} ({', '.join(entry.values())})" if entry else str(id)
            environment = job.get("environment", "")
            name = environment.get("name", "") if isinstance(environment, dict) else environment
            yield Job(
                name=filled(str(job.get("name", label)), given),
                place=marked_yaml.place(file, job),
                events=happening,
                steps=tuple(_steps(file, job, given)),
                blocks=job.get("continue-on-error") is not True,
                environment=filled(str(name), given),
                inputs=asked,
            )


def _excluded(condition: str) -> set[Event]:
    """The events that a condition of a job leaves out, as far as it names events."""
    names = {"pull_request": Event.CHANGE, "push": Event.MAIN, "workflow_dispatch": Event.MANUAL}
    only = set(re.findall(r"github\.event_name *== *'(\w+)'", condition))
    never = set(re.findall(r"github\.event_name *!= *'(\w+)'", condition))
    return {event for name, event in names.items() if name in never or only and name not in only}


def _matrix(job: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Each entry; an empty one for a job without a matrix, or with a computed one."""
    matrix = within(job, "strategy", "matrix")
    if not isinstance(matrix, dict):
        matrix = {}
    lists = {
        name: [str(it) for it in values]
        for name, values in matrix.items()
        if isinstance(values, list) and name not in ("include", "exclude")
    }
    if not lists and matrix.get("include"):
        for entry in matrix["include"]:
            yield {name: str(value) for name, value in entry.items()}
        return
    for values in product(*lists.values()):
        yield dict(zip(lists, values, strict=True))


def _steps(file: Path, job: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Step]:
    """The steps of a job or of an action, those of local actions in their place."""
    default_folder = within(job, "defaults", "run").get("working-directory", ".")
    for step in job.get("steps") or ():
        given = {**values, **_named("env", job.get("env"), values)}
        given |= _named("env", step.get("env"), given)
        if called := _LOCAL.fullmatch(str(step.get("uses", ""))):
            inputs = _named("inputs", step.get("with"), given)
            for action in sorted(Path(called[1]).glob("action.y*ml")):
                yield from _steps(action, within(_document(action), "runs"), inputs)
            continue
        place = marked_yaml.place(file, step)
        # A later step may fail the job in place of this one.
        asked_later = f"steps.{step.get('id')}.outcome" in str(job)
        blocks = step.get("continue-on-error") is not True or asked_later
        folder = str(step.get("working-directory", default_folder))
        for command in commands(filled(str(step.get("run", "")), given)):
            yield Step(place, command=command, blocks=blocks, folder=folder)
        if "uses" in step:
            inputs = _named("", step.get("with"), given)
            yield Step(place, action=str(step["uses"]), inputs=inputs, blocks=blocks)


def _named(scope: str, table: Any, values: Mapping[str, str]) -> dict[str, str]:
    """The values of a table by the names that expressions have for them; env in the shell too."""
    found = {}
    for name, value in (table or {}).items():
        text = filled(str(value), values)
        found[f"{scope}.{name}".lstrip(".")] = text
        if scope == "env":
            found[str(name)] = text
    return found
