"""Images that are signed, verified and promoted; docker and cosign are stand-ins."""

import json
from pathlib import Path

import pytest

from shipshape.errors import ShipshapeError
from shipshape.releases import registry, signature
from shipshape.releases.promotion import promote

from .. import standin
from ..conftest import IMAGE, Registry

COMMIT, OTHER = "a" * 40, "b" * 40


@pytest.fixture
def signed(images: Registry) -> str:
    """The digest of an image that may be released."""
    digest = images.push(COMMIT)
    images.sign(digest)
    return digest


def test_promoted_image_is_the_same(images: Registry, signed: str) -> None:
    assert promote(IMAGE, COMMIT, "1.4.0") == signed
    assert images.tags["1.4.0"] == signed


def test_promoting_again_changes_nothing(images: Registry, signed: str) -> None:
    promote(IMAGE, COMMIT, "1.4.0")
    before = images.contents

    assert promote(IMAGE, COMMIT, "1.4.0") == signed
    assert images.contents == before


def test_version_of_another_image_is_refused(images: Registry, signed: str) -> None:
    earlier = images.push(OTHER, tag="1.4.0")

    with pytest.raises(ShipshapeError, match="1.4.0 is released already"):
        promote(IMAGE, COMMIT, "1.4.0")
    assert images.tags["1.4.0"] == earlier


def test_commit_without_an_image_is_refused(images: Registry) -> None:
    with pytest.raises(ShipshapeError, match=f"the registry has no {IMAGE}:sha-{COMMIT}"):
        promote(IMAGE, COMMIT, "1.4.0")


def test_unsigned_image_is_refused(images: Registry) -> None:
    images.push(COMMIT)

    with pytest.raises(ShipshapeError, match="is not signed: its checks have not passed on main"):
        promote(IMAGE, COMMIT, "1.4.0")
    assert "1.4.0" not in images.tags


def test_attestations_are_no_signature(images: Registry) -> None:
    digest = images.push(COMMIT)
    images.sign(digest)
    contents = images.contents
    contents["signed"][digest].pop()  # the signature, which comes last
    images.file.write_text(json.dumps(contents))

    with pytest.raises(ShipshapeError, match="is not signed: its checks have not passed on main"):
        promote(IMAGE, COMMIT, "1.4.0")


