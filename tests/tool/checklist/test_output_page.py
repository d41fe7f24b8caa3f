"""The page in HTML: complete, safe, and for everyone."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from shipshape.checklist.check import Evidence, Kind, Level, Status
from shipshape.checklist.output import page
from shipshape.checklist.output.places import Repository
from shipshape.checklist.output.summary import Summary

from .made_up import RESULTS, WAITING, a_result, a_summary

_EMPTY = {"meta", "link", "br", "hr", "img"}


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, summary: Summary) -> None:
        super().__init__()
        self.source = page.text(summary)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self._opened: list[str] = []
        self.feed(self.source)
        assert not self._opened, "an element is not closed"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for each, attributes in self.elements if each == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._opened.pop() == tag, f"{tag} is closed where another element is open"

    def handle_data(self, data: str) -> None:
        if self._opened and self._opened[-1] != "style":
            self.said.append(data)


def test_everything_is_there() -> None:
    found = Page(a_summary())
    for text in (
        "orders: production-ready checklist",
        "Checked on 2026-01-31 at 12:30 UTC",
        "Level: bronze",
        "Missing for silver: ST4, ST6.",
        "bronze : reached",
        "silver : 2 missing",
        "Waiting for a person",
        "ST5 Title of ST5 : the waiver expires soon",
        "Why it matters Why of ST4. How to fix it Run make st4 .",
        "not applicable",
    ):
        assert text in found.text
    assert len(found.all("details")) == len(RESULTS)


def test_only_what_is_to_fix_is_open() -> None:
    assert sum("open" in it for it in Page(a_summary()).all("details")) == 2


def test_needs_nothing_else() -> None:
    found = Page(a_summary())
    assert not [name for name, _ in found.elements if name in {"script", "img", "link", "iframe"}]
    assert "url(" not in found.source
    assert "@import" not in found.source
    assert any("default-src 'none'" in (it.get("content") or "") for it in found.all("meta"))


def test_links_within_the_page_lead_somewhere() -> None:
    results = [*RESULTS, a_result("ST4", Status.FAIL, kind=Kind.DYNAMIC)]
    found = Page(a_summary(results))
    ids = Counter(it["id"] for _, it in found.elements if "id" in it)
    assert max(ids.values()) == 1
    inner = [it["href"] or "" for it in found.all("a") if (it["href"] or "").startswith("#")]
    assert {it.removeprefix("#") for it in inner} <= set(ids)
    assert {"#ST4-static", "#ST4-dynamic", "#SE10-external"} <= set(inner)


def test_readable_by_everyone() -> None:
    found = Page(a_summary())
    assert found.all("html") == [{"lang": "en"}]
    assert len(found.all("h1")) == len(found.all("main")) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in found.all(
        "meta"
    )
    assert "prefers-color-scheme: dark" in found.source
    signs = [it for it in found.all("span") if it.get("class") == "sign"]
    assert signs
    assert all(it.get("aria-hidden") == "true" for it in signs)


def test_texts_cannot_break_the_page() -> None:
    evil = "<script>alert(1)</script> `<b>` \"'&"
    result = a_result("ST1", Status.FAIL, Evidence(evil, evil), title=evil, why=evil, fix=evil)
    found = Page(a_summary([result]))
    assert not found.all("script")
    assert not found.all("b")
    assert found.text.count("<script>alert(1)</script> <b> \"'&") >= 4


def test_links_to_files_and_sources(evidence_file: Path) -> None:
    repository = Repository(files="https://github.com/acme/orders/blob/abc")
    attested = Evidence("https://wiki.example.com/a?b=c (A. Person, 2026-01-01)")
    found = Page(
        a_summary([*RESULTS, a_result("ST9", Status.PASS, attested)], repository=repository)
    )
    links = {it["href"] for it in found.all("a")}
    assert "https://github.com/acme/orders/blob/abc/service.py#L12" in links
    assert "https://wiki.example.com/a?b=c" in links
    assert "https://12factor.net/" in links


def test_how_to_attest() -> None:
    assert '[[attestation]] check = "SE10"' in Page(a_summary([WAITING])).text


def test_no_level_without_all_checks() -> None:
    found = Page(a_summary([a_result()], held=Level.GOLD, complete=False))
    assert "The level is known when all checks run: make checklist" in found.text
    assert "reached" not in found.text
