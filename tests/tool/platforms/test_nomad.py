"""The platform: what nomad is asked to do, in which order, and what is said where it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipshape.errors import ShipshapeError
from shipshape.platforms import nomad as platform
from shipshape.platforms.platform import NO_DIGEST

from ..conftest import rendered
from .standin import StandIn

DIGEST = f"sha256:{64 * 'a'}"
OTHER = f"sha256:{64 * 'b'}"
IMAGE = "registry.example/orders"
NAME = "orders"
MIGRATION = f"{NAME}-migration"


class Nomad(StandIn):
    """A nomad of our own."""

    def tell(self, path: str, content: object) -> None:
        self.answer(f"operator api /v1/{path}?", json.dumps(content))

    def running(self, image: str, *, stop: bool = False) -> None:
        self.tell("jobs", [{"ID": MIGRATION, "Stop": False}, {"ID": NAME, "Stop": stop}])
        task = {"Name": "service", "Config": {"image": image}}
        self.tell(f"job/{NAME}", {"TaskGroups": [{"Tasks": [task]}]})

    def migrating(self, *states: str, version: int = 3) -> None:
        self.tell(f"job/{MIGRATION}", {"Version": version})
        ended = [allocation(state, index, 3) for index, state in enumerate(states)]
        earlier = allocation("failed", 0, 2)
        self.tell(f"job/{MIGRATION}/allocations", [*reversed(ended), earlier])

    @property
    def calls(self) -> list[str]:
        return [arguments for arguments, _ in self.asked()]


@pytest.fixture
def nomad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomad:
    """A nomad of our own, and it alone; no waiting between two looks."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGE", IMAGE)
    monkeypatch.chdir(rendered(deploy="nomad"))
    monkeypatch.setattr(platform, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(platform, "MIGRATION_SECONDS", 5.0)
    stand_in = Nomad(tmp_path)
    stand_in.write("nomad")
    stand_in.running(f"{IMAGE}@{DIGEST}")
    stand_in.tell(f"job/{NAME}/allocations", [allocation("failed", 7, 4)])
    stand_in.tell(f"job/{NAME}/evaluations", [])
    return stand_in


@pytest.fixture
def migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job of migrations, whether the service has one or not."""
    job = tmp_path / "migration.nomad.hcl"
    job.touch()
    monkeypatch.setattr(platform, "_MIGRATION", job)
    return job


def allocation(state: str, index: int, version: int) -> dict[str, Any]:
    events = [{"DisplayMessage": f"it is {state}"}]
    return {
        "ID": f"id-{index}",
        "Name": f"instance[{index}]",
        "ClientStatus": state,
        "CreateIndex": index,
        "JobVersion": version,
        "TaskStates": {"service": {"Events": events}},
    }


def refusal(step: Callable[..., object], *arguments: str | None) -> str:
    with pytest.raises(ShipshapeError) as caught:
        step(*arguments)
    return str(caught.value)


def test_current_is_the_digest_of_the_job(nomad: Nomad) -> None:
    assert platform.Nomad().current("staging") == DIGEST
    assert all(f"namespace={NAME}-staging" in call for call in nomad.calls)


def test_current_is_nothing_where_nothing_runs(nomad: Nomad) -> None:
    nomad.running(f"{IMAGE}@{DIGEST}", stop=True)
    assert platform.Nomad().current("staging") is None
    nomad.tell("jobs", [{"ID": MIGRATION, "Stop": False}])
    assert platform.Nomad().current("staging") is None


def test_a_tag_is_not_taken_for_a_digest(nomad: Nomad) -> None:
    nomad.running(f"{IMAGE}:1.4.0")
    assert f"runs {IMAGE}:1.4.0" in refusal(platform.Nomad().current, "staging")


@pytest.mark.parametrize("environment", ["prod", "", "../staging", "service"])
def test_an_unknown_environment_is_refused(nomad: Nomad, environment: str) -> None:
    said = refusal(platform.Nomad().render, environment, DIGEST, None)
    assert said == f"there is no environment {environment!r}: name production or staging"


@pytest.mark.parametrize("digest", ["latest", "1.4.0", "", "sha256:abc", f"{DIGEST}\n"])
def test_anything_but_a_digest_is_refused(nomad: Nomad, digest: str) -> None:
    for step in (platform.Nomad().render, platform.Nomad().roll_out):
        assert "is no digest" in refusal(step, "staging", digest, None)
    assert nomad.calls == []


def test_the_job_gets_image_digest_and_version(nomad: Nomad) -> None:
    platform.Nomad().render("production", DIGEST, "1.4.0")
    [call] = nomad.calls
    assert call.startswith("job run -output ")
    assert "/production.vars.hcl " in call
    assert f"-var image={IMAGE} -var digest={DIGEST} " in call
    assert '-var release={SERVICE_VERSION="1.4.0"} ' in call
    assert call.endswith(" deploy/service.nomad.hcl")


def test_without_a_version_that_of_the_image_stays(nomad: Nomad) -> None:
    platform.Nomad().render("production", NO_DIGEST, None)
    assert "release" not in nomad.calls[0]


def test_a_difference_is_no_failure(nomad: Nomad) -> None:
    nomad.answer("job plan", "+/- Job\n", code=1)
    assert platform.Nomad().diff("staging", DIGEST, None) == "+/- Job\n"
    nomad.answer("job plan", "forbidden", code=255)
    assert "forbidden" in refusal(platform.Nomad().diff, "staging", DIGEST, None)


def test_a_roll_out_submits_and_waits(nomad: Nomad) -> None:
    platform.Nomad().roll_out("staging", DIGEST, "1.4.0")
    first = nomad.calls[0]
    assert first.startswith("job run -preserve-counts ")
    assert "-detach" not in first


def test_a_stuck_roll_out_says_what_the_instance_says(nomad: Nomad) -> None:
    nomad.answer("job run", "deployment failed", code=2)
    nomad.answer("alloc logs", "DATABASE_URL is not set\n")
    said = refusal(platform.Nomad().roll_out, "staging", DIGEST, None)
    assert said.startswith(f"{DIGEST} did not become healthy in staging: ")
    assert "deployment failed" in said
    assert "instance[7]: it is failed" in said
    assert said.endswith("DATABASE_URL is not set")


def test_what_nomad_has_put_back_is_no_success(nomad: Nomad) -> None:
    nomad.running(f"{IMAGE}@{OTHER}")
    said = refusal(platform.Nomad().roll_out, "staging", DIGEST, None)
    assert "Nomad has put the version before back" in said


def test_an_instance_without_a_node_is_told(nomad: Nomad) -> None:
    evaluation = {"TriggeredBy": "job-register", "CreateIndex": 9}
    short = {"api": {"DimensionExhausted": {"memory": 3}, "ConstraintFiltered": None}}
    earlier = {"TriggeredBy": "job-register", "CreateIndex": 2, "FailedTGAllocs": None}
    nomad.tell(f"job/{NAME}/evaluations", [earlier, evaluation | {"FailedTGAllocs": short}])
    nomad.answer("job run", "placement failed", code=2)
    said = refusal(platform.Nomad().roll_out, "staging", DIGEST, None)
    assert "api: no node can take it: memory on 3" in said


def test_instances_that_cannot_be_asked_do_not_hide_the_failure(nomad: Nomad) -> None:
    nomad.answer("job run", "deployment failed", code=2)
    nomad.answer(f"operator api /v1/job/{NAME}/allocations?", "forbidden", code=2)
    said = refusal(platform.Nomad().roll_out, "staging", DIGEST, None)
    assert "deployment failed" in said
    assert "the instances could not be asked" in said


def test_without_migrations_nothing_is_asked(nomad: Nomad, migration: Path) -> None:
    migration.unlink()
    platform.Nomad().migrate("staging", DIGEST, None)
    assert nomad.calls == []


def test_migrations_run_to_their_end(
    nomad: Nomad, migration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nomad.migrating("complete")
    nomad.answer("alloc logs", "upgraded\n")
    platform.Nomad().migrate("staging", DIGEST, None)
    first, last = nomad.calls[0], nomad.calls[-1]
    assert first.startswith(f"job run -detach -var namespace={NAME}-staging ")
    assert f"-var digest={DIGEST} " in first
    assert last.endswith("id-0")
    assert "upgraded" in capsys.readouterr().out


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_failed_migrations_are_told_with_their_log(
    nomad: Nomad, migration: Path, state: str
) -> None:
    nomad.migrating(state)
    nomad.answer("alloc logs", "relation already exists\n")
    said = refusal(platform.Nomad().migrate, "staging", DIGEST, None)
    assert f"the migrations of {DIGEST} failed in staging, and no instance was changed" in said
    assert f"it is {state}" in said
    assert said.endswith("relation already exists")


def test_earlier_migrations_are_not_taken_for_these(
    nomad: Nomad, migration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "MIGRATION_SECONDS", 0.3)
    nomad.migrating("complete", version=4)
    said = refusal(platform.Nomad().migrate, "staging", DIGEST, None)
    assert "did not end within 0.3 s" in said
    assert any(call.startswith("job stop ") for call in nomad.calls)
