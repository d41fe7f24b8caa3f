"""What pages in Markdown consist of."""

from pathlib import Path

from shipshape.check.markdown import Page, Section

TEXT = """\
# A `b` c: d/e

See [one](a.md#b) and [two](https://example.com).

```sh
# no heading, and [no link](c.md)
make it
```

## A_b (c)
first
### Deep
deep
## A_b (c)
## [f](g.md) — h
`make that`
"""
PAGE = Page(Path("page.md"), TEXT)


def test_anchors_are_those_of_github() -> None:
    assert PAGE.anchors == {"a-b-c-de", "a_b-c", "a_b-c-1", "f--h", "deep"}


def test_links_have_their_lines() -> None:
    assert list(PAGE.links()) == [(3, "a.md#b"), (15, "g.md")]


def test_commands_have_their_lines() -> None:
    assert list(PAGE.commands()) == [
        (1, "b"),
        (16, "make that"),
        (6, "# no heading, and [no link](c.md)"),
        (7, "make it"),
    ]


def test_blocks_may_be_fenced_in_other_ways() -> None:
    """As in pages that were not written for the template."""
    page = Page(
        Path("a.md"), "``` mermaid\n# no\n```\n\n~~~sh {1}\n# no\n~~~\n  ```\n# no\n  ```\n# A\n"
    )
    assert page.anchors == {"a"}
    assert list(page.blocks("sh", "mermaid")) == [(2, "# no\n"), (6, "# no\n")]


def test_sections_end_before_the_next_of_their_level() -> None:
    assert PAGE.sections(2) == [
        Section("A_b (c)", 10, "first\n### Deep\ndeep\n"),
        Section("A_b (c)", 14, ""),
        Section("[f](g.md) — h", 15, "`make that`\n"),
    ]
    assert PAGE.sections(3, within="A_b (c)") == [Section("Deep", 12, "deep\n")]
    assert PAGE.sections(3, within="other") == []
