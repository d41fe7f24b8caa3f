"""The static checks of developer experience notice their faults."""

from collections.abc import Callable
from pathlib import Path

from shipshape.checklist.check import Status

from .mutating import GITLAB, Mutation, both, checks_of, each, replaced, unclean, without

ANCHOR = "    # -- yours below --\n"

MUTATIONS = [
    Mutation(
        "DX1",
        "no target runs the service",
        both(
            without("Makefile", r"^run: .*\n(\t.*\n)?"),
            without("README.md", r"^\| `make run` .*\n"),
        ),
    ),
    Mutation(
        "DX2",
        "a dependency is not locked",
        replaced("pyproject.toml", f"{ANCHOR}]", f'    "redis (>=6)",\n{ANCHOR}]'),
    ),
    Mutation("DX3", "nothing checks types", replaced("Makefile", "@$(BIN)/mypy", "@true")),
    Mutation(
        "DX3",
        "only CI checks types",
        both(
            replaced("Makefile", "@$(BIN)/mypy", "@true"),
            replaced(
                ".gitlab/ci/checks.yml",
                '    - make "$TARGET"\n',
                '    - make "$TARGET"\n    - .venv/bin/mypy\n',
            ),
        ),
        GITLAB,
    ),
    Mutation(
        "DX4",
        "integration tests are not collected",
        replaced("pyproject.toml", '"tests/contract", "tests/integration", ', ""),
    ),
    Mutation("DX5", "no floor", without("pyproject.toml", r"^fail_under = .*\n")),
    Mutation("DX5", "no measurement", replaced("Makefile", "/pytest --cov", "/pytest")),
    Mutation(
        "DX6",
        "a setting is not in .env.example",
        without(".env.example", r"^#LOG_LEVEL=.*\n"),
    ),
    Mutation(
        "DX6",
        "a new setting is not in .env.example",
        replaced("src/orders/settings.py", ANCHOR, f'    colour: str = "red"\n{ANCHOR}'),
    ),
    Mutation(
        "DX8",
        "another major version runs locally",
        replaced("compose.yaml", "postgres:18.", "postgres:17."),
    ),
]


@each(MUTATIONS)
def test_the_check_notices_it(copied: Callable[[str], Path], mutation: Mutation) -> None:
    mutation.change(copied(mutation.kind))
    found = unclean()
    assert {id: status for id, (status, _) in found.items()} == {mutation.check: Status.FAIL}, found


def test_each_check_has_a_mutation(copied: Callable[[], Path]) -> None:
    copied()
    assert checks_of("DX") == {mutation.check for mutation in MUTATIONS}
