"""Readiness: listeners get each change."""

from orders.chassis.health import Health


def test_listeners_hear_of_each_change() -> None:
    health, heard = Health(), list[str]()
    health.on_change(heard.append)

    health.set_ready()
    health.set_not_ready("worker counter")
    health.set_ready()  # which nothing does once it is not ready
    health.set_stopping()
    health.set_not_ready("worker counter")

    assert heard == ["starting", "ready", "not ready: worker counter", "stopping"]
