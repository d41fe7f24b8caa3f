"""The environments in deploy/ give the service settings that it can use."""

import json
from collections.abc import Iterator

from .. import description, service
from ..description import Setting
from . import environments
from .subject import Subject

OF_THE_IMAGE = {"SERVICE_BUILT_AT", "SERVICE_COMMIT", "SERVICE_VERSION"}
OF_A_MIGRATION = 2
OF_A_ROLLOUT = 2  # one that starts, and one that has not ended yet


def known_variables(subject: Subject) -> Iterator[str]:
    """Each variable is a setting, and is set once."""
    known = {name for setting in subject.described.settings for name in setting.variables}
    for environment in _environments():
        seen = set()
        for variable in environment.variables:
            name = variable.name
            if name in OF_THE_IMAGE:
                yield f"{variable.place}: the image sets {name}: delete it here"
            elif name not in known:
                yield f"{variable.place}: the service has no setting {name}: correct or delete it"
            if name in seen:
                yield f"{variable.place}: {name} is set before in {environment.name}: delete one"
            seen.add(name)


def usable_settings(subject: Subject) -> Iterator[str]:
    """The service would start with the settings of each environment, and stop gracefully."""
    examples = {
        name: setting.example
        for setting in subject.described.settings
        for name in setting.variables
    }
    given = {
        environment.name: {
            it.name: examples.get(it.name, "") if it.value is None else it.value
            for it in environment.variables
        }
        for environment in _environments()
    }
    said = description.run_in_service("settings_problems.py", json.dumps(given))
    problems: dict[str, list[str]] = json.loads(said)
    for environment in _environments():
        secrets = tuple(f"{it.name} " for it in environment.variables if it.value is None)
        for problem in problems[environment.name]:
            if not problem.startswith(secrets):  # their values are not known here
                yield f"{environment.file}: {problem}"
        if _number(subject, "SHUTDOWN_DELAY", given[environment.name]) == 0:
            yield (
                f"{environment.file}: SHUTDOWN_DELAY=0 cuts requests that are sent while the "
                "platform learns of a stop: set it to 5"
            )


def database_connections(subject: Subject) -> Iterator[str]:
    """The pools of all instances together fit the connections that the database allows."""
    if service.answers().database != "postgresql":
        return
    for environment in _environments():
        given = {it.name: it.value or "" for it in environment.variables}
        size = _number(subject, "DATABASE_POOL_SIZE", given)
        limit = _number(subject, "DATABASE_MAX_CONNECTIONS", given)
        instances = environment.max_instances + OF_A_ROLLOUT
        if size is None or limit is None:
            continue  # no number: the service would not start, which is another finding
        if (needed := instances * size + OF_A_MIGRATION) > limit:
            yield (
                f"{environment.file}: {instances} instances with {size:g} connections each, and a "
                f"migration, need {needed:g} connections, and DATABASE_MAX_CONNECTIONS is "
                f"{limit:g}: lower DATABASE_POOL_SIZE or the instances, or raise what the database "
                "allows"
            )


def _environments() -> list[environments.Environment]:
    return environments.of_service(service.answers().deploy)


def _number(subject: Subject, name: str, given: dict[str, str]) -> float | None:
    text = given.get(name) or _default(subject.described.settings, name)
    try:
        return float(text)
    except ValueError:
        return None


def _default(settings: tuple[Setting, ...], name: str) -> str:
    return next((setting.default for setting in settings if name in setting.variables), "")
