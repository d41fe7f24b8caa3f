"""What a release does to the database, and what follows for the way back."""

from .. import git
from ..platforms.platform import Platform
from ..progress import step
from . import migrations


def prepare(platform: Platform, environment: str, digest: str, version: str | None) -> None:
    """Run the migrations of an image, before any of its code runs."""
    if not migrations.FOLDER.is_dir():
        return
    with step(f"migrate the database of {environment}"):
        platform.migrate(environment, digest, version)


def obstacle(left_by: str, code: str) -> str | None:
    """Why code of one commit cannot run on the schema that another left; None where it can.

    Migrations that the code knows are no obstacle, nor are those of phase "expand". One of phase
    "contract" is none for code that contains its oldest release.
    """
    known = {migration.revision for migration in migrations.at(code)}
    for migration in migrations.at(left_by):
        if migration.revision in known or migration.phase == "expand":
            continue
        oldest = migration.oldest_release
        if oldest is None:
            return f"migration {migration.name} does not say which code can run after it"
        if not git.is_ancestor(git.tag(oldest), code):
            return f"after migration {migration.name}, code older than {oldest} cannot run"
    return None
