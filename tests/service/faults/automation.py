"""Faults of migrations, the served schema, the version and privileges."""

from tests.tool.checklist.mutating import Change, replaced

SOURCE = "src/orders"
NEEDS_ROOT = "it-wants-to-be-root"

MUTATIONS: dict[str, tuple[str, Change]] = {
    "the-version-is-a-constant": (
        "AU3",
        replaced(
            f"{SOURCE}/chassis/settings.py",
            'service_version: str = Field(default="dev",',
            'service_version: str = Field(default="dev", validation_alias="NO_VERSION",',
        ),
    ),
    "the-commit-is-a-constant": (
        "AU3",
        replaced(
            f"{SOURCE}/chassis/settings.py",
            'service_commit: str = Field(default="unknown",',
            'service_commit: str = Field(default="unknown", validation_alias="NO_COMMIT",',
        ),
    ),
    "a-downgrade-forgets-a-table": (
        "AU9",
        replaced("migrations/versions/0001_items.py", '    op.drop_table("items")\n', ""),
    ),
    "the-served-schema-is-another-one": (
        "DO6",
        replaced(
            f"{SOURCE}/api/application.py",
            "    return document\n",
            '    document["info"]["version"] = "9.0.0"\n    return document\n',
        ),
    ),
    NEEDS_ROOT: (
        "SE1",
        replaced(
            f"{SOURCE}/app.py",
            "    settings = read_settings(Settings)\n",
            "    __import__('os').setgroups([])\n    settings = read_settings(Settings)\n",
        ),
    ),
}
