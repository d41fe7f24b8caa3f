"""What must hold for the files of every service. Each check says all that is wrong at once.

A check that finds nothing to look at fails: it would guard nothing.
"""

import ast
import functools
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

BIN = Path(sys.executable).parent

# `${{` is GitHub's, `{{ $value` Prometheus', `{{label}}` Grafana's; in Python, two braces may stand
# in an f-string.
JINJA = re.compile(r"(?<!\$)\{\{(?! \$)|\{%|\{#")
JINJA_IN_PYTHON = re.compile(r"\{\{-? *[a-z_.]+( \|| *-?\}\})|\{%|\{#")
JINJA_IN_JSON = re.compile(r"\{\{(?![a-z_]+\}\})|\{%|\{#")
OF_TOOL = Path(".shipshape/shipshape/checklist/output/page.html")
"""A template of the tool, which makes a page of results from it."""
CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


class Loader(yaml.SafeLoader):
    """Also knows what GitLab's pipelines refer to each other by."""


def construct_reference(loader: Loader, node: yaml.SequenceNode) -> list[object]:
    """The path of what is referred to."""
    return list(loader.construct_sequence(node))


Loader.add_constructor("!reference", construct_reference)


def parse_yaml(text: str) -> None:
    """Read all documents of a file, none of which may be empty."""
    for document in yaml.load_all(text, Loader):
        if document is None:
            raise ValueError("a document is empty")


PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".lock": lambda text: tomllib.loads(text) if "[[package]]" in text else None,
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
}
ALWAYS_THERE = {".lock", ".py", ".toml", ".yaml", ".yml"}


