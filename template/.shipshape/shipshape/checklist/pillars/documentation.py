"""Documentation."""

import re
from itertools import islice
from pathlib import Path

from ... import contract, generated, yaml_files
from ...check import names
from ...check.markdown import Page, pages
from ...docs import pages as documents
from ...files import README, SCHEMA
from ...monitoring import objectives, products, rules
from ..check import Kind, Level, Record, check, not_applicable, unknown
from ..reading import alerts, breaks, catalogue, sections, settings
from ..subject import Subject
from ..trial import served_schema
from ..trial.configuration import PLACE, Configuration
from ..trial.instance import Instance

HEADINGS = {
    "how to start it": "start|getting started|quick ?start|install|set ?up|use|usage|run",
    "how to work on it": "work|develop|contribut|test|build",
    "its API": "endpoints|api|usage|routes",
    "its settings": "settings|config|environment|options",
    "how it is deployed": "deploy|release|production|docker|installation",
    "how it is operated": "operat|monitor|observ|runbook|troubleshoot|support",
}
ASKED = re.compile(r"who to ask|owner|contact|maintain|support|slack|@[\w-]+/[\w-]+", re.IGNORECASE)
POLICIES = ("SECURITY.md", ".github/SECURITY.md", ".gitlab/SECURITY.md", "docs/SECURITY.md")
CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|https?://\S+|security (tab|advisor)", re.IGNORECASE)
DAYS = re.compile(r"\b(\d+|one|two|three|five|seven|ten)\b[ -](\w+ )?(hours?|days?|weeks?)\b")
SHOWN = 10


@check(
    "DO1",
    "A descriptor names owner, tier, on-call and links",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why=(
        "People who are paged for another service must find out within seconds whom to call, and "
        "how critical this service is."
    ),
    fix=(
        "Name in catalog-info.yaml the owner, the annotation `shipshape/tier`, and links with the "
        "titles On call, Runbook and Dashboard."
    ),
    sources=("Mercari", "Fowler", "Google", "Zalando"),
)
def test_descriptor(record: Record) -> None:
    """catalog-info.yaml has all of them."""
    component = catalogue.component()
    assert component, f"{catalogue.FILE} has no component"
    owner = component.document.get("spec", {}).get("owner")
    links = component.links
    found = {"an owner": owner, "a tier": component.annotations.get("shipshape/tier")}
    found |= {
        f"a link {title}": links.get(title.lower()) for title in ("On call", "Runbook", "Dashboard")
    }
    for what, value in found.items():
        if value:
            record.shows(f"{what}: {value}", component.place)
        else:
            record.problem(f"the component has no {what.partition(' ')[2]}", component.place)


@check(
    "DO2",
    "The README says how to start, change, configure, deploy and operate the service",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why="It is what people open first; what it lacks, they ask colleagues, or guess.",
    fix="Restore the missing section of README.md.",
    sources=("Fowler", "Microsoft", "Mercari"),
)
def test_readme(record: Record) -> None:
    """It has a section for each, and says whom to ask."""
    assert README.exists(), f"{README} is missing"
    page = Page.read(README)
    sections = [it for level in (1, 2, 3) for it in page.sections(level)]
    for what, pattern in HEADINGS.items():
        found = [it for it in sections if re.search(rf"\b({pattern})", it.heading.lower())]
        if any(it.text.strip() for it in found):
            record.shows(f"“{found[0].heading}” says {what}", f"{README}:{found[0].line}")
        else:
            record.problem(f"no section of {README} says {what}")
    if not ASKED.search(page.prose):
        record.problem(f"{README} does not say whom to ask")


@check(
    "DO3",
    "Each alert links to its section of the runbook",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="At three in the morning nobody searches a wiki: the alert must lead to what to do.",
    fix="Write a section of docs/runbook.md for the alert, and have runbook_url lead there.",
    sources=("Fowler", "Mercari", "Google", "Zalando"),
)
def test_alerts_lead_to_the_runbook(record: Record) -> None:
    """The runbook_url of each alert is a heading of a page in this repository."""
    found = alerts.alerts()
    assert found, "no alerts are in the repository"
    ours = pages()
    for alert in found:
        url, _, anchor = alert.annotations.get("runbook_url", "").partition("#")
        page = next((it for it in ours if url.endswith(f"/{it.path}")), None)
        if not url:
            record.problem(f"{alert.name} has no runbook_url", alert.place)
        elif page is None:
            unknown(f"{alert.place}: {url} is outside of this repository")
        elif anchor not in page.anchors:
            record.problem(
                f"{alert.name} leads to no heading of {page.path}: #{anchor}", alert.place
            )
        else:
            record.shows(f"{alert.name} leads to {page.path}#{anchor}", alert.place)


@check(
    "DO4",
    "A playbook goes from symptoms to fixes, a guide through releases and back",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why=(
        "Incidents and releases are handled by the people who are there, not by those who "
        "remember how."
    ),
    fix=(
        "Keep docs/playbook.md and docs/release.md with a section “Roll back”, and link both from"
        " README.md."
    ),
    sources=("Fowler", "Google", "Microsoft"),
)
def test_playbook_and_release_guide(record: Record) -> None:
    """The README links to both, and their links lead somewhere."""
    assert README.exists(), f"{README} is missing"
    linked = {link.partition("#")[0] for _, link in Page.read(README).links()}
    for name, what in (("playbook", "what to do at a symptom"), ("release", "how to release")):
        found = [it for it in pages() if name in it.path.name.lower()]
        if not found:
            record.problem(f"no page says {what}: docs/{name}.md is missing")
        elif str(found[0].path) not in linked:
            record.problem(f"{README} does not link to it", str(found[0].path))
        else:
            record.shows(f"{what}, in {len(found[0].sections(2))} sections", str(found[0].path))
        for page in found:
            for broken in names.broken_links(page):
                record.problem(broken)
    if rolling_back := sections.first("roll(ing)? ?-?back"):
        record.shows("how to roll back", rolling_back.place)
    else:
        record.problem("no page has a section on how to roll back")


