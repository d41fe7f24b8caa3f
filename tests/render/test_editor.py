"""The files for editors and coding agents name what is there, and the tools of the service."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml


def read(service: Path, name: str) -> dict[str, Any]:
    """A JSON file without comments."""
    found: dict[str, Any] = json.loads((service / name).read_text("utf-8"))
    return found


def targets(service: Path) -> set[str]:
    """The targets of the Makefile."""
    return {*re.findall(r"^([a-z-]+):", (service / "Makefile").read_text("utf-8"), re.MULTILINE)}


def faults(service: Path, page: str) -> list[str]:
    """What a page names, and what is not there."""
    code = re.findall(r"`([^`\n]+)`", page)
    commands = [it.partition("=")[0].split() for it in code if it.startswith("make ")]
    called = {word for it in commands for word in it[1:] if len(word) > 1}
    made = {"local.mk", "compose.override.yaml", ".env", ".venv", ".venv/bin"}
    paths = {it for it in code if re.fullmatch(r"[\w./-]+", it) and re.search(r"[./]", it)} - made
    paths |= {*re.findall(r"\]\(([^)]+)\)", page)}
    return [
        *sorted(f"there is no target {name}" for name in called - targets(service)),
        *sorted(
            f"there is no {path}" for path in paths if not list(service.rglob(path.strip("/")))
        ),
    ]


def test_what_agents_are_told_is_there(service: Path) -> None:
    page = (service / "AGENTS.md").read_text("utf-8")
    assert faults(service, page) == []
    assert len(page.splitlines()) < 70
    assert {"check", "schema", "format"} <= targets(service)


@pytest.mark.parametrize("text", ["`make chekc`", "`src/nowhere/`", "[a](docs/nowhere.md)"])
def test_a_fault_is_found(service: Path, text: str) -> None:
    assert len(faults(service, text)) == 1


def test_the_development_container_is_that_of_the_service(service: Path) -> None:
    container = read(service, ".devcontainer/devcontainer.json")
    answers = yaml.safe_load((service / ".copier-answers.yml").read_text("utf-8"))
    assert container["image"].endswith(f"/python:{answers['python']}")
    assert container["remoteUser"] != "root"
    settings = (service / ".env.example").read_text("utf-8")
    for port in container["forwardPorts"]:
        assert container["portsAttributes"][str(port)]["label"]
        assert re.search(rf"PORT={port}$", settings, re.MULTILINE)
    [extensions] = read(service, ".vscode/extensions.json").values()
    assert container["customizations"]["vscode"]["extensions"] == extensions
    assert extensions == sorted(extensions)


def test_the_editor_uses_the_tools_of_the_lock(service: Path) -> None:
    settings = read(service, ".vscode/settings.json")
    lock = tomllib.loads((service / "poetry.lock").read_text("utf-8"))
    locked = {package["name"] for package in lock["package"]}
    tools = {
        name.partition(".")[0]
        for name, value in settings.items()
        if name.endswith(".importStrategy") and value == "fromEnvironment"
    }
    assert len(tools) == 4
    assert {re.sub("-(formatter|type-checker)$", "", tool) for tool in tools} <= locked
    extensions = read(service, ".vscode/extensions.json")["recommendations"]
    assert {f"ms-python.{tool}" for tool in tools} <= {*extensions}
    assert settings["[python]"]["editor.defaultFormatter"] in extensions
