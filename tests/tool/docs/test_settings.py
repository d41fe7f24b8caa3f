"""The documents of settings."""

import pytest

from shipshape.description import Setting
from shipshape.docs.settings import env_example, settings_table


def setting(name: str, default: str = "", **fields: object) -> Setting:
    given = {"description": "", "required": False, "example": "", **fields}
    return Setting.model_validate({"variables": [name, "OTHER"], "default": default, **given})


@pytest.mark.parametrize(
    ("given", "line", "row"),
    [
        (setting("SECONDS", "30.0", description="a time"), "# a time\n#SECONDS=30.0", "a time |"),
        (setting("ORIGINS", example="a,b"), "#ORIGINS=a,b", "|  |"),
        (setting("NAMES", '["a"]'), "#NAMES='[\"a\"]'", '| `["a"]` |'),
        (setting("QUOTE", "it's"), "#QUOTE='it\\'s'", "| `it's` |"),
        (setting("PATTERN", "a|b", description="1 | 2"), "#PATTERN=a|b", "1 \\| 2 | `a\\|b` |"),
        (setting("NEEDED", required=True, example="one"), "NEEDED=one", "| required |"),
        (setting("DATABASE_URL", required=True, example="a"), "#DATABASE_URL=a", "| required |"),
    ],
    ids=lambda it: it.name if isinstance(it, Setting) else "",
)
def test_a_setting(given: Setting, line: str, row: str) -> None:
    assert env_example([given]).split("\n\n", 1)[1].endswith(f"{line}\n")
    assert row in settings_table([given]).splitlines()[2]
