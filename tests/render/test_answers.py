"""An answer is refused with a word on what would be right, or it renders into a sound service."""

import tomllib
from pathlib import Path

import pytest
import yaml

from scripts.render import render
from tests import checks

HANDLE = "Use @organisation/team or @person."
NAME = "Use a-z, 0-9, and hyphens in between."
PACKAGE = "Use a-z, 0-9, underscores in between."
START = "Start with a lowercase letter (a-z)."
RESERVED = "Reserved; add a word such as "
REACH = "Use an email or an https:// address."
PATH = "Use a lowercase registry/path, no tag."
LINE = "Use one line of printable text."
EMPTY = "Enter 1 to 200 characters."
ENDS = "Remove the spaces at the ends."
AT_MOST = "Use at most "

REFUSED = [
    *[("service", name, START) for name in ("", "2fast", "-a", "A", "ü", "../a", "{{ 7*7 }}")],
    *[("service", name, NAME) for name in ("foo--bar", "a-", "a b", "a_b", "a.b", "a\n", "aB")],
    *[("service", name, RESERVED) for name in ("fastapi", "pydantic-settings", "uvloop")],
    *[("package", name, START) for name in ("", "2fast", "_a", "A", "é")],
    *[("package", name, PACKAGE) for name in ("a__b", "a_", "a-b", "a.b", "a\n")],
    *[("package", name, RESERVED) for name in ("class", "match", "test", "os", "tests", "scripts")],
    *[("package", name, RESERVED) for name in ("fastapi", "yaml", "delivery", "migrations", "src")],
    ("description", "", EMPTY),
    *[("description", text, ENDS) for text in (" ", " a", "a ")],
    *[("description", text, LINE) for text in ("a\nb", "a\r\nb", "a\tb", "a\x00b", "a\x1b[31m")],
    *[("description", text, LINE) for text in ("a\u2028b", "a\u202eb", "a\x7f", "a\u200b")],
    *[("owner", text, HANDLE) for text in ("", "team", "@", "@a b", "@a/", "@a/b/c", "@-a", "@a-")],
    *[("owner", text, HANDLE) for text in ("@a\n", "@a\n* @b", "@ü/b", "@a/{{ b }}")],
    *[("contact", text, REACH) for text in ("", "team", "a@b", "a b@c.d", "a@b.c\n", "http://a.b")],
    *[("contact", text, REACH) for text in ("https://a.b/(c)", 'https://a.b/"', "javascript:x")],
    ("contact", "https://a.b/<c>", REACH),
    *[("image", text, PATH) for text in ("", "orders", "ghcr.io/", "ghcr.io/A/b", "ghcr.io/a/b:1")],
    *[("image", text, PATH) for text in ("ghcr.io/a b", "https://ghcr.io/a/b", "ghcr.io/a//b")],
    *[("image", text, PATH) for text in ("ghcr.io/a/b@sha256:0", "ghcr.io/a/b\n")],
    *[(name, "a" * 41, f"{AT_MOST}40 ") for name in ("service", "package")],
    ("owner", "@" + "a" * 100, f"{AT_MOST}100 "),
    ("description", "a" * 201, f"{AT_MOST}200 "),
    ("contact", "https://a.b/" + "c" * 200, f"{AT_MOST}200 "),
    ("image", "ghcr.io/" + "a" * 200, f"{AT_MOST}200 "),
    ("api", "soap", "'soap' is not in ['rest']"),
    ("ci", "jenkins", "'jenkins' is not in ['github', 'gitlab']"),
    ("deploy", "swarm", "'swarm' is not in ['kubernetes', 'nomad']"),
    ("database", "mysql", "'mysql' is not in ['postgresql', 'none']"),
    ("python", "3.10", "'3.10' is not in ['3.14', '3.13', '3.12', '3.11']"),
]

