"""The platform: what kubectl is asked to do, in which order, and what is said where it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.example import EXAMPLE
from shipshape.errors import ShipshapeError
from shipshape.platforms import kubernetes as platform
from shipshape.platforms.kubernetes import Kubernetes
from shipshape.platforms.platform import NO_DIGEST

from .standin import StandIn

DIGEST = f"sha256:{64 * 'a'}"
IMAGE = "registry.example/orders"

# What the real one prints for a kustomization: here, the image alone. Its input is the overlay.
KUSTOMIZE = """
if sys.argv[1] == "kustomize":
    given = pathlib.Path(sys.argv[2], "kustomization.yaml").read_text()
    overlay = json.loads(given)
    [found] = overlay["images"]
    assert pathlib.Path(sys.argv[2], overlay["resources"][0], "kustomization.yaml").exists()
    print("image: " + found["newName"] + "@" + found["digest"])
"""


class Kubectl(StandIn):
    """A kubectl of our own."""

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Arguments and standard input of each call; for kustomize, the overlay."""
        return [(arguments, given) for arguments, given in self.asked()]

    @property
    def verbs(self) -> list[str]:
        return [arguments.split()[0] for arguments, _ in self.calls]


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    """A kubectl of our own, and it alone; no waiting between two looks."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGE", IMAGE)
    monkeypatch.chdir(EXAMPLE)
    monkeypatch.setattr(platform, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(platform, "MIGRATION_SECONDS", 5.0)
    stand_in = Kubectl(tmp_path)
    stand_in.write("kubectl", KUSTOMIZE)
    stand_in.answer("get job", "Complete")
    stand_in.answer("logs job/", "upgraded\n")
    return stand_in


@pytest.fixture
def migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations, whether the service has some or not."""
    folder = tmp_path / "migration"
    folder.mkdir()
    (folder / "kustomization.yaml").touch()
    monkeypatch.setattr(platform, "_MIGRATION", folder)
    return folder


def pods(**status: Any) -> str:
    return json.dumps({"items": [{"metadata": {"name": "pod-1"}, "status": status}]})


def refusal(step: Callable[..., object], *arguments: str | None) -> str:
    with pytest.raises(ShipshapeError) as caught:
        step(*arguments)
    return str(caught.value)


def test_current_is_the_digest_of_the_deployment(kubectl: Kubectl) -> None:
    kubectl.answer("get deployment", f"{IMAGE}@{DIGEST}")
    assert Kubernetes().current("staging") == DIGEST
    [(asked, _)] = kubectl.calls
    assert "-staging" in asked


def test_current_is_nothing_before_the_first_deployment(kubectl: Kubectl) -> None:
    assert Kubernetes().current("staging") is None
    assert "--ignore-not-found" in kubectl.calls[0][0]


def test_a_tag_is_not_taken_for_a_digest(kubectl: Kubectl) -> None:
    kubectl.answer("get deployment", f"{IMAGE}:1.4.0")
    assert f"runs {IMAGE}:1.4.0" in refusal(Kubernetes().current, "staging")


@pytest.mark.parametrize("environment", ["prod", "", "../staging", "base"])
def test_an_unknown_environment_is_refused(kubectl: Kubectl, environment: str) -> None:
    said = refusal(Kubernetes().render, environment, DIGEST, None)
    assert said == f"there is no environment {environment!r}: name production or staging"


@pytest.mark.parametrize("digest", ["latest", "1.4.0", "", "sha256:abc", f"{DIGEST}\n"])
def test_anything_but_a_digest_is_refused(kubectl: Kubectl, digest: str) -> None:
    for step in (Kubernetes().render, Kubernetes().roll_out):
        assert "is no digest" in refusal(step, "staging", digest, None)
    assert kubectl.calls == []


def test_the_overlay_names_image_namespace_and_version(kubectl: Kubectl) -> None:
    Kubernetes().render("production", DIGEST, "1.4.0")
    [(_, given)] = kubectl.calls
    overlay = json.loads(given)
    assert overlay["images"] == [{"name": "service", "newName": IMAGE, "digest": DIGEST}]
    assert overlay["namespace"].endswith("-production")
    assert overlay["configMapGenerator"][0]["literals"] == ["SERVICE_VERSION=1.4.0"]


def test_without_a_version_that_of_the_image_stays(kubectl: Kubectl) -> None:
    Kubernetes().render("production", NO_DIGEST, None)
    assert "SERVICE_VERSION" not in kubectl.calls[0][1]


