"""What docs/release.md has people type is there: commands, targets, workflows and their inputs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.render import render

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORKFLOW = re.compile(r"`gh workflow run ([a-z.]+) ([^`]*)`")
TYPED = ["python3", ".shipshape"]
PARSE = """
import sys
sys.path.insert(0, ".shipshape")
from typer.main import get_command
from shipshape.command_line import app
group = get_command(app)
with group.make_context("shipshape", sys.argv[1:]) as context:
    name, command, rest = group.resolve_command(context, context._protected_args + context.args)
    command.make_context(name, rest, parent=context)
"""


@pytest.fixture(scope="module", params=["github", "gitlab"])
def service(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return render(template, tmp_path_factory.mktemp("page") / "orders", ci=request.param)


def commands(service: Path) -> list[list[str]]:
    """Each command of the page, as the shell takes it apart."""
    page = (service / "docs" / "release.md").read_text("utf-8")
    lines = "".join(BLOCK.findall(page)).splitlines()
    inline = re.findall(r"`((?:python3 .shipshape|make) [^`]*)`", page)
    return [shlex.split(line) for line in [*lines, *inline]]


def fault(service: Path, command: list[str]) -> str | None:
    """What is wrong with a command, found without running it."""
    if command == [*TYPED, "--help"] or command[0] in ("export", "git"):
        return None
    if command[:2] == TYPED:
        check = [sys.executable, "-c", PARSE, *command[2:]]
    elif command[0] == "make":
        check = ["make", "--dry-run", "--silent", *command[1:]]
    else:
        return f"nobody knows {command[0]}"
    done = subprocess.run(check, cwd=service, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else None


def test_commands_are_there(service: Path) -> None:
    found = commands(service)
    assert {".shipshape", "migrations"} <= {word for command in found for word in command}
    assert [(command, it) for command in found if (it := fault(service, command))] == []


@pytest.mark.parametrize(
    "command", ["make nothing", "python3 .shipshape rollback production 1.4.0", "helm upgrade"]
)
def test_a_command_that_is_not_there_is_noticed(service: Path, command: str) -> None:
    assert fault(service, shlex.split(command))


def test_what_starts_a_release_or_a_rollback_is_there(service: Path) -> None:
    page = (service / "docs" / "release.md").read_text("utf-8")
    if not (service / ".github").exists():
        pipeline = "".join(path.read_text("utf-8") for path in service.glob(".gitlab/ci/*.yml"))
        assert "\nplan:\n" in pipeline
        for variable in ("BUMP", "ENVIRONMENT", "VERSION", "REASON"):
            assert f"`{variable}`" in page
            assert f"${variable}" in pipeline
        return
    started = WORKFLOW.findall(page)
    assert [name for name, _ in started] == ["release.yml", "rollback.yml"]
    for name, options in started:
        workflow = yaml.safe_load((service / ".github" / "workflows" / name).read_text("utf-8"))
        given = [option.partition("=")[0] for option in shlex.split(options) if "=" in option]
        # YAML 1.1 reads the key `on` as a truth.
        assert set(given) <= set(workflow[True]["workflow_dispatch"]["inputs"])
