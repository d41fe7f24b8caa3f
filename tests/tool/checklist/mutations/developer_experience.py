"""Faults of developer experience, each for one static check."""

from ..mutating import GITLAB, Mutation, both, replaced, without

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
