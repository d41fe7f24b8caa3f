"""The playbook says of each outage of the database what to do."""

from pathlib import Path

from orders.storage import outages

ROOT = Path(__file__).parents[2]


def test_each_cause_is_in_the_section_that_the_log_names() -> None:
    page, _, anchor = outages.PLAYBOOK.partition("#")
    sections = (ROOT / page).read_text(encoding="utf-8").split("\n#")
    named = [each for each in sections if each.partition("\n")[0].lstrip("# ") == heading(anchor)]
    causes = {each.cause for each in vars(outages).values() if isinstance(each, outages.Outage)}

    assert len(named) == 1
    assert len(causes) > 10
    assert {cause for cause in causes if f"| `{cause}` |" not in named[0]} == set()


def heading(anchor: str) -> str:
    return anchor.replace("-", " ").capitalize()