def test_a_difference_is_no_failure(kubectl: Kubectl) -> None:
    kubectl.answer("diff", "-replicas: 2\n", code=1)
    assert Kubernetes().diff("staging", DIGEST, None) == "-replicas: 2\n"
    kubectl.answer("diff", "forbidden", code=2)
    assert "forbidden" in refusal(Kubernetes().diff, "staging", DIGEST, None)


def test_a_roll_out_applies_and_waits(kubectl: Kubectl) -> None:
    Kubernetes().roll_out("staging", DIGEST, "1.4.0")
    assert kubectl.verbs == ["kustomize", "apply", "rollout"]
    assert f"{IMAGE}@{DIGEST}" in kubectl.calls[1][1]


def test_nothing_is_applied_that_lacks_the_image(
    kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "_kustomize", lambda *_: f"image: sidecar@{NO_DIGEST}\n")
    assert "no container" in refusal(Kubernetes().roll_out, "staging", DIGEST, None)
    assert kubectl.calls == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"waiting": {"reason": "ImagePullBackOff", "message": "gone"}}, "ImagePullBackOff: gone"),
        ({"terminated": {"reason": "OOMKilled", "exitCode": 137}}, "OOMKilled: exit code 137"),
        ({"running": {}}, "it runs, and is not ready"),
    ],
)
def test_a_stuck_roll_out_says_what_the_pods_say(
    kubectl: Kubectl, state: dict[str, Any], reason: str
) -> None:
    kubectl.answer("rollout status", "exceeded its progress deadline", code=2)
    kubectl.answer("get pods", pods(containerStatuses=[{"ready": False, "state": state}]))
    kubectl.answer("logs pod-1", "DATABASE_URL is not set\n")
    said = refusal(Kubernetes().roll_out, "staging", DIGEST, None)
    assert said.startswith(f"{DIGEST} did not become available in staging: ")
    assert "exceeded its progress deadline" in said
    assert f"pod-1: {reason}" in said
    assert said.endswith("DATABASE_URL is not set")


def test_a_pod_without_a_node_is_named(kubectl: Kubectl) -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    kubectl.answer("rollout status", "timed out", code=2)
    kubectl.answer("get pods", pods(conditions=[{**unscheduled, "message": "no memory"}]))
    kubectl.answer("logs pod-1", "no such container", code=2)
    said = refusal(Kubernetes().roll_out, "staging", DIGEST, None)
    assert "pod-1: Unschedulable: no memory" in said
    assert "has not started" in said


def test_pods_that_cannot_be_asked_do_not_hide_the_failure(kubectl: Kubectl) -> None:
    kubectl.answer("rollout status", "timed out", code=2)
    kubectl.answer("get pods", "forbidden", code=2)
    said = refusal(Kubernetes().roll_out, "staging", DIGEST, None)
    assert "timed out" in said
    assert "the pods could not be asked" in said


def test_without_migrations_nothing_is_asked(kubectl: Kubectl, migration: Path) -> None:
    (migration / "kustomization.yaml").unlink()
    migration.rmdir()
    Kubernetes().migrate("staging", DIGEST, None)
    assert kubectl.calls == []


def test_migrations_run_to_their_end(
    kubectl: Kubectl, migration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Kubernetes().migrate("staging", DIGEST, None)
    assert kubectl.verbs == ["kustomize", "delete", "apply", "get", "logs"]
    assert f"{IMAGE}@{DIGEST}" in kubectl.calls[2][1]
    assert capsys.readouterr().out == "upgraded\n"


def test_failed_migrations_are_told_with_their_log(kubectl: Kubectl, migration: Path) -> None:
    kubectl.answer("get job", "FailureTarget Failed")
    ended = {"terminated": {"reason": "Error", "exitCode": 1}}
    kubectl.answer("get pods", pods(containerStatuses=[{"ready": False, "state": ended}]))
    kubectl.answer("logs pod-1", "relation already exists\n")
    said = refusal(Kubernetes().migrate, "staging", DIGEST, None)
    assert f"the migrations of {DIGEST} failed in staging, and no pod was changed" in said
    assert said.endswith("relation already exists")


def test_migrations_do_not_take_forever(
    kubectl: Kubectl, migration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "MIGRATION_SECONDS", 0.2)
    kubectl.answer("get job", "")
    kubectl.answer("get pods", json.dumps({"items": []}))
    said = refusal(Kubernetes().migrate, "staging", DIGEST, None)
    assert "did not end within 0.2 s" in said
    assert kubectl.verbs[-1] == "delete"
