"""What docs/how-to/run-a-fleet.md gives to Renovate and to multi-gitter is what they understand."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.render import ROOT
from tests.checks import run_tool
from tests.render.test_renovate import validated

FLEET = ROOT / "fleet"
PAGE = ROOT / "docs" / "how-to" / "run-a-fleet.md"
PRINT = {
    *("base-url", "concurrent", "error-output", "fetch-depth", "git-type", "group"),
    *("include-subgroups", "insecure", "log-file", "log-format", "log-level", "org", "output"),
    *("platform", "project", "repo", "token", "user", "username"),
}
"""The options of `multi-gitter print`, as its README lists them."""


def presets() -> list[str]:
    """What Renovate is given, in files and in the page."""
    shown = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert shown
    return [*shown, (FLEET / "renovate" / "default.json").read_text("utf-8")]


@pytest.mark.parametrize("text", presets(), ids=["service", "preset"])
def test_renovate_understands_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "renovate.json").write_text(text)
    run_tool(tmp_path, "check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json")


def test_a_fault_in_it_is_found(tmp_path: Path) -> None:
    preset = json.loads(presets()[-1])
    preset["packageRules"][0]["automerge"] = "when green"
    (tmp_path / "renovate.json").write_text(json.dumps(preset))
    with pytest.raises(AssertionError, match="automerge"):
        run_tool(
            tmp_path, "check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json"
        )


@pytest.mark.long
@pytest.mark.slow
def test_renovate_takes_the_preset(tmp_path: Path) -> None:
    """The service's own refers to a preset that a validator would have to fetch."""
    path = tmp_path / "renovate.json"
    path.write_text(presets()[-1])
    done = validated(path)
    assert done.returncode == 0, done.stdout + done.stderr
    path.write_text(presets()[-1].replace('"copier"', '"copied"'))
    assert validated(path).returncode == 1


def test_only_patches_are_merged_by_a_bot() -> None:
    """And none waits for an age: git's tags have no date for Renovate, which would never come."""
    rules = json.loads(presets()[-1])["packageRules"]
    merged = [rule.get("matchUpdateTypes") for rule in rules if rule.get("automerge")]
    assert merged == [["patch"]]
    assert not [rule for rule in rules if "minimumReleaseAge" in rule]
    assert "- **automerge of patches, once" in PAGE.read_text("utf-8")


def test_multi_gitter_understands_it() -> None:
    options = yaml.safe_load((FLEET / "multi-gitter.yaml").read_text("utf-8"))
    assert options.keys() <= PRINT
    assert options["fetch-depth"] == 0


def propose(folder: Path) -> str:
    """Run the program of a campaign, with stand-ins for what it calls."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("make", "python3"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [FLEET / "propose"], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_campaign_passes_other_repositories_by(tmp_path: Path) -> None:
    assert propose(tmp_path) == "this repository is not under the template"


def test_a_campaign_proposes_as_each_week(tmp_path: Path) -> None:
    (tmp_path / ".copier-answers.yml").write_text("")
    (tmp_path / "Makefile").write_text("update-propose:\n")
    assert propose(tmp_path) == "make --silent update-propose"


@pytest.mark.parametrize(
    ("folder", "command"),
    [(".shipshape", "python3 .shipshape"), ("scripts/update", "python3 -m scripts.update")],
    ids=["now", "up to 0.8.0"],
)
def test_a_campaign_proposes_to_who_has_another_makefile(
    tmp_path: Path, folder: str, command: str
) -> None:
    (tmp_path / ".copier-answers.yml").write_text("")
    (tmp_path / "Makefile").write_text("test:\n")
    (tmp_path / folder).mkdir(parents=True)
    assert propose(tmp_path) == f"{command} propose"
