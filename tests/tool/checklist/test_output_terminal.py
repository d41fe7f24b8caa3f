"""The results at the terminal: complete in a pipe, without colours, and in a narrow window."""

import pytest
from rich.console import Console
from rich.text import Text

from shipshape.checklist.check import Level, Status
from shipshape.checklist.output import terminal

from .made_up import RESULTS, WAITING, a_result, a_summary, days


@pytest.fixture
def at_width(monkeypatch: pytest.MonkeyPatch) -> "list[int]":
    """The width of a terminal with colours; a test may change it."""
    width = [80]

    def console() -> Console:
        return Console(
            width=width[0], force_terminal=True, color_system="standard", highlight=False
        )

    monkeypatch.setattr(terminal, "console", console)
    return width


def test_everything_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(a_summary())
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [
        "",
        "Developer experience",
        "DX1   Title of DX1                         pass            bronze  evidence of DX1",
    ]
    start = lines.index("FAIL ST4  Title of ST4 (silver, static)")
    assert lines[start:] == [
        "FAIL ST4  Title of ST4 (silver, static)",
        "  service.py:12: the call `get` | <b>has</b> no limit",
        "  GET /slow: it took 61 s",
        "  Why: Why of ST4.",
        "  Fix: Run `make st4`.",
        "",
        "UNKNOWN ST6  Title of ST6 (silver, dynamic)",
        "  evidence of ST6",
        "  Why: Why of ST6.",
        "  Fix: Run `make st6`.",
        "",
        f"ERROR ST7  Title of ST7 (gold, static, counts from {RESULTS[5].check.enforced_from})",
        "  evidence of ST7",
        "  Why: Why of ST7.",
        "  Fix: Run `make st7`.",
        "",
        "Waiting for a person, who attests them in checklist.toml",
        "  SE10  Title of SE10: evidence of SE10",
        "",
        "Warnings",
        "  ST5  Title of ST5: the waiver expires soon",
        "",
        "1 pass, 1 waived, 1 not applicable, 1 fail, 2 unknown, 1 error",
        "Level: bronze",
        "The service is below silver, the level that it holds.",
        "Missing for silver: ST4, ST6.",
    ]


def test_pipe_has_a_fixed_width_and_no_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    terminal.show(a_summary())
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) == terminal.WIDTH


def test_colours_only_add_to_words(
    at_width: list[int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.show(a_summary())
    assert "\x1b[1;31mfail" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.show(a_summary())
    said = capsys.readouterr().out
    assert "\x1b[1;31m" not in said
    assert all(word in said for word in ("pass", "fail", "unknown", "waived", "not applicable"))


@pytest.mark.parametrize("width", [40, 60, 80, 109, 200])
def test_any_width(at_width: list[int], capsys: pytest.CaptureFixture[str], width: int) -> None:
    at_width[0] = width
    terminal.show(a_summary(RESULTS * 2))
    said = capsys.readouterr().out

    lines = Text.from_ansi(said).plain.splitlines()
    assert max(map(len, lines)) <= width
    assert any("evidence" in line for line in lines)


def test_markup_in_texts_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    result = a_result("ST1", title="The list [bold]of[/] :smile: names")
    terminal.show(a_summary([result]))
    assert "The list [bold]of[/] :smile: names" in capsys.readouterr().out


def test_only_attestations_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(a_summary([a_result(), WAITING]))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Level: silver",
        "All automatic checks of gold are clean. Missing: 1 attestation by a person.",
    ]


def test_gold(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(a_summary([a_result()], held=Level.GOLD))
    assert capsys.readouterr().out.splitlines()[-2:] == ["1 pass", "Level: gold"]


def test_lowest_level_is_first() -> None:
    failing = [
        a_result("ST1", Status.FAIL, level=Level.BRONZE, enforced_from=days(1)),
        a_result("ST2", Status.FAIL, level=Level.GOLD),
        a_result("ST3", Status.UNKNOWN, level=Level.BRONZE),
        a_result("ST4", Status.FAIL, level=Level.BRONZE),
    ]
    found = [it.check.id for it in a_summary(failing).problems]
    assert found == ["ST3", "ST4", "ST2", "ST1"]
