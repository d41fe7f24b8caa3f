"""The marks of migrations, and what they mean for what may follow what."""

from pathlib import Path

import pytest

from scripts.example import EXAMPLE
from shipshape.command_line import main
from shipshape.errors import ShipshapeError
from shipshape.releases import data, migrations
from shipshape.releases.deployment import Deployment
from shipshape.releases.migrations import Migration
from shipshape.releases.rollback import roll_back

from ..conftest import IMAGE, Registry, Repository
from ..environments import GatesInMemory, PlatformInMemory

EXPAND = 'phase = "expand"'
CONTRACT = 'phase = "contract"\noldest_release = "1.4.0"'


class FailingMigration(PlatformInMemory):
    """A platform whose migrations fail."""

    def migrate(self, environment: str, digest: str, version: str | None) -> None:
        super().migrate(environment, digest, version)
        raise ShipshapeError("the migration failed")


def migration(revision: str, mark: str = EXPAND, upgrade: str = "pass") -> str:
    """The source of a migration that follows the one before it by its number."""
    earlier = f"{int(revision) - 1:04}" if int(revision) > 1 else None
    return (
        f"revision = {revision!r}\ndown_revision = {earlier!r}\n{mark}\n\n\n"
        f"def upgrade() -> None:\n    {upgrade}\n\n\n"
        'def downgrade() -> None:\n    op.drop_table("things")\n'
    )


def write(repository: Repository, name: str, text: str) -> None:
    """Put a migration into the repository, for the next commit."""
    folder = repository.folder / migrations.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)


def faults(*sources: str) -> list[str]:
    read = [Migration.read(f"{number}.py", text) for number, text in enumerate(sources, start=1)]
    return migrations.faults(read)


def test_migrations_of_the_example_are_marked_rightly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE)
    own = migrations.here()

    assert own
    assert migrations.faults(own) == []


@pytest.mark.parametrize(
    "upgrade",
    [
        'op.add_column("items", sa.Column("colour", sa.Text()))',
        'op.add_column("items", sa.Column("n", sa.Integer(), nullable=False, server_default="0"))',
        'op.add_column("items", sa.Column("n", sa.Integer(), sa.Identity(), nullable=False))',
        'op.alter_column("items", "name", nullable=True)',
        'op.create_index("ix_items_name", "items", ["name"])',
        'op.create_index("ix_items_name", "items", ["name"], unique=False)',
        'op.create_table("boxes", sa.Column("id", sa.Uuid(), nullable=False))',
        'op.create_table("boxes"); op.create_unique_constraint("uq_boxes", "boxes", ["name"])',
        'op.create_table("boxes"); op.create_index("ix", table_name="boxes", unique=True)',
        "op.execute(\"UPDATE items SET name = ''\")",
    ],
)
def test_what_older_code_survives_is_expand(upgrade: str) -> None:
    assert faults(migration("0001", upgrade=upgrade)) == []


@pytest.mark.parametrize(
    ("upgrade", "what"),
    [
        ('op.drop_table("items")', "drops a table"),
        ('op.drop_column("items", "name")', "drops a column"),
        ('op.drop_constraint("uq_items_name", "items")', "drops a constraint"),
        ('op.drop_index("ix_items_name", table_name="items")', "drops an index"),
        ('op.rename_table("items", "things")', "renames a table"),
        ('op.alter_column("items", "name", new_column_name="title")', "renames a column"),
        ('op.alter_column("items", "name", type_=sa.Integer())', "changes the type of a column"),
        ('op.alter_column("items", "name", nullable=False)', "makes a column not nullable"),
        (
            'op.add_column("items", sa.Column("n", sa.Integer(), nullable=False))',
            "adds a column without a default that must be given",
        ),
        ('op.create_unique_constraint("uq", "items", ["name"])', "adds a unique constraint"),
        ('op.create_index("ix", "items", ["name"], unique=True)', "adds a unique index"),
        ('op.create_check_constraint("ck", "items", "n > 0")', "adds a check"),
        ('op.create_foreign_key("fk", "items", "boxes", ["a"], ["b"])', "adds a foreign key"),
        (
            'with op.batch_alter_table("items") as batch: batch.drop_column("name")',
            "drops a column",
        ),
    ],
)
def test_what_older_code_may_not_survive_is_contract(upgrade: str, what: str) -> None:
    assert faults(migration("0001", upgrade=upgrade)) == [
        f"1.py:7: it {what}, which code from before may not survive: "
        'its phase must be "contract"'
    ]
    assert faults(migration("0001", CONTRACT, upgrade)) == []


def test_helpers_of_an_upgrade_are_looked_at() -> None:
    helper = '\n\ndef _clean() -> None:\n    op.drop_table("items")\n'

    assert len(faults(migration("0001", upgrade="_clean()") + helper)) == 1


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("", 'phase must be "expand" or "contract", and is None'),
        ('phase = "later"', 'phase must be "expand" or "contract", and is \'later\''),
        ('phase = "contract"', "oldest_release must be the first release whose code can run"),
        ('phase = "contract"\noldest_release = "v1"', "such as \"1.4.0\", and is 'v1'"),
        (f'{EXPAND}\noldest_release = "1.4.0"', 'oldest_release belongs to phase "contract"'),
    ],
)
def test_mark_must_be_whole(mark: str, message: str) -> None:
    [fault] = faults(migration("0002", mark))

    assert fault.startswith("1.py: ")
    assert message in fault


