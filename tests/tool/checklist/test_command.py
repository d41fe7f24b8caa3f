"""`shipshape checklist`: what it runs, its exit codes, and the checks of a team."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import shipshape
from shipshape.checklist import run
from shipshape.command_line import main

from .made_up import IMPORTS, PILLAR, days

FAILS = f"""\
{IMPORTS}

@check("ST3", "SIGTERM fails no request", level=Level.GOLD, kind=Kind.STATIC, **GOOD)
def test_signal(record):
    record.problem("nothing handles SIGTERM", "service.py:1")
"""
ATTESTED = f"""\
[[attestation]]
check = "ST13"
by = "A. Person"
on = {days(-1)}
evidence = "a link"
"""

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files of a service that has made-up checks, and is the current folder."""
    pillars = tmp_path / "pillars"
    pillars.mkdir()
    (pillars / "pillar.py").write_text(PILLAR, "utf-8")
    monkeypatch.setattr(run, "PILLARS", pillars)
    monkeypatch.setattr(run, "ORDER", ("pillar",))
    for name in [it for it in sys.modules if it.partition(".")[0] == "checklist"]:
        monkeypatch.delitem(sys.modules, name)
    service = tmp_path / "orders"
    service.mkdir()
    monkeypatch.chdir(service)

    def written(file: str, text: str) -> None:
        path = service / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    written("service.py", "")
    return written


def hold(write: Write, level: str) -> None:
    write(
        "catalog-info.yaml",
        f"kind: Component\nmetadata:\n  annotations:\n    shipshape/level: {level}\n",
    )


Said = pytest.CaptureFixture[str]


def test_level_reached_and_missing(write: Write, capsys: Said) -> None:
    hold(write, "silver")
    assert main(["checklist"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-3:] == [
        "2 pass, 1 unknown",
        "Level: silver",
        "All automatic checks of gold are clean. Missing: 1 attestation by a person.",
    ]
    assert said.err == "ST2: Liveness ignores dependencies …\n"


def test_higher_level_can_be_kept(write: Write, capsys: Said) -> None:
    assert main(["checklist"]) == 0
    sentence = "To keep silver, set `shipshape/level` in catalog-info.yaml to silver."
    assert sentence in capsys.readouterr().out


def test_lost_level(write: Write, capsys: Said) -> None:
    hold(write, "gold")
    assert main(["checklist"]) == 2
    assert "The service is below gold, the level that it holds." in capsys.readouterr().out
    write("checklist.toml", ATTESTED)
    assert main(["checklist"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Level: gold"


@pytest.mark.parametrize(
    ("held", "arguments", "status"),
    [
        ("silver", [], 0),
        ("gold", [], 1),
        ("silver", ["--level", "gold"], 1),
        ("gold", ["--level", "silver"], 0),
        ("silver", ["--static"], 0),
        ("gold", ["--static"], 1),
        ("silver", ["--static", "--level", "gold"], 1),
        ("silver", ["ST3"], 1),
        ("silver", ["ST3", "--level", "silver"], 0),
        ("gold", ["ST1"], 0),
        ("silver", ["ST13"], 2),
        ("none", [], 0),
        ("none", ["ST3"], 1),
    ],
)
def test_exit_code(write: Write, held: str, arguments: list[str], status: int) -> None:
    hold(write, held)
    write("checklist/ours.py", FAILS)
    assert main(["checklist", *arguments]) == status


def test_no_level_without_all_checks(write: Write, capsys: Said) -> None:
    for arguments in (["--static"], ["ST1"]):
        assert main(["checklist", *arguments]) == 0
        said = capsys.readouterr()
        assert "Level:" not in said.out
        assert "The level is known when all checks run" in said.out
        assert "ST2" not in said.out + said.err


def test_files(write: Write) -> None:
    names = ("a.md", "a.json", "b.json", "new/a.sarif", "a.svg", "a.html")
    assert main(["checklist", *(it for name in names for it in ("--write", name))]) == 0
    assert all(Path(name).read_text("utf-8") for name in names)
    assert json.loads(Path("b.json").read_text("utf-8"))["level"] == "silver"


def test_files_of_a_failing_service(write: Write) -> None:
    write("checklist/ours.py", FAILS)
    assert main(["checklist", "--level", "gold", "--write", "a.json"]) == 1
    assert json.loads(Path("a.json").read_text("utf-8"))["missing"] == ["ST13", "ST3"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--write", "a.txt"], "a.txt must end with one of .html, .json, .md, .sarif, .svg"),
        (["--write", "a.md", "--write", "b"], "b must end with one of .html, .json"),
        (["--write", "a.svg", "--static"], "a.svg shows the level, which needs all checks"),
        (["--write", "a.svg", "ST1"], "a.svg shows the level, which needs all checks"),
        (["ST99"], "there is no check ST99"),
        (["ST2", "--static"], "ST2 has no static check"),
        (["--explain", "ST99"], "there is no check ST99"),
    ],
)
def test_nothing_runs_with_wrong_arguments(
    write: Write, capsys: Said, arguments: list[str], sentence: str
) -> None:
    assert main(["checklist", *arguments]) == 3
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"error: {sentence}")
    assert not Path("a.md").exists()


def test_file_that_cannot_be_written(write: Write, capsys: Said) -> None:
    assert main(["checklist", "ST1", "--write", "service.py/a.md"]) == 3
    assert "error: service.py/a.md cannot be written: " in capsys.readouterr().err


def test_unknown_level(write: Write, capsys: Said) -> None:
    assert main(["checklist", "--level", "platinum"]) == 2
    assert "'platinum' is not one of 'bronze', 'silver', 'gold'" in capsys.readouterr().err


def test_explanation(write: Write, capsys: Said) -> None:
    write("checklist.toml", "broken")
    write("checklist/ours.py", FAILS.replace("ST3", "ST2"))
    assert main(["checklist", "--explain", "ST2"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines() == [
        "ST2  Liveness ignores dependencies",
        "  Stability, level silver, dynamic",
        "  Why: It breaks.",
        "  Fix: Run `make fix`.",
        "  Sources: Google",
        "ST2  SIGTERM fails no request",
        "  Stability, level gold, static",
        "  Why: It breaks.",
        "  Fix: Run `make fix`.",
        "  Sources: Google",
    ]


def test_explanation_shows_how_to_attest(write: Write, capsys: Said) -> None:
    assert main(["checklist", "--explain", "ST13"]) == 0
    said = capsys.readouterr().out
    assert "A person attests it for 180 days, in checklist.toml:" in said
    assert '    [[attestation]]\n    check = "ST13"\n' in said


# -- What a team adds ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (
            "checklist/ours.py",
            "import nothing_of_the_kind\n",
            "checklist/ours.py: ModuleNotFoundError: No module named 'nothing_of_the_kind'",
        ),
        ("checklist/ours.py", "def (:\n", "checklist/ours.py: SyntaxError: invalid syntax"),
        (
            "checklist/ours.py",
            "def test_it():\n    pass\n",
            "checklist/ours.py::test_it is not a check: mark it with `@check(…)`",
        ),
        (
            "checklist/ours.py",
            FAILS.replace("ST3", "St3"),
            "checklist/ours.py: ValueError: 'St3' is not a check id",
        ),
        (
            "checklist/ours.py",
            FAILS.replace("Level.GOLD", '"gold"'),
            "checklist/ours.py: TypeError: ST3 needs a level in place of 'gold'",
        ),
        (
            "checklist/ours.py",
            FAILS.replace("ST3", "ST1"),
            "ST1 has more than one static check: give each an id of its own",
        ),
        ("checklist.toml", "waiver = 3\n", "checklist.toml: waiver must be tables"),
        (
            "checklist.toml",
            ATTESTED.replace("ST13", "ST1"),
            "checklist.toml: there is no external check ST1 to attest",
        ),
        (
            "checklist.toml",
            f'[[waiver]]\ncheck = "ST9"\nreason = "a"\nowner = "b"\nexpires = {days(9)}\n',
            "checklist.toml: there is no check ST9 to waive",
        ),
        (
            "catalog-info.yaml",
            "kind: Component\nmetadata: {annotations: {shipshape/level: best}}\n",
            "catalog-info.yaml: shipshape/level is 'best': it must be none, bronze, silver or gold",
        ),
        (".copier-answers.yml", "{", ".copier-answers.yml cannot be read: "),
    ],
)
def test_invalid_configuration(
    write: Write, capsys: Said, file: str, text: str, sentence: str
) -> None:
    write(file, text)
    assert main(["checklist"]) == 3
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"error: {sentence}")


