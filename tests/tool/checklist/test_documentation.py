"""The static checks of documentation notice their faults."""

from collections.abc import Callable
from pathlib import Path

from shipshape.checklist.check import Status

from .mutating import Mutation, checks_of, deleted, each, replaced, unclean, without

MUTATIONS = [
    Mutation("DO1", "no tier", without("catalog-info.yaml", r"^    shipshape/tier: .*\n")),
    Mutation("DO1", "nobody is on call", replaced("catalog-info.yaml", "On call", "Chat")),
    Mutation("DO2", "no settings", replaced("README.md", "## Settings", "## Others")),
    Mutation(
        "DO3",
        "an alert leads to no heading",
        replaced("deploy/production/alerts.yaml", "#podcrashlooping", "#podcrashes"),
    ),
    Mutation(
        "DO4",
        "nobody finds the release guide",
        replaced("README.md", "[`docs/release.md`](docs/release.md)", "There"),
    ),
    Mutation(
        "DO4",
        "a link of the playbook is broken",
        replaced("docs/playbook.md", "(runbook.md#alerts)", "(runbook.md#alarms)"),
    ),
    Mutation("DO5", "no architecture", deleted("docs/architecture.md")),
    Mutation(
        "DO5",
        "a dependency that may be critical",
        replaced("docs/runbook.md", "| PostgreSQL, hangs | yes |", "| PostgreSQL, hangs | |"),
    ),
    Mutation(
        "DO7",
        "a stale table",
        replaced("README.md", "| `make help` | List the targets |", "| `make help` | Help |"),
    ),
    Mutation(
        "DO7",
        "stale rules",
        replaced("monitoring/prometheus/rules.yml", "for: 2m", "for: 3m"),
    ),
    Mutation("DO8", "no contact", without("SECURITY.md", r"team@example\.com")),
    Mutation("DO8", "no time", replaced("SECURITY.md", "within 3 working days", "soon")),
]


@each(MUTATIONS)
def test_the_check_notices_it(copied: Callable[[str], Path], mutation: Mutation) -> None:
    mutation.change(copied(mutation.kind))
    found = unclean()
    assert {id: status for id, (status, _) in found.items()} == {mutation.check: Status.FAIL}, found


def test_each_check_has_a_mutation(copied: Callable[[], Path]) -> None:
    copied()
    assert checks_of("DO") == {mutation.check for mutation in MUTATIONS}