@check(
    "DO5",
    "Pages describe the architecture, each dependency, and who relies on the service",
    level=Level.GOLD,
    kind=Kind.STATIC,
    why=(
        "With these pages, people on call see quickly how far an outage reaches, and whom to "
        "inform."
    ),
    fix=(
        "Describe the parts in docs/architecture.md, and keep the table “Dependencies” and the "
        "section “Who relies on it” in docs/runbook.md."
    ),
    sources=("Mercari", "Fowler", "Google"),
)
def test_architecture_and_dependencies(record: Record) -> None:
    """The sections are there, and no row of the table leaves a cell empty."""
    for what, heading in (
        ("the architecture", "architecture|overview|how it works"),
        ("who relies on it", "who relies on|consumers|callers|clients|dependents"),
    ):
        found = sections.first(heading)
        if found and found.text:
            record.shows(f"“{found.heading}”", found.place)
        else:
            record.problem(f"no page has a section on {what}")
    dependencies = sections.first("dependencies")
    rows = dependencies.rows if dependencies else ()
    assert rows, "no page has a table of dependencies"
    for row in rows:
        name, *_ = row.cells.values()
        critical, down = row.starting("critical"), row.starting("when it is down")
        if critical and down:
            record.shows(f"{name}; critical: {critical}", row.place)
        else:
            record.problem(f"{name}: how critical is it, and what happens without it?", row.place)


@check(
    "DO6",
    "The committed schema is the one that is served, and breaks no caller",
    level=Level.SILVER,
    kind=Kind.DYNAMIC,
    why="Callers generate clients from the schema. One that differs from the service, or takes "
    "away what they use, breaks them.",
    fix="Change schema/openapi.yaml and run `make schema`; declare an agreed break in "
    "schema/accepted-breaks.txt, as `make contract` says.",
    sources=("Zalando", "Microsoft", "Mercari"),
)
def test_schema(record: Record, configuration: Configuration, running: Instance) -> None:
    """Both are compared as data; then the committed one with that of main."""
    file = Path(configuration.schema_file)
    if not file.exists():
        unknown(f"{file} is missing: set `schema_file` in {PLACE}")
    response = running.api.get(configuration.served_schema)
    if not response.is_success:
        unknown(
            f"GET {response.url.path} got {response.status_code}: set `served_schema` in {PLACE}"
        )
    committed = yaml_files.read(file)
    for difference in islice(served_schema.differences(committed, response.json()), SHOWN):
        record.problem(difference, str(file))
    record.shows(f"GET {configuration.served_schema} equals {file}")
    _try_breaks(record, file)


def _try_breaks(record: Record, file: Path) -> None:
    if (base := breaks.base()) is None:
        record.shows("no earlier schema is there to break")
    elif not breaks.is_changed(file, base):
        record.shows(f"it is as it was at {base}", str(file))
    elif file == SCHEMA and contract.can_compare():
        for line in contract.undeclared(contract.breaks(base), base):
            record.problem(f"since {base}, this breaks callers: {line}", str(file))
        record.shows(f"since {base}, no change breaks callers", str(file))
    elif place := breaks.compared_at():
        record.shows("the pipeline compares it with the one before", place)
    else:
        unknown(f"{file} was changed since {base}, and there is no oasdiff to compare it")


@check(
    "DO7",
    "Generated tables and rules are current",
    level=Level.SILVER,
    kind=Kind.STATIC,
    why="A table that is out of date misleads people, because they believe it.",
    fix="Run `make generate`, and commit what it changes.",
    sources=("Mercari", "Microsoft"),
)
def test_generated_files_are_current(record: Record, subject: Subject) -> None:
    """README.md, the runbook and the rules are what their sources give."""
    if subject.answers is None:
        not_applicable("nothing in it is generated by the template's commands")
    expected = dict(documents.documents(subject.described))
    del expected[settings.example()]  # DX6 looks at it
    if objectives.FILE.exists():
        promise = objectives.read(subject.described.latency_buckets)
        expected |= products.products(promise, rules.groups(promise))
    for path in expected:
        if path in generated.stale(expected):
            record.problem("is stale", str(path))
        else:
            record.shows("is current", str(path))


@check(
    "DO8",
    "SECURITY.md says where to report a vulnerability, and how soon an answer comes",
    level=Level.BRONZE,
    kind=Kind.STATIC,
    why=(
        "Without an address, people who find a vulnerability publish it or keep it to themselves."
    ),
    fix="Write an address and a number of days into SECURITY.md.",
    sources=("OpenSSF Scorecard", "OSPS Baseline", "Google"),
)
def test_security_policy(record: Record) -> None:
    """It has a contact and a time."""
    path = next((it for it in map(Path, POLICIES) if it.exists()), None)
    assert path, "there is no SECURITY.md"
    text = path.read_text("utf-8")
    for what, pattern in (("a contact", CONTACT), ("a number of days", DAYS)):
        if found := pattern.search(text):
            record.shows(found[0], f"{path}:{text.count(chr(10), 0, found.start()) + 1}")
        else:
            record.problem(f"{path} has not {what}")