def test_signature_of_somebody_else_is_refused(
    images: Registry, signed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSIGN_PUBLIC_KEY", "another key")

    with pytest.raises(ShipshapeError, match="is not signed by the key another key"):
        promote(IMAGE, COMMIT, "1.4.0")
    assert "1.4.0" not in images.tags


def test_provenance_must_be_signed_too(images: Registry) -> None:
    digest = images.push(COMMIT)
    signature.sign(f"{IMAGE}@{digest}", images.sbom, [])

    with pytest.raises(ShipshapeError, match="has no slsaprovenance1 of the key a key"):
        promote(IMAGE, COMMIT, "1.4.0")


def test_tag_that_was_moved_to_another_commit_is_seen(images: Registry, signed: str) -> None:
    contents = images.contents
    contents["tags"][f"{IMAGE}:sha-{OTHER}"] = signed
    images.file.write_text(json.dumps(contents))

    with pytest.raises(ShipshapeError, match=f"was built from another commit, {COMMIT}"):
        promote(IMAGE, OTHER, "1.4.0")


def test_single_manifest_is_refused_before_it_is_tagged(images: Registry) -> None:
    images.sign(images.push(COMMIT, type=standin.MANIFEST))

    with pytest.raises(ShipshapeError, match="build it with --provenance=mode=max,version=v1"):
        promote(IMAGE, COMMIT, "1.4.0")
    assert "1.4.0" not in images.tags


@pytest.mark.parametrize("provenance", [{}, {"SLSA": {"buildType": "of version 0.2"}}])
def test_image_without_provenance_is_not_signed(
    images: Registry, provenance: dict[str, object]
) -> None:
    digest = images.push(COMMIT, provenance=provenance)

    with pytest.raises(ShipshapeError, match="has no provenance of SLSA 1"):
        images.sign(digest)
    assert images.contents["signed"] == {}


def test_image_of_several_platforms(images: Registry) -> None:
    one: dict[str, object] = {"SLSA": {"buildDefinition": {}}}
    label = {"config": {"Labels": {registry.REVISION: COMMIT}}}
    digest = images.push(
        COMMIT,
        image={"linux/amd64": label, "linux/arm64": label},
        provenance={"linux/amd64": one, "linux/arm64": one},
    )
    images.sign(digest)

    assert promote(IMAGE, COMMIT, "1.4.0") == digest
    assert len(signature.attestations(f"{IMAGE}@{digest}", signature.PROVENANCE)) == 2


def test_what_was_attested_can_be_saved(images: Registry, signed: str, tmp_path: Path) -> None:
    sbom, statements = signature.save(f"{IMAGE}@{signed}", tmp_path / "assets")

    assert json.loads(sbom.read_text()) == {"bomFormat": "CycloneDX"}
    assert sbom.name.endswith(".cdx.json")
    assert len(statements.read_text().splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", "no JSON"])
def test_sbom_must_be_one(images: Registry, text: str) -> None:
    images.sbom.write_text(text)

    with pytest.raises(ShipshapeError, match="is no SBOM of CycloneDX"):
        images.sign(images.push(COMMIT))


@pytest.mark.parametrize(
    "said",
    [
        "unexpected status from HEAD request to https://registry.example.com/v2/: 403 Forbidden",
        "failed to fetch oauth token: unexpected status: 401 Unauthorized",
        "pull access denied, repository does not exist or may require authorization",
        "denied: requested access to the resource is denied",
        "unauthorized: authentication required",
    ],
)
def test_registry_that_refuses_is_named(images: Registry, signed: str, said: str) -> None:
    images.fail(f"ERROR: {said}")

    with pytest.raises(ShipshapeError, match="the registry refuses .*: log in with docker login"):
        promote(IMAGE, COMMIT, "1.4.0")


@pytest.mark.parametrize("name", ["localhost:44019/team/orders", f"{IMAGE}@sha256:{'a403' * 16}"])
def test_numbers_in_a_name_are_no_refusal(images: Registry, name: str) -> None:
    images.fail(f"ERROR: {name}: not found")

    assert registry.find(name) is None


def test_registry_that_is_gone_is_no_refusal(images: Registry) -> None:
    images.fail("ERROR: dial tcp 127.0.0.1:40311: connect: connection refused")

    with pytest.raises(ShipshapeError, match="docker failed with status 1: dial tcp 127.0.0.1"):
        registry.find(IMAGE)


def test_docker_without_buildx_is_named(images: Registry) -> None:
    images.fail(
        "docker: unknown command: docker buildx\n\nRun 'docker --help' for more information"
    )

    with pytest.raises(ShipshapeError, match="docker has no buildx: install this plugin"):
        registry.find(IMAGE)


def test_program_that_is_missing_is_named(
    images: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ShipshapeError, match="docker is needed, and cannot be run: no such file"):
        promote(IMAGE, COMMIT, "1.4.0")


def test_signer_must_be_named_in_full(images: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNER_IDENTITY", "https://example.com/merge.yml@refs/heads/main")
    with pytest.raises(ShipshapeError, match="SIGNER_IDENTITY and SIGNER_ISSUER belong together"):
        signature.signer()

    monkeypatch.setenv("SIGNER_ISSUER", "https://issuer.example.com")
    assert signature.signer().options == (
        "--certificate-identity",
        "https://example.com/merge.yml@refs/heads/main",
        "--certificate-oidc-issuer",
        "https://issuer.example.com",
    )


def test_nobody_signs(images: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSIGN_PUBLIC_KEY")
    monkeypatch.delenv("COSIGN_PRIVATE_KEY")

    with pytest.raises(ShipshapeError, match="nobody is named whose signature counts"):
        signature.signer()
    with pytest.raises(ShipshapeError, match="there is nothing to sign with"):
        images.sign(images.push(COMMIT))
