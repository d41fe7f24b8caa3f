"""Errors are problem details, of bounded size, which say what would be right.

The handlers here stand for a team's own, so that these tests need none of the service's.
"""

import gzip
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import orjson
import pytest
from fastapi import APIRouter, Body, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict

from orders.api import errors
from orders.chassis import PROBLEM_JSON

JSON = {"Content-Type": "application/json"}
SHOP = "/v1/shops/7"


class SoldOutError(Exception):
    """An error that is listed with its status."""


class SoldOutForeverError(SoldOutError):
    """One that is not listed itself."""


class Order(BaseModel):
    """A body that is checked."""

    model_config = ConfigDict(extra="forbid")

    name: str


async def fail(status: int) -> None:
    raise HTTPException(status, "of this status")


async def sell() -> None:
    raise SoldOutForeverError("no more teapots")


async def take(order: Order) -> str:
    return order.name


async def take_two(order: Order, gift: Order) -> str:
    return order.name + gift.name


async def take_text(text: Annotated[str, Body(media_type="text/plain", max_length=5)]) -> str:
    return text


async def show() -> str:
    return "shown"


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application whose routers are nested, with prefixes and parameters."""
    monkeypatch.setitem(errors._STATUS, SoldOutError, 409)
    orders = APIRouter(prefix="/orders")
    orders.get("/{order_id}")(show)
    orders.delete("/{order_id}")(show)
    orders.post("")(take)
    shop = APIRouter(prefix="/shops/{shop_id}")
    shop.get("/fail")(fail)
    shop.get("/sell")(sell)
    shop.post("/two")(take_two)
    shop.post("/text")(take_text)
    shop.include_router(orders)
    api = FastAPI()
    api.include_router(shop, prefix="/v1")
    errors.add_error_handlers(api)
    transport = httpx2.ASGITransport(api)
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


def problem_of(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem details of an error."""
    problem: dict[str, Any] = orjson.loads(response.content)
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.status_code == status == problem["status"]
    return problem


async def test_error_of_the_domain_has_the_status_of_its_base(client: httpx2.AsyncClient) -> None:
    problem = problem_of(await client.get(f"{SHOP}/sell"), 409)

    assert problem["detail"] == "no more teapots"


@pytest.mark.parametrize(
    ("status", "title"),
    [(404, "Not Found"), (499, "Client Error"), (520, "Server Error"), (299, "Error")],
)
async def test_every_status_has_a_title(
    client: httpx2.AsyncClient, status: int, title: str
) -> None:
    response = await client.get(f"{SHOP}/fail", params={"status": status})

    assert problem_of(response, status)["title"] == title


async def test_first_of_many_errors_are_shown(client: httpx2.AsyncClient) -> None:
    fields = {f"field{number}": "x" for number in range(5000)}

    problem = problem_of(await client.post(f"{SHOP}/orders", json=fields), 422)

    assert len(problem["errors"]) == 20
    assert problem["errors"][0]["location"] == "body.name"
    assert problem["detail"].endswith("; errors not shown: 4981")


@pytest.mark.parametrize("name", ["x" * 900_000, "é" * 900_000, "\n" * 900_000])
async def test_long_names_are_cut(client: httpx2.AsyncClient, name: str) -> None:
    response = await client.post(f"{SHOP}/orders", json={"name": "Teapot", name: 1})

    [error] = problem_of(response, 422)["errors"]
    assert error["location"].startswith(f"body.{name[:100]}")
    assert error["location"].endswith("…")
    assert len(error["location"]) == 200


async def test_name_that_is_not_unicode(client: httpx2.AsyncClient) -> None:
    response = await client.post(f"{SHOP}/orders", content=rb'{"\ud800": 1}', headers=JSON)

    problem_of(response, 422)


@pytest.mark.parametrize("path", ["orders", "two"])
@pytest.mark.parametrize("sent", [None, "text/plain", "application/x-www-form-urlencoded", "x"])
async def test_body_of_another_type(
    client: httpx2.AsyncClient, path: str, sent: str | None
) -> None:
    headers = {} if sent is None else {"Content-Type": sent}

    response = await client.post(f"{SHOP}/{path}", content=b'{"name": "Teapot"}', headers=headers)

    assert "application/json" in problem_of(response, 415)["detail"]
    assert response.headers["accept"] == "application/json"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br"])
@pytest.mark.parametrize(
    "body", [gzip.compress(b'{"name": "Teapot"}'), b"\x0b\x02{}"], ids=["bytes", "text"]
)
async def test_encoded_body(client: httpx2.AsyncClient, encoding: str, body: bytes) -> None:
    headers = JSON | {"Content-Encoding": encoding}

    response = await client.post(f"{SHOP}/orders", content=body, headers=headers)

    assert encoding in problem_of(response, 415)["detail"]
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"name": "Teapot"}', JSON | {"Content-Encoding": "gzip"}, 200),  # which it is not
        (b'{"name": "Teapot"}', {"Content-Type": "application/vnd.shop+json; charset=utf-8"}, 200),
        (b"{}", JSON | {"Content-Encoding": "gzip"}, 422),
        (b"", {"Content-Type": "text/plain"}, 422),
        (b"{", JSON, 422),
        (b"{", JSON | {"Content-Encoding": "identity"}, 422),
        (b"\xff", JSON, 400),
    ],
)
async def test_body_whose_type_is_not_at_fault(
    client: httpx2.AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    response = await client.post(f"{SHOP}/orders", content=body, headers=headers)

    assert response.status_code == status


@pytest.mark.parametrize("sent", ["text/plain", "application/octet-stream"])
async def test_body_that_is_not_json_by_the_schema(client: httpx2.AsyncClient, sent: str) -> None:
    headers = {"Content-Type": sent}

    taken = await client.post(f"{SHOP}/text", content=b"short", headers=headers)
    refused = await client.post(f"{SHOP}/text", content=b"too long", headers=headers)

    assert taken.json() == "short"
    problem_of(refused, 422)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"{SHOP}/orders/1", "DELETE, GET, HEAD"),
        (f"{SHOP}/orders", "POST"),
        (f"{SHOP}/sell", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
async def test_methods_of_a_path_below_prefixes(
    client: httpx2.AsyncClient, path: str, allowed: str
) -> None:
    response = await client.patch(path)

    problem_of(response, 405)
    assert response.headers["allow"] == allowed


async def test_prefix_is_part_of_the_path(client: httpx2.AsyncClient) -> None:
    problem_of(await client.patch("/orders/1"), 404)