def test_first_migration_needs_no_mark() -> None:
    assert faults(migration("0001", mark="")) == []


def test_two_heads_are_named() -> None:
    first, second = migration("0001"), migration("0002")
    third = migration("0002").replace("'0002'", "'0003'", 1)

    assert faults(first, second) == []
    [fault] = faults(first, second, third)
    assert fault.startswith("2.py and 3.py both come last")


def test_source_must_be_python() -> None:
    with pytest.raises(ShipshapeError, match="1.py is not Python"):
        faults("def")


def test_what_expands_is_checked_before_it_is_in_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert migrations.unreleased([Migration.read("0001.py", migration("0001"))]) == []


def test_what_contracts_waits_for_its_release(repository: Repository) -> None:
    waiting = [Migration.read("0002.py", migration("0002", CONTRACT))]
    repository.release("1.3.0")
    assert len(migrations.unreleased(waiting)) == 1

    repository.release("1.4.0")
    assert migrations.unreleased(waiting) == []


def test_schema_and_code(repository: Repository) -> None:
    write(repository, "first", migration("0001"))
    oldest = repository.release("1.2.0")
    write(repository, "second", migration("0002"))
    older = repository.release("1.3.0")
    newer = repository.release("1.4.0")
    write(repository, "third", migration("0003", CONTRACT))
    newest = repository.commit("fix!: a")

    assert data.obstacle(older, oldest) is None
    assert data.obstacle(newest, newer) is None
    assert data.obstacle(newest, newest) is None
    assert data.obstacle(oldest, newest) is None
    assert data.obstacle(newest, older) == (
        "after migration third.py, code older than 1.4.0 cannot run"
    )


def test_code_that_knows_a_migration_survives_it(repository: Repository) -> None:
    write(repository, "first", migration("0001", CONTRACT))
    commit = repository.commit("feat!: a, before 1.4.0")

    assert data.obstacle(commit, commit) is None


def test_deployment_migrates_before_it_rolls_out(repository: Repository, images: Registry) -> None:
    write(repository, "first", migration("0001"))
    digest = images.push(repository.release("1.4.0"))
    images.hold_signed(digest)
    platform = PlatformInMemory()

    Deployment(IMAGE, "staging", platform, GatesInMemory()).deploy(digest, None)

    assert platform.asked == [("migrate", digest), ("roll out", digest)]


def test_nothing_is_migrated_without_migrations(repository: Repository, images: Registry) -> None:
    digest = images.push(repository.release("1.4.0"))
    images.hold_signed(digest)
    platform = PlatformInMemory()

    Deployment(IMAGE, "staging", platform, GatesInMemory()).deploy(digest, None)

    assert platform.asked == [("roll out", digest)]


def test_failed_migration_leaves_what_runs(repository: Repository, images: Registry) -> None:
    write(repository, "first", migration("0001"))
    digest = images.push(repository.release("1.4.0"))
    images.hold_signed(digest)
    platform = FailingMigration()

    with pytest.raises(ShipshapeError, match="the migration failed"):
        Deployment(IMAGE, "staging", platform, GatesInMemory()).deploy(digest, None)
    assert platform.asked == [("migrate", digest)]


def test_code_that_would_not_survive_stops_deployment_and_rollback(
    repository: Repository, images: Registry
) -> None:
    write(repository, "first", migration("0001"))
    commits = [repository.release("1.3.0"), repository.release("1.4.0")]
    write(repository, "second", migration("0002", CONTRACT))
    commits.append(repository.release("1.5.0"))
    versions = "1.3.0", "1.4.0", "1.5.0"
    oldest, middle, newest = (
        images.push(commit, tag=version) for commit, version in zip(commits, versions, strict=True)
    )
    for digest in (oldest, middle, newest):
        images.hold_signed(digest)
    platform = PlatformInMemory(oldest)
    deployment = Deployment(IMAGE, "production", platform, GatesInMemory())

    with pytest.raises(ShipshapeError, match="1.5.0 cannot follow 1.3.0, .* older than 1.4.0"):
        deployment.deploy(newest, None)
    assert platform.asked == []

    platform.digest = newest
    with pytest.raises(ShipshapeError, match="cannot go back to 1.3.0: after migration second.py"):
        roll_back(deployment, "1.3.0", "a reason")
    assert platform.asked == []
    assert "runs 1.4.0" in roll_back(deployment, "1.4.0", "a reason")


def test_schema_that_is_ahead_of_what_runs_is_said(
    repository: Repository, images: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    commits = {version: repository.release(version) for version in ("1.3.0", "1.4.0")}
    digests = {version: images.push(commit, tag=version) for version, commit in commits.items()}
    write(repository, "first", migration("0001", CONTRACT))
    repository.release("1.5.0")
    images.hold_signed(digests["1.3.0"])
    platform = PlatformInMemory(digests["1.4.0"])

    roll_back(Deployment(IMAGE, "production", platform, GatesInMemory()), "1.3.0", "a reason")

    assert "careful, if production was rolled back before" in capsys.readouterr().err


def test_the_command_names_each_fault(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, "first", migration("0001"))
    write(repository, "second", migration("0002", ""))
    write(repository, "third", migration("0003", 'phase = "later"'))

    assert main(["migrations"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(".py: ")[0] for line in lines] == ["error: second", "error: third"]
