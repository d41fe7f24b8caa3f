"""The life of an item, over HTTP."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

TEAPOT = {"name": "Teapot", "description": None, "quantity": 3}


@pytest.fixture
def teapot(client: httpx2.Client) -> httpx2.Response:
    """The answer to the creation of an item."""
    return client.post("/items", json=TEAPOT)


def assert_problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem details of an error."""
    problem: dict[str, Any] = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == status == problem["status"]
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


def test_created_item_can_be_read_where_it_is_said_to_be(
    client: httpx2.Client, teapot: httpx2.Response
) -> None:
    assert teapot.status_code == 201
    assert TEAPOT.items() <= teapot.json().items()

    read = client.get(teapot.headers["location"])

    assert read.status_code == 200
    assert read.json() == teapot.json()
    assert read.headers["etag"] == teapot.headers["etag"]


def test_list_shows_each_item_once_over_all_pages(client: httpx2.Client) -> None:
    created = [client.post("/items", json=TEAPOT).json()["id"] for _ in range(5)]

    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/items", params={"limit": 2, **cursor}).json()
        assert len(page["items"]) <= 2
        listed += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert len(listed) == len(set(listed))
    assert [item_id for item_id in listed if item_id in created] == created


@pytest.mark.parametrize("cursor", ["nonsense", "bm9uc2Vuc2U=", "é"])
def test_cursor_from_elsewhere_is_refused(client: httpx2.Client, cursor: str) -> None:
    assert_problem(client.get("/items", params={"cursor": cursor}), 422)


def test_item_changes_only_from_the_version_that_was_read(
    client: httpx2.Client, teapot: httpx2.Response
) -> None:
    place, tag = teapot.headers["location"], {"If-Match": teapot.headers["etag"]}

    changed = client.put(place, json={**TEAPOT, "quantity": 2}, headers=tag)
    assert changed.status_code == 200
    assert changed.json()["quantity"] == 2
    assert changed.headers["etag"] != teapot.headers["etag"]

    assert_problem(client.put(place, json={**TEAPOT, "quantity": 1}, headers=tag), 412)
    assert client.get(place).json() == changed.json()


def test_change_of_any_version(client: httpx2.Client, teapot: httpx2.Response) -> None:
    changed = client.put(teapot.headers["location"], json=TEAPOT, headers={"If-Match": "*"})

    assert changed.status_code == 200


@pytest.mark.parametrize(
    "tag", ["1", 'W/"1"', '"one"', '"1', '""', '"9999999999"', '"' + "9" * 5000 + '"']
)
def test_change_of_a_version_that_cannot_be(
    client: httpx2.Client, teapot: httpx2.Response, tag: str
) -> None:
    response = client.put(teapot.headers["location"], json=TEAPOT, headers={"If-Match": tag})

    assert_problem(response, 412)


def test_change_without_a_version_is_refused(
    client: httpx2.Client, teapot: httpx2.Response
) -> None:
    assert_problem(client.put(teapot.headers["location"], json=TEAPOT), 428)


def test_deleted_item_is_gone(client: httpx2.Client, teapot: httpx2.Response) -> None:
    place = teapot.headers["location"]

    assert client.delete(place).status_code == 204

    assert_problem(client.get(place), 404)
    assert_problem(client.delete(place), 404)
    assert_problem(client.put(place, json=TEAPOT, headers={"If-Match": "*"}), 404)


def test_item_that_never_was(client: httpx2.Client) -> None:
    problem = assert_problem(client.get(f"/items/{uuid4()}"), 404)

    assert problem["detail"].startswith("no item has the id ")


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"name": "", "quantity": 1}, "body.name"),
        ({"name": "Teapot", "quantity": -1}, "body.quantity"),
        ({"name": "Teapot", "quantity": 1, "color": "red"}, "body.color"),
        ({"quantity": 1}, "body.name"),
    ],
)
def test_bad_item_is_refused_with_the_place_of_the_fault(
    client: httpx2.Client, body: dict[str, Any], location: str
) -> None:
    problem = assert_problem(client.post("/items", json=body), 422)

    assert [error["location"] for error in problem["errors"]] == [location]