def all_files(folder: Path) -> list[Path]:
    """The files of a service that nothing has been installed into."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    assert paths, f"{folder} holds no files"
    return paths


def report(faults: Iterable[str]) -> None:
    """Fail with all faults."""
    text = "\n".join(faults)
    assert not text, f"\n{text}"


def files_parse(folder: Path) -> None:
    """TOML, YAML, JSON and Python can be read."""
    faults = []
    seen = set()
    for path in all_files(folder):
        seen.add(path.suffix)
        try:
            PARSERS.get(path.suffix, str)(path.read_text("utf-8"))
        except (ValueError, SyntaxError, yaml.YAMLError) as error:
            faults.append(f"{path.relative_to(folder)}: {error}")
    assert ALWAYS_THERE <= seen, f"no file of {ALWAYS_THERE - seen} was checked"
    report(faults)


def no_template_is_left(folder: Path) -> None:
    """No Jinja, neither in texts nor in names, and no conflict markers."""
    faults = []
    for path in all_files(folder):
        name = path.relative_to(folder)
        jinja = {".py": JINJA_IN_PYTHON, ".json": JINJA_IN_JSON}.get(path.suffix, JINJA)
        if JINJA.search(str(name)) or path.suffix == ".jinja":
            faults.append(f"{name}: a name of the template")
        text = path.read_text("utf-8")
        for pattern in (CONFLICT,) if name == OF_TOOL else (jinja, CONFLICT):
            if match := pattern.search(text):
                line = text.count("\n", 0, match.start()) + 1
                faults.append(f"{name}:{line}: {match.group()}")
    report(faults)


def whitespace_is_clean(folder: Path) -> None:
    """Nothing is empty; lines end with \\n and no blanks, files with exactly one newline."""
    faults = [
        f"{path.relative_to(folder)}: an empty folder"
        for path in folder.rglob("*")
        if path.is_dir() and not any(path.iterdir())
    ]
    for path in all_files(folder):
        name = path.relative_to(folder)
        text = path.read_bytes().decode("utf-8")
        tabs = path.name == "Makefile" or path.suffix == ".mk"
        faults += [
            f"{name}: {fault}"
            for fault, wrong in {
                "empty": not text.strip(),
                "no newline at its end": not text.endswith("\n"),
                "blank lines at its end": text.endswith("\n\n"),
                "blank lines at its start": text.startswith("\n"),
                "three blank lines in a row": "\n\n\n\n" in text,
                "a carriage return": "\r" in text,
                "blanks at the end of a line": re.search(r"[ \t]\n", text) is not None,
                "a tab": "\t" in text and not tabs,
            }.items()
            if wrong
        ]
    report(faults)


def run_tool(folder: Path, tool: str, *arguments: str | Path) -> None:
    """Run a tool of the template's own environment in the service, with the service's settings."""
    command = [BIN / tool, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{tool}: {done.stdout[-4000:]}{done.stderr[-4000:]}"


_passed: set[tuple[object, ...]] = set()


def run_tool_once(folder: Path, tool: str, *arguments: str | Path) -> None:
    """Run a tool that looks at nothing but what it is given, unless the same has passed before."""
    given = (
        (str(it.relative_to(folder)), it.read_bytes()) if isinstance(it, Path) else it
        for it in arguments
    )
    if (asked := (tool, *given)) not in _passed:
        run_tool(folder, tool, *arguments)
        _passed.add(asked)


def matching(folder: Path, *patterns: str) -> list[Path]:
    """The files to give to a checker, of which there must be some for each pattern."""
    found = {pattern: sorted(folder.glob(pattern)) for pattern in patterns}
    missing = [pattern for pattern, paths in found.items() if not paths]
    assert not missing, f"no file matches {missing}: the checker would check nothing"
    return [path for paths in found.values() for path in paths]


def once_for_the_same_code(
    *tools: str,
) -> Callable[[Callable[[Path, list[Path]], None]], Callable[[Path], None]]:
    """Give a check only what has not passed it before, with the same settings of these tools."""

    def once(check: Callable[[Path, list[Path]], None]) -> Callable[[Path], None]:
        passed: set[tuple[str, bytes, str]] = set()

        @functools.wraps(check)
        def checked(folder: Path) -> None:
            matching(folder, "src/*/*.py", "tests/**/*.py")
            settings = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["tool"]
            settings["flake8"].pop("extend-exclude", None)  # other than here, and by the package
            chosen = str([settings[tool] for tool in tools])
            code = {
                path: (str(path.relative_to(folder)), path.read_bytes(), chosen)
                for path in sorted(folder.rglob("*.py"))
                if ".shipshape" not in path.parts  # which the template's own checks cover
            }
            if paths := [path for path, it in code.items() if it not in passed]:
                check(folder, paths)
                passed.update(code.values())

        return checked

    return once


@once_for_the_same_code("black", "isort")
def formatters_change_nothing(folder: Path, paths: list[Path]) -> None:
    """black and isort leave the service as it is."""
    run_tool(folder, "black", "--check", "--diff", "--quiet", *paths)
    run_tool(folder, "isort", "--check-only", "--diff", "--quiet", *paths)


@once_for_the_same_code("flake8")
def flake8_is_content(folder: Path, paths: list[Path]) -> None:
    """flake8 finds nothing, not even in the chassis, which services leave to the template."""
    run_tool(folder, "flake8", "--extend-exclude=.data,.tools,.venv", *paths)


def flake8_of_the_service_is_content(folder: Path) -> None:
    """flake8 finds nothing where `make lint` has it look."""
    run_tool(folder, "flake8")


GITHUB = {
    "vendor.github-actions": [".github/actions/*/*.yml"],
    "vendor.github-workflows": [".github/workflows/*.yml"],
    "vendor.dependabot": [".github/dependabot.yml"],
}
GITLAB = {
    "vendor.gitlab-ci": [".gitlab-ci.yml", ".gitlab/ci/*.yml"],
    "vendor.renovate": ["renovate.json"],
}


def is_on_github(folder: Path) -> bool:
    """Whether a service is built on GitHub; if not, on GitLab. It is on one, and on one only."""
    github, gitlab = (folder / ".github").is_dir(), (folder / ".gitlab-ci.yml").is_file()
    assert github != gitlab, f"{folder}: on GitHub {github}, on GitLab {gitlab}"
    return github


def workflows_are_safe(folder: Path) -> None:
    """zizmor finds nothing in the workflows of GitHub, at its most pedantic."""
    if is_on_github(folder):
        paths = matching(folder, *(pattern for patterns in GITHUB.values() for pattern in patterns))
        run_tool_once(folder, "zizmor", "--quiet", "--offline", "--pedantic", *paths)


def workflows_fit_their_schema(folder: Path) -> None:
    """The forge would accept its pipelines and the configuration of its bot."""
    for schema, patterns in (GITHUB if is_on_github(folder) else GITLAB).items():
        transform = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
        paths = matching(folder, *patterns)
        run_tool_once(folder, "check-jsonschema", "--builtin-schema", schema, *transform, *paths)


def dockerfile_is_sound(folder: Path) -> None:
    """hadolint finds nothing but what the file itself explains."""
    run_tool_once(folder, "hadolint", *matching(folder, "Dockerfile"))


def compose_file_fits_its_schema(folder: Path) -> None:
    """Compose would accept the file, in which all images but its own stand by digest."""
    (path,) = matching(folder, "compose.yaml")
    run_tool_once(folder, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    services = yaml.safe_load(path.read_text("utf-8"))["services"]
    own = {service["image"] for service in services.values() if "build" in service}
    report(
        f"compose.yaml: {name} takes {service['image']}"
        for name, service in services.items()
        if service["image"] not in own
        and not re.search(r"@sha256:[0-9a-f]{64}\}$", service["image"])
    )


def shell_scripts_are_checked(folder: Path) -> None:
    """There is none. Who adds the first also runs shellcheck over them, here."""
    report(
        f"{path.relative_to(folder)}: a shell script"
        for path in all_files(folder)
        if path.suffix == ".sh" or re.match(rb"#!.*sh\b", path.read_bytes()[:50])
    )


ALL: tuple[Callable[[Path], None], ...] = (
    files_parse,
    no_template_is_left,
    whitespace_is_clean,
    formatters_change_nothing,
    flake8_is_content,
    workflows_are_safe,
    workflows_fit_their_schema,
    dockerfile_is_sound,
    compose_file_fits_its_schema,
    shell_scripts_are_checked,
)
