"""What happens when a handler fails: little to the caller, all to the log, and once."""

import httpx2
import pytest

from .observed import Observed

DETAIL = "a detail of the inside"


def test_unhandled_exception(observed: Observed, api: httpx2.Client) -> None:
    response = api.get("/faulty/fail", params={"message": DETAIL})

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    for inside in (DETAIL, "ValueError", "Traceback", ".py"):
        assert inside not in response.text
    failure, about = observed.lines(response)
    assert (failure["level"], failure["event"]) == ("error", "unhandled exception")
    assert failure["exception"].startswith("Traceback ")
    assert failure["exception"].endswith(f"ValueError: {DETAIL}\n")
    assert about["status"] == 500
    assert api.get("/faulty/show_cancelled").status_code == 200


def test_exception_in_the_middle_of_an_answer(observed: Observed, api: httpx2.Client) -> None:
    with (
        api.stream("GET", "/faulty/break_off") as response,
        pytest.raises(httpx2.RemoteProtocolError),  # and not an answer that looks whole
    ):
        response.read()

    assert response.status_code == 200
    assert api.get("/faulty/show_cancelled").status_code == 200
    failure, about = observed.lines(response)
    assert failure["event"] == "unhandled exception"
    assert failure["exception"].endswith("ValueError: no second half\n")
    assert (about["event"], about["status"], about["error"]) == ("request", 200, "500")