def test_checks_of_a_team_run_last(write: Write, capsys: Said) -> None:
    write("checklist/ours.py", FAILS.replace("ST3", "OURS1"))
    assert main(["checklist", "--write", "a.json"]) == 0
    checks = json.loads(Path("a.json").read_text("utf-8"))["checks"]
    assert [it["id"] for it in checks] == ["ST1", "ST2", "ST13", "OURS1"]
    assert checks[-1]["pillar"] == "OURS"
    assert "FAIL OURS1  SIGTERM fails no request" in capsys.readouterr().out


def test_what_a_check_can_do(write: Write, capsys: Said) -> None:
    write(
        "checklist/ours.py",
        f"""\
{IMPORTS}
import pytest

@pytest.fixture
def half():
    raise OSError("no half")

def a(number):
    return check(f"OURS{{number}}", "A title", level=Level.GOLD, kind=Kind.STATIC, **GOOD)

@a(1)
def test_1(subject): assert subject.name == "another", "it is called otherwise"
@a(2)
def test_2(): not_applicable("there is no queue")
@a(3)
def test_3(): unknown("there is no docker")
@a(4)
def test_4(record): pass
@a(5)
def test_5(record): open("nothing")
@a(6)
def test_6(half): pass
""",
    )
    assert main(["checklist", "--static", "--write", "a.json"]) == 0
    checks = json.loads(Path("a.json").read_text("utf-8"))["checks"][1:]
    found = [(it["status"], it["evidence"][0]["text"]) for it in checks]
    assert found == [
        ("fail", "it is called otherwise"),
        ("not applicable", "there is no queue"),
        ("unknown", "there is no docker"),
        ("error", "it shows no evidence: call `record.shows(…)`"),
        ("error", "FileNotFoundError: [Errno 2] No such file or directory: 'nothing'"),
        ("error", "OSError: no half"),
    ]
    assert checks[4]["evidence"][0]["file"] == "checklist/ours.py"


def test_settings_of_the_services_tests_do_not_matter(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    write("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--no-such-option'\n")
    write("conftest.py", "1 / 0\n")
    assert main(["checklist"]) == 0


def test_stopped_by_hand(write: Write, capsys: Said) -> None:
    write("checklist/ours.py", FAILS.replace("record.problem", "raise KeyboardInterrupt  #"))
    assert main(["checklist"]) == 130
    assert capsys.readouterr().err.endswith("error: stopped\n")


def test_other_commands_do_not_wait_for_pytest() -> None:
    code = "import sys, shipshape.command_line; print('pytest' in sys.modules)"
    path = {**os.environ, "PYTHONPATH": str(Path(shipshape.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True)
    assert done.stdout == "False\n"
