"""The jobs of GitLab CI."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from . import marked_yaml
from .marked_yaml import within
from .pipelines import Event, Job, Step, commands, filled

FILE = Path(".gitlab-ci.yml")

_NO_JOBS = {"after_script", "before_script", "cache", "default", "image", "include", "services"}
_NO_JOBS |= {"spec", "stages", "variables", "workflow"}
_SCRIPTS = ("before_script", "script", "after_script")

_BRANCH = {"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BRANCH": "main"}
_PIPELINES: list[tuple[Event, dict[str, str]]] = [
    (Event.CHANGE, {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "1"}),
    (Event.CHANGE, {"CI_PIPELINE_SOURCE": "push", **_BRANCH, "CI_COMMIT_BRANCH": "a-change"}),
    (Event.MAIN, {"CI_PIPELINE_SOURCE": "push", **_BRANCH}),
    (Event.MANUAL, {"CI_PIPELINE_SOURCE": "web", **_BRANCH}),
    (Event.SCHEDULE, {"CI_PIPELINE_SOURCE": "schedule", **_BRANCH}),
]
"""The pipelines that GitLab may start, with the variables that rules ask for."""

_COMPARISON = re.compile(r"\$(\w+)\s*(?:(==|!=|=~|!~)\s*(.+))?")


@dataclass(frozen=True)
class _File:
    path: Path
    document: Mapping[str, Any]
    rules: list[Any]
    """When it is included; always without any."""


def jobs() -> Iterator[Job]:
    """Those of .gitlab-ci.yml and of the local files that it includes."""
    if not FILE.exists():
        return
    files = list(_files(FILE, []))
    together: dict[str, Any] = {}
    for file in files:
        variables = _merged(together.get("variables") or {}, file.document.get("variables") or {})
        together |= {**file.document, "variables": variables}
    for file in files:
        for name in file.document:
            if name not in _NO_JOBS and not name.startswith("."):
                yield from _jobs(name, file, together)


def _files(path: Path, rules: list[Any]) -> Iterator[_File]:
    document: Mapping[str, Any] = next(iter(marked_yaml.documents(path)), {})
    yield _File(path, document, rules)
    included = document.get("include") or []
    for entry in included if isinstance(included, list) else [included]:
        local = entry if isinstance(entry, str) else entry.get("local", "")
        for found in sorted(Path().glob(local.lstrip("/"))) if local else ():
            yield from _files(found, [] if isinstance(entry, str) else entry.get("rules") or [])


def _jobs(name: str, file: _File, together: Mapping[str, Any]) -> Iterator[Job]:
    job = _resolved(file.document[name], together)
    events = frozenset(_events(job, file, within(together, "workflow", "rules") or []))
    variables = {**together["variables"], **(job.get("variables") or {})}
    known = {it: str(value) for it, value in variables.items() if not isinstance(value, dict)}
    asked = file.document.get("variables") or {}
    environment = job.get("environment", "")
    to = environment.get("name", "") if isinstance(environment, dict) else environment
    for entry in _matrix(job):
        given = known | entry
        place = marked_yaml.place(file.path, file.document[name])
        script = [it for key in _SCRIPTS for it in _flat(job.get(key), together)]
        yield Job(
            name=f"{name}: [{', '.join(entry.values())}]" if entry else name,
            place=place,
            events=events,
            steps=tuple(
                Step(place, command=it) for it in commands(filled("\n".join(script), given))
            ),
            blocks=not job.get("allow_failure"),
            environment=filled(str(to), given),
            inputs=tuple(it for it, value in asked.items() if isinstance(value, dict)),
        )


def _resolved(job: Mapping[str, Any], together: Mapping[str, Any]) -> dict[str, Any]:
    """A job with what it extends, and with the defaults of all."""
    extended = job.get("extends") or []
    found: dict[str, Any] = {}
    for name in [extended] if isinstance(extended, str) else extended:
        found = _merged(found, _resolved(together.get(name) or {}, together))
    return _merged(found, job)


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for name, value in other.items():
        nested = isinstance(value, dict) and isinstance(both.get(name), dict)
        both[name] = _merged(both[name], value) if nested else value
    return both


def _flat(script: Any, together: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a script, with those of the scripts that it refers to."""
    if isinstance(script, str):
        yield script
    elif isinstance(script, list):
        if getattr(getattr(script, "tag", None), "value", None) == "!reference":
            name, *keys = script
            referred = within(_resolved(together.get(name) or {}, together), *keys)
            yield from _flat(referred, together)
        else:
            for it in script:
                yield from _flat(it, together)


def _matrix(job: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    parallel = job.get("parallel")
    for entry in within(parallel, "matrix") or [{}]:
        lists = {
            name: [str(it) for it in (values if isinstance(values, list) else [values])]
            for name, values in entry.items()
        }
        for values in product(*lists.values()):
            yield dict(zip(lists, values, strict=True))


# -- When a job runs -------------------------------------------------------------------------------


def _events(job: Mapping[str, Any], file: _File, workflow: list[Any]) -> Iterator[Event]:
    for event, variables in _PIPELINES:
        merge_request = variables["CI_PIPELINE_SOURCE"] == "merge_request_event"
        if workflow and _matching(workflow, variables) is None:
            continue
        if file.rules and _matching(file.rules, variables) is None:
            continue
        when = str(job.get("when", "on_success"))
        if rules := job.get("rules"):
            rule = _matching(rules, variables)
            if rule is None:
                continue
            when = str(rule.get("when", when))
        elif "only" in job and not _named(job["only"], variables):
            continue
        elif merge_request and not workflow:  # by default, jobs run for branches alone
            continue
        if when != "never":
            yield Event.MANUAL if when == "manual" else event


def _matching(rules: list[Any], variables: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The first rule that applies whatever a change touches, unless it says never."""
    for rule in rules:
        if "changes" in rule or "exists" in rule:
            continue
        if holds(str(rule.get("if", "")), variables):
            found: Mapping[str, Any] = rule
            return None if rule.get("when") == "never" else found
    return None


def holds(expression: str, variables: Mapping[str, str]) -> bool:
    """Whether an `if` of a rule is true; an empty one is."""
    return any(
        all(_compared(part.strip(" ()"), variables) for part in alternative.split("&&"))
        for alternative in expression.split("||")
    )


def _compared(part: str, variables: Mapping[str, str]) -> bool:
    found = _COMPARISON.fullmatch(part)
    if not found:
        return not part
    name, operator, right = found.groups()
    left = variables.get(name, "")
    if operator is None:
        return bool(left)
    if operator in ("=~", "!~"):
        pattern = re.sub(r"^/|/i?$", "", right)
        return bool(re.search(pattern, left)) is (operator == "=~")
    wanted = "" if right == "null" else filled(right.strip("\"'"), variables)
    return (left == wanted) is (operator == "==")


def _named(only: Any, variables: Mapping[str, str]) -> bool:
    """Whether the older `only` names this pipeline."""
    refs = within(only, "refs") if isinstance(only, dict) else only
    source = variables["CI_PIPELINE_SOURCE"]
    names = {
        "merge_request_event": {"merge_requests"},
        "push": {"branches", "pushes", variables.get("CI_COMMIT_BRANCH", ""), "master"},
        "web": {"web"},
        "schedule": {"schedules"},
    }[source]
    return bool(names & {str(it) for it in ([refs] if isinstance(refs, str) else refs or ())})
