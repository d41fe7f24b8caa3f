"""A release and the way back, with a real registry, BuildKit's provenance and cosign's signatures.

The cluster alone is a stand-in; what it runs is the image, and that is what the smoke test asks.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.debian import program
from tests.ports import free_ports
from tests.render.test_release_page import commands

from .attesting import attesting_engine, bring
from .cluster import Cluster
from .conftest import Built
from .pipeline import SBOM, Pipeline, Release
from .registry import image_registry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.xdist_group("docker"),
    pytest.mark.parametrize("built", ["postgresql"], indirect=True),
]

NOBODY = {
    **{f"GIT_{role}_NAME": "A. Developer" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "developer@example.com" for role in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
}
# It becomes ready and passes the first round of the smoke test, but not the next ones.
FAULT = ("api.openapi = schema ", "api.openapi = iter([schema()] * 2).__next__ ")
CONTRACT = '''\
"""The index goes.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
phase = "contract"
oldest_release = "1.1.0"


def upgrade() -> None:
    op.drop_index("ix_items_position", table_name="items")


def downgrade() -> None:
    op.create_index("ix_items_position", "items", ["created_at", "id"])
'''


@pytest.fixture(scope="module")
def engine_variables() -> Iterator[dict[str, str]]:
    """What leads docker to an engine that can attest."""
    with attesting_engine() as variables:
        yield variables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("release")


@pytest.fixture(scope="module")
def cluster(engine_variables: dict[str, str], folder: Path) -> Iterator[Cluster]:
    """One that runs nothing."""
    port, management_port = free_ports(2)
    cluster = Cluster(folder / "cluster", port, management_port, engine_variables)
    cluster.folder.mkdir()
    cluster.install()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def key(folder: Path) -> dict[str, str]:
    """What has the commands sign and verify with a new key."""
    cosign, prefix = program("cosign", "cosign"), folder / "key"
    password = {"COSIGN_PASSWORD": token_hex()}
    command = [cosign, "generate-key-pair", f"--output-key-prefix={prefix}"]
    subprocess.run(command, env={**os.environ, **password}, capture_output=True, check=True)
    keys = {"COSIGN_PRIVATE_KEY": f"{prefix}.key", "COSIGN_PUBLIC_KEY": f"{prefix}.pub"}
    return {**password, **keys, "SIGNER_IDENTITY": "", "SIGNER_ISSUER": ""}


@pytest.fixture(scope="module")
def pipeline(
    built: Built,
    engine_variables: dict[str, str],
    cluster: Cluster,
    key: dict[str, str],
    folder: Path,
) -> Iterator[Pipeline]:
    """That of a service in git, with a registry of its own."""
    (cluster.folder / "cosign").symlink_to(program("cosign", "cosign"))
    shutil.copytree(built.service, folder / "service")
    bring(built.image, folder, engine_variables)
    with image_registry(folder, free_ports(1)[0]) as registry:
        image = f"{registry}/team/orders"
        variables = engine_variables | cluster.variables | key | NOBODY | {"IMAGE": image}
        pipeline = Pipeline(folder / "service", built.image, image, variables, folder)
        pipeline.git("init", "--quiet", "--initial-branch=main")
        yield pipeline


@pytest.fixture(scope="module")
def releases(pipeline: Pipeline) -> dict[str, Release]:
    """Two good ones, one that fails soon, and one whose migration takes something away."""
    made = [pipeline.release("1.0.0", "feat: first"), pipeline.release("1.1.0", "feat: more")]
    (module,) = pipeline.service.glob("src/*/api/application.py")
    good = module.read_text("utf-8")
    assert FAULT[0] in good
    module.write_text(good.replace(*FAULT), "utf-8")
    made.append(pipeline.release("1.2.0", "feat: more than it can do"))
    module.write_text(good, "utf-8")
    (pipeline.service / "migrations/versions/0002_contract.py").write_text(CONTRACT, "utf-8")
    made.append(pipeline.release("2.0.0", "feat!: less"))
    return {release.version: release for release in made}


def test_unsigned_image_is_neither_released_nor_deployed(
    pipeline: Pipeline, cluster: Cluster
) -> None:
    cluster.stop()
    commit = pipeline.commit("feat: not checked yet")
    digest = pipeline.build(commit)
    assert pipeline.succeed("digest", f"sha-{commit}") == digest
    for command in (
        ("promote", "--commit", commit, "--version", "0.1.0"),
        ("deploy", "staging", digest, "--without-slo"),
    ):
        outcome = pipeline.command(*command)
        assert (outcome.status, outcome.result) == (1, "")
        assert outcome.said.endswith("is not signed: its checks have not passed on main")
    assert "the registry has no" in pipeline.command("digest", "0.1.0").said
    assert cluster.applied == []


def test_image_without_provenance_is_not_signed(pipeline: Pipeline) -> None:
    digest = pipeline.build(pipeline.commit("feat: from nowhere"), "--provenance=false")
    outcome = pipeline.sign(digest)
    assert outcome.status == 1
    assert "has no provenance of SLSA 1" in outcome.said
    assert pipeline.command("verify", digest).status == 1


def test_release_is_the_very_image_that_was_checked(
    pipeline: Pipeline, releases: dict[str, Release]
) -> None:
    for release in releases.values():
        for tag in (release.version, f"sha-{release.commit}"):
            assert pipeline.succeed("digest", tag) == release.digest
    assert len({release.digest for release in releases.values()}) == len(releases)


def test_release_again_is_the_same_and_another_one_is_refused(
    pipeline: Pipeline, releases: dict[str, Release]
) -> None:
    first, second = releases["1.0.0"], releases["1.1.0"]
    again = pipeline.succeed("promote", "--commit", first.commit, "--version", "1.0.0")
    assert again == first.digest
    other = pipeline.command("promote", "--commit", second.commit, "--version", "1.0.0")
    assert (other.status, other.result) == (1, "")
    assert other.said == (
        f"error: 1.0.0 is released already, as {first.digest}: take another version"
    )
    assert pipeline.succeed("digest", "1.0.0") == first.digest


def test_sbom_and_provenance_are_those_of_the_image(
    pipeline: Pipeline, releases: dict[str, Release], tmp_path: Path
) -> None:
    release = releases["1.0.0"]
    pipeline.succeed("attestations", release.digest, "--into", str(tmp_path))
    (sbom,), (envelope,) = tmp_path.glob("*.cdx.json"), tmp_path.glob("*.intoto.jsonl")
    assert json.loads(sbom.read_text("utf-8")) == SBOM
    statement = json.loads(base64.b64decode(json.loads(envelope.read_text("utf-8"))["payload"]))
    (subject,) = statement["subject"]
    assert f"sha256:{subject['digest']['sha256']}" == release.digest
    built = statement["predicate"]["buildDefinition"]["externalParameters"]
    assert built["request"]["args"]["build-arg:COMMIT"] == release.commit


def test_first_deployment(
    pipeline: Pipeline, cluster: Cluster, releases: dict[str, Release]
) -> None:
    first = releases["1.0.0"]
    cluster.stop()
    said = pipeline.succeed("deploy", "staging", first.digest, "--without-slo")
    assert said.endswith(f"staging runs {first}")
    assert cluster.applied == [f"Job {first.digest}", f"Deployment {first.digest}"]
    assert cluster.says == ("1.0.0", first.commit)


def test_next_deployment(
    pipeline: Pipeline, cluster: Cluster, releases: dict[str, Release]
) -> None:
    second = releases["1.1.0"]
    run(pipeline, cluster, releases["1.0.0"])
    said = pipeline.succeed("deploy", "staging", second.digest, "--without-slo")
    assert said.endswith(f"staging runs {second}")
    assert cluster.applied == [f"Job {second.digest}", f"Deployment {second.digest}"]
    assert cluster.says == ("1.1.0", second.commit)


def test_deployment_that_fails_its_smoke_test_puts_back_what_ran(
    pipeline: Pipeline, cluster: Cluster, releases: dict[str, Release]
) -> None:
    earlier, failing = releases["1.1.0"], releases["1.2.0"]
    run(pipeline, cluster, earlier)
    outcome = pipeline.command("deploy", "staging", failing.digest, "--without-slo")
    assert outcome.status == 1
    assert outcome.said == (
        f"error: {failing} failed in staging: the smoke test failed: "
        f"{pipeline.variables['SERVICE_URL']}/openapi.json answers 500; "
        f"{earlier} was put back, and answers"
    )
    assert cluster.applied == [
        f"Job {failing.digest}",
        f"Deployment {failing.digest}",
        f"Deployment {earlier.digest}",
    ]
    assert cluster.digest == earlier.digest
    assert cluster.says == ("1.1.0", earlier.commit)


def test_rollback(pipeline: Pipeline, cluster: Cluster, releases: dict[str, Release]) -> None:
    """The command of docs/release.md, in another environment and to another version."""
    first = releases["1.0.0"]
    run(pipeline, cluster, releases["1.1.0"])
    (command,) = (each for each in commands(pipeline.service) if "rollback" in each)
    here = {"production": "staging", "1.4.0": "1.0.0"}
    said = pipeline.succeed(*[here.get(word, word) for word in command[2:]], "--without-slo")
    assert said == f"staging runs {first}; rolled back: 5xx after 1.5.0"
    assert cluster.applied == [f"Deployment {first.digest}"]  # and no migration
    assert cluster.says == ("1.0.0", first.commit)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (
            "1.0.0",
            "staging cannot go back to 1.0.0: after migration 0002_contract.py, "
            "code older than 1.1.0 cannot run",
        ),
        ("1.9.0", "1.9.0 was not released; the newest releases: 2.0.0, 1.2.0, 1.1.0, 1.0.0"),
    ],
    ids=["across-a-contract-migration", "to-an-unknown-version"],
)
def test_rollback_that_cannot_be_changes_nothing(
    pipeline: Pipeline,
    cluster: Cluster,
    releases: dict[str, Release],
    version: str,
    message: str,
) -> None:
    newest = releases["2.0.0"]
    run(pipeline, cluster, newest)
    reason = ("--reason", "orders were lost", "--without-slo")
    outcome = pipeline.command("rollback", "staging", version, *reason)
    assert (outcome.status, outcome.result) == (1, "")
    assert outcome.said == f"error: {message}"
    assert cluster.applied == []
    assert cluster.says == ("2.0.0", newest.commit)


def run(pipeline: Pipeline, cluster: Cluster, release: Release) -> None:
    """Have a release run, for a deployment to begin with."""
    cluster.run(f"{pipeline.image}@{release.digest}", release.version)