LONGEST = "a" * 40
ODD_DESCRIPTIONS = [
    '"double", \'single\' and """three"""',
    "back\\slash \\n \\u0041 \\",
    "{{ 7*7 }} {% raw %} {# no #} {%- if",
    "# a comment: or not # - [x] {y} & *z !w |v >u %t @s `r`",
    "non-ASCII: Größe, 東京, مرحبا, emoji 🫖🚀",
    "<script>alert(1)</script> <!-- --> &amp; ${HOME} $(id) `id`",
    "x" * 200,
    "word " * 39 + "words",
    "null",
    "3.14",
    "yes: [no]",
    "---",
    "%s %(name)s {0} {name}",
]
SLOW = [pytest.mark.slow, pytest.mark.xdist_group("answers")]
ACCEPTED = [
    *[{"description": description} for description in ODD_DESCRIPTIONS],
    {"owner": "@a"},
    {"owner": "@Some-Organisation/the.team_1-a"},
    {"contact": "first.last+orders%a_b@mail.some-team.example.com"},
    {"contact": "https://chat.example.com:8443/room/#orders?a=b&c=%20~d"},
    {"image": "registry.example.com:5000/some/group/orders"},
    pytest.param({"service": LONGEST, "package": LONGEST}, marks=SLOW),
    *[
        pytest.param(answers, marks=[*SLOW, pytest.mark.long])
        for answers in (
            {"service": "class", "package": "class_service"},
            {"service": "a", "package": "z" * 40},
            {"service": "zz", "package": "a"},
        )
    ],
]


@pytest.mark.parametrize(("question", "answer", "message"), REFUSED)
def test_refused(template: Path, tmp_path: Path, question: str, answer: str, message: str) -> None:
    with pytest.raises(ValueError, match="(?s).") as refusal:
        render(template, tmp_path / "copy", **({"service": "orders"} | {question: answer}))
    assert f"'{question}'" in str(refusal.value)
    assert message in str(refusal.value)
    assert not (tmp_path / "copy").exists()


def code(service: Path) -> dict[str, bytes]:
    """What the slow checkers look at."""
    return {
        str(path.relative_to(service)): path.read_bytes()
        for path in checks.all_files(service)
        if path.suffix == ".py"
    }


@pytest.fixture(scope="module")
def usual(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service of the default answers, which passes all checks elsewhere."""
    return render(template, tmp_path_factory.mktemp("usual"), service="orders")


@pytest.mark.parametrize(
    ("service", "package"),
    [
        ("a1-b2", "a1_b2"),
        ("class", "class_service"),
        ("os", "os_service"),
        ("price-list", "price_list"),
        ("test", "test_service"),
        ("tests", "tests_service"),
    ],
)
def test_the_service_names_the_package(
    template: Path, tmp_path: Path, service: str, package: str
) -> None:
    copy = render(template, tmp_path, service=service)
    assert (copy / "src" / package / "app.py").exists()


@pytest.mark.parametrize("answers", ACCEPTED, ids=str)
def test_accepted(template: Path, tmp_path: Path, usual: Path, answers: dict[str, str]) -> None:
    service = render(template, tmp_path / "copy", **({"service": "orders"} | answers))
    stored = yaml.safe_load((service / ".copier-answers.yml").read_text("utf-8"))
    assert stored.items() >= answers.items()

    assert (service / "src" / stored["package"]).is_dir()
    project = tomllib.loads((service / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == stored["service"]
    assert project["description"] == stored["description"]
    schema = yaml.safe_load((service / "schema" / "openapi.yaml").read_text("utf-8"))
    assert schema["info"]["description"] == stored["description"]
    assert stored["description"] in (service / "README.md").read_text("utf-8")

    if "service" in answers:
        for check in checks.ALL:
            check(service)
    else:
        # A free text does not reach the code, so that the slow checks would see nothing new.
        assert code(service) == code(usual)
        checks.files_parse(service)
        checks.whitespace_is_clean(service)
        checks.workflows_are_safe(service)
        checks.workflows_fit_their_schema(service)


@pytest.mark.parametrize(
    ("folder", "service"),
    [("orders", "orders"), ("Price List", "price-list"), ("_a.b", "a-b"), ("x" * 50, "x" * 40)],
)
def test_the_folder_names_the_service(
    template: Path, tmp_path: Path, folder: str, service: str
) -> None:
    copy = render(template, tmp_path / folder)
    assert yaml.safe_load((copy / ".copier-answers.yml").read_text())["service"] == service


@pytest.mark.parametrize("folder", ["2024", "--", "東京"])
def test_a_folder_that_cannot_name_it_leaves_the_question(
    template: Path, tmp_path: Path, folder: str
) -> None:
    with pytest.raises(ValueError, match='"service" is required'):
        render(template, tmp_path / folder)
