"""deploy/ gives the service settings that exist, all required ones, and values it can use."""

from pathlib import Path

import pytest
import yaml

from orders.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
OF_THE_IMAGE = {"SERVICE_BUILT_AT", "SERVICE_COMMIT", "SERVICE_VERSION"}
ENVIRONMENTS = sorted(path.parent.name for path in DEPLOY.glob("*/service.env"))


def settings(environment: str) -> list[tuple[str, str]]:
    """The variables of an environment that are no secrets, and their values."""
    lines = (DEPLOY / environment / "service.env").read_text(encoding="utf-8").splitlines()
    parts = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return [(name, value) for name, _, value in parts]


def secrets() -> list[str]:
    """The variables that come from the Secret."""
    deployment = yaml.safe_load((DEPLOY / "base" / "deployment.yaml").read_text(encoding="utf-8"))
    service = deployment["spec"]["template"]["spec"]["containers"][0]
    return [variable["name"] for variable in service["env"]]


def injected(environment: str) -> list[str]:
    """The variables that the service gets."""
    return [*(name for name, _ in settings(environment)), *secrets()]


def test_there_are_environments() -> None:
    assert {"production", "staging"} <= set(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_variable_is_a_setting(environment: str) -> None:
    names = injected(environment)
    assert len(names) == len(set(names)), "a variable is there twice"
    assert set(names) <= {name.upper() for name in Settings.model_fields} - OF_THE_IMAGE


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_required_setting_has_a_value(environment: str) -> None:
    fields = Settings.model_fields.items()
    required = {name.upper() for name, field in fields if field.is_required()}
    assert required <= set(injected(environment))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_service_can_use_them(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings(environment):
        monkeypatch.setenv(name, value)
    for name in secrets():
        monkeypatch.setenv(name, (Settings.model_fields[name.lower()].examples or [""])[0])
    assert Settings().shutdown_delay > 0, "requests are cut while nobody knows of the stop"
