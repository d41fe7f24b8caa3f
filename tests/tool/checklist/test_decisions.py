"""checklist.toml: each fault is a sentence that names the entry."""

from pathlib import Path

import pytest

from shipshape.checklist import decisions
from shipshape.checklist.decisions import ConfigurationError

from .made_up import days

WAIVER = {"check": '"ST1"', "reason": '"old"', "owner": '"team"', "expires": f"{days(30)}"}
ATTESTATION = {"check": '"SE10"', "by": '"A. Person"', "on": f"{days(-3)}", "evidence": '"a link"'}


def entry(kind: str, **changes: str) -> str:
    """A valid entry, but for the changes; empty leaves a value out."""
    values = (WAIVER if kind == "waiver" else ATTESTATION) | changes
    lines = [f"{name} = {value}" for name, value in values.items() if value]
    return "\n".join([f"[[{kind}]]", *lines, ""])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str) -> decisions.Decisions:
    decisions.FILE.write_text(text, "utf-8")
    return decisions.read()


def test_no_file_is_no_decision() -> None:
    assert decisions.read() == decisions.Decisions()


def test_valid() -> None:
    found = read(entry("waiver") + entry("attestation") + entry("waiver", check='"ST2"'))
    assert [it.check for it in found.waiver] == ["ST1", "ST2"]
    waiver, attestation = (found.waived("ST1"), found.attested("SE10"))
    assert waiver
    assert waiver.expires == days(30)
    assert attestation
    assert attestation.by == "A. Person"
    assert found.waived("SE10") is None


@pytest.mark.parametrize(("ahead", "valid"), [(-30, True), (0, True), (365, True), (366, False)])
def test_waiver_lasts_a_year_at_most(ahead: int, valid: bool) -> None:
    text = entry("waiver", expires=f"{days(ahead)}")
    if valid:
        assert read(text).waiver
    else:
        with pytest.raises(ConfigurationError, match="expires must be at most 365 days ahead$"):
            read(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (entry("waiver", owner=""), "checklist.toml: waiver 1: owner is missing"),
        (entry("waiver", expires=""), "checklist.toml: waiver 1: expires is missing"),
        (entry("waiver", reason='"  "'), "checklist.toml: waiver 1: reason must not be empty"),
        (entry("waiver", reason="3"), "checklist.toml: waiver 1: reason must be text in quotes"),
        (
            entry("waiver") + entry("waiver", check='"ST2"', expires='"soon"'),
            "checklist.toml: waiver 2: expires must be a date such as 2026-01-31",
        ),
        (
            entry("waiver", expires="true"),
            "checklist.toml: waiver 1: expires must be a date such as 2026-01-31",
        ),
        (entry("waiver", until="3"), "checklist.toml: waiver 1: until is not a known name"),
        (
            entry("attestation", on=f"{days(1)}"),
            "checklist.toml: attestation 1: on must not be in the future",
        ),
        (entry("attestation", by=""), "checklist.toml: attestation 1: by is missing"),
        (
            entry("waiver") + entry("waiver"),
            "checklist.toml: ST1 must be named once in each list",
        ),
        ("[waiver]\n", "checklist.toml: waiver must be tables such as [[waiver]]"),
        ("waiver = [3]\n", "checklist.toml: waiver 1: must be a table"),
        ("[[waivers]]\n", "checklist.toml: waivers is not a known name"),
        ("[[waiver]\n", "checklist.toml cannot be read: "),
    ],
)
def test_faults(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(text)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_a_sentence_for_each_fault() -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(entry("waiver", owner="", reason="") + entry("attestation", by=""))
    assert len(str(raised.value).splitlines()) == 3
