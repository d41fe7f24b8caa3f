"""What is in the image, and that it runs with no more rights than it needs."""

import json
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from .conftest import CANARY, Built, docker, inspect

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.xdist_group("docker")]

BUDGETS_MB = {"postgresql": 90, "none": 75}
READY_WITHIN = 30.0


def layers(built: Built) -> list[str]:
    """The layers that the build put on its base, the last one first."""
    told = docker("history", "--no-trunc", "--format", "{{json .}}", built.image).splitlines()
    own = []
    for line in map(json.loads, told):
        own.append(f"{line['Size']:>8} {line['CreatedBy'][:100]}")
        if line["CreatedBy"].startswith("WORKDIR /app"):
            return own
    raise AssertionError(f"no layer is ours: {told}")


def megabytes(layer: str) -> float:
    size = layer.split()[0]
    for unit, scale in (("kB", 1e-3), ("MB", 1.0), ("GB", 1e3), ("B", 1e-6)):
        if size.endswith(unit):
            return float(size.removesuffix(unit)) * scale
    raise AssertionError(f"a size of {size}")


def test_image_keeps_its_budget(built: Built, request: pytest.FixtureRequest) -> None:
    budget = BUDGETS_MB[request.node.callspec.params["built"]]
    told = layers(built)
    total = sum(map(megabytes, told))
    print(f"{total:.1f} MB over the base:", *told, sep="\n")
    assert total <= budget, "\n".join([f"{total:.1f} MB, budget {budget} MB", *told])


def test_image_says_what_it_is(built: Built) -> None:
    labels = built.inspect(".Config.Labels")
    assert labels["org.opencontainers.image.revision"] == f"{'c0ffee' * 6}c0ff"
    assert labels["org.opencontainers.image.source"] == "https://git.example.com/sample"
    assert labels["org.opencontainers.image.version"] == "sha-c0ffee0"
    assert labels["org.opencontainers.image.title"] == built.service_name
    assert "org.opencontainers.image.created" in labels


def test_image_runs_as_nobody_in_particular(built: Built) -> None:
    assert built.inspect(".Config.User") == "10001:10001"
    # In exec form: a shell in between would keep SIGTERM to itself.
    assert built.inspect(".Config.Cmd")[:2] == ["python", "-m"]
    assert built.inspect(".Config.Entrypoint") is None


def test_image_has_no_tools_and_no_secrets(built: Built, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    docker("save", "--output", str(archive), built.image)
    assert CANARY.encode() not in archive.read_bytes()
    history = docker("history", "--no-trunc", built.image)
    assert CANARY not in history
    for name in ("poetry", "uv", "pip", "gcc", "strip"):
        found = docker(
            "run", "--rm", "--network=none", built.image, "sh", "-c",
            f"ls /app/.venv/bin/{name} /tools/bin/{name} 2>/dev/null; true",
        )  # fmt: skip
        assert found == "", found


def test_a_change_of_code_installs_nothing_anew(built: Built) -> None:
    changed = f"{built.image}-changed"
    (module,) = built.service.glob("src/*/app.py")
    text = module.read_text("utf-8")
    try:
        built.build(changed)
        before = inspect(changed, ".RootFS.Layers")
        module.write_text(f"{text}\n# changed\n", "utf-8")
        built.build(changed)
        after = inspect(changed, ".RootFS.Layers")
    finally:
        module.write_text(text, "utf-8")
        docker("image", "rm", "--force", changed)
    assert after != before
    assert after[:-1] == before[:-1]


def test_image_needs_nothing_to_write_to(built: Built) -> None:
    """Nor a database to begin with: it is ready, and says so in its log."""
    container = docker(
        "run", "--detach", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
        "--publish=127.0.0.1::8000", "--env=DATABASE_URL=postgresql://nobody@127.0.0.1:1/nothing",
        built.image,
    ).strip()  # fmt: skip
    try:
        port = int(docker("port", container, "8000/tcp").rsplit(":", 1)[1])
        assert ready(port), docker("logs", container)
        stopped = time.monotonic()
        docker("stop", "--time=30", container)
        assert time.monotonic() - stopped < 20
        assert docker("inspect", "--format={{.State.ExitCode}}", container).strip() == "0"
        lines = [json.loads(line) for line in docker("logs", container).splitlines()]
        assert [lines[0]["event"], lines[-1]["event"]] == ["ready", "stopped"]
        assert {line["commit"] for line in lines} == {f"{'c0ffee' * 6}c0ff"}
    finally:
        docker("rm", "--force", container)


def ready(port: int) -> bool:
    """Whether /readyz says so in time."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    return False
