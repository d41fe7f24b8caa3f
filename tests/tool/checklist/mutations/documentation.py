"""Faults of documentation, each for one static check."""

from ..mutating import Mutation, deleted, replaced, without

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
