"""The results in Markdown."""

import re
from pathlib import Path

from shipshape.checklist.check import Evidence, Status
from shipshape.checklist.output import markdown
from shipshape.checklist.output.places import Repository

from .made_up import RESULTS, a_result, a_summary


def test_level_first_then_what_to_fix_then_all() -> None:
    text = markdown.text(a_summary())
    parts = [
        "## Level: bronze (orders)",
        "Missing for silver: ST4, ST6.",
        "### ❌ fail ST4: Title of ST4",
        "- service.py:12: the call `get` | &lt;b&gt;has&lt;/b&gt; no limit",
        "**Why:** Why of ST4.",
        "**Fix:** Run `make st4`.",
        "### ❔ unknown ST6: Title of ST6",
        "### Waiting for a person",
        "- SE10 Title of SE10: evidence of SE10",
        "### Warnings",
        "- ST5 Title of ST5: the waiver expires soon",
        "<details><summary>All 7 checks</summary>",
        "| DX1 Title of DX1 | ✅ pass | bronze | evidence of DX1 |",
        "</details>",
    ]
    positions = [text.index(part) for part in parts]
    assert positions == sorted(positions)


def test_table_has_a_row_for_each_check() -> None:
    text = markdown.text(a_summary())
    rows = [line for line in text.splitlines() if re.match(r"\| [A-Z]{2}\d+ ", line)]
    assert len(rows) == len(RESULTS)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)


def test_nothing_is_wrong() -> None:
    text = markdown.text(a_summary([a_result()]))
    assert text.startswith("## Level: gold (orders)\n")
    assert "###" not in text.partition("<details>")[0]


def test_evidence_links_to_its_file(evidence_file: Path) -> None:
    repository = Repository(files="https://github.com/acme/orders/blob/abc")
    text = markdown.text(a_summary(repository=repository))
    link = "https://github.com/acme/orders/blob/abc/service.py#L12"
    assert f"- [service.py:12]({link}): the call" in text


def test_texts_cannot_break_the_page() -> None:
    evidence = Evidence("a\nb </details> *c* [d](e) # f", "x|y")
    text = markdown.text(a_summary([a_result("ST1", Status.FAIL, evidence)]))
    assert r"- x|y: a b &lt;/details&gt; \*c\* \[d\](e) \# f" in text
    assert r"| x\|y: a b &lt;/details&gt; \*c\*" in text
