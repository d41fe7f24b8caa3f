"""What a drill says of each thing that it breaks is there to be read."""

from pathlib import Path

import pytest

from shipshape import yaml_files
from shipshape.check.markdown import Page
from shipshape.command_line import main
from shipshape.files import PLAYBOOK, RUNBOOK
from shipshape.game_day import drill, stack
from shipshape.monitoring import products, rules
from tests.tool.rendered import KINDS, services


@pytest.fixture(scope="module")
def kinds(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return services(template, tmp_path_factory.mktemp("kinds"))


@pytest.fixture(params=KINDS)
def service(
    request: pytest.FixtureRequest, kinds: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of a service, which is the current one."""
    monkeypatch.chdir(kinds[request.param])
    return kinds[request.param]


def test_each_fault_has_an_alert_and_pages(service: Path) -> None:
    groups = yaml_files.read(products.RULES)["groups"]
    alerts = {alert["alert"] for alert in rules.alerts(groups)}
    runbook, playbook = Page.read(RUNBOOK).anchors, Page.read(PLAYBOOK).anchors
    for fault in drill.faults_of_service():
        assert fault.alert in alerts
        assert fault.alert.lower() in runbook
        assert fault.page in playbook


def test_each_fault_has_a_name_of_its_own(service: Path) -> None:
    names = [fault.name for fault in drill.faults_of_service()]
    assert len({*names}) == len(names) > 4


def test_the_override_fits_the_service(service: Path) -> None:
    services = yaml_files.read(Path("compose.yaml"))["services"]
    overridden = stack._override()["services"]
    assert overridden.keys() <= services.keys()
    assert overridden["service"]["command"][-1] == "orders"
    [mounted] = overridden["service"]["volumes"]
    assert (service / mounted.partition(":")[0] / "faulty.py").exists()
    limited = "DATABASE_POOL_SIZE" if drill.has_database() else "MAX_CONCURRENCY"
    assert [*overridden["service"]["environment"]] == [limited]


def test_an_unknown_fault_is_refused(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["game-day", "flood", "gone"]) == 2
    assert "there is no drill flood: choose of " in capsys.readouterr().err
