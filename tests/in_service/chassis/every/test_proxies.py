"""Behind proxies and before browsers: prefixes, schemes, both families of addresses, CORS."""

import socket

import httpx2
import pytest

from ..service import running
from .observed import eventually

MODULE = "tests.chassis.extended"


@pytest.mark.parametrize("path", ["/address", "/shop/address"])  # stripped, and not
def test_prefix_of_a_setting(storage_settings: dict[str, str], path: str) -> None:
    with running(module=MODULE, **storage_settings, ROOT_PATH="/shop") as service:
        told = httpx2.get(service.api + path).json()
        assert told == {"url": f"{service.api}/shop/bound", "path": "/shop/address"}
        assert httpx2.get(f"{service.api}/readyz").status_code == 200
        eventually(lambda: '"route":"/address"' in service.text, "a route without that prefix")
        docs = httpx2.get(f"{service.api}/docs").text
        assert "/shop/openapi.json" in docs


def test_prefix_and_scheme_of_a_trusted_proxy(storage_settings: dict[str, str]) -> None:
    headers = {"x-forwarded-prefix": "/shop", "x-forwarded-proto": "https"}
    for trusted, prefix, scheme in (("127.0.0.1", "/shop", "https"), ("192.0.2.1", "", "http")):
        with running(module=MODULE, **storage_settings, FORWARDED_ALLOW_IPS=trusted) as service:
            told = httpx2.get(f"{service.api}/address", headers=headers).json()
            host = service.api.partition("://")[2]
            assert told["url"] == f"{scheme}://{host}{prefix}/bound"


def test_idle_connection_is_kept_for_the_time_of_a_setting(
    storage_settings: dict[str, str],
) -> None:
    with running(module=MODULE, **storage_settings, KEEP_ALIVE_TIMEOUT=0.4) as service:
        host, port = service.api.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 20) as idle:
            idle.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
            received = b""
            while data := idle.recv(4096):  # to its end
                received += data
            assert received.startswith(b"HTTP/1.1 200")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_all_addresses_of_both_families(storage_settings: dict[str, str]) -> None:
    with running(module=MODULE, **storage_settings, HOST="::") as service:
        for host in ("127.0.0.1", "[::1]"):
            address = service.api.replace("127.0.0.1", host)
            assert httpx2.get(f"{address}/bound").status_code == 200


def test_browsers_may_ask_from_an_origin(storage_settings: dict[str, str]) -> None:
    origin = "https://app.example.com"
    settings = {"CORS_ALLOW_ORIGINS": f"https://other.example.com, {origin}", "MAX_BODY_BYTES": 10}
    with running(module=MODULE, **storage_settings, **settings) as service:
        with httpx2.Client(base_url=service.api, headers={"origin": origin}) as client:
            asked = {"access-control-request-method": "PUT"}
            assert client.options("/large", headers=asked).status_code == 200
            ok = client.get("/bound")
            refused = client.post("/bound", content=b"x")
            large = client.post("/large", content=b"x" * 2_000_001)
            long = client.get("/bound", params={"x": "x" * 9_000})
        other = httpx2.get(f"{service.api}/bound", headers={"origin": "https://evil.example.com"})

    statuses = [response.status_code for response in (ok, refused, large, long)]
    assert statuses == [200, 405, 413, 414]
    for response in (ok, refused, large, long):
        assert response.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-origin" not in other.headers


def test_without_the_setting_no_origin_is_named(storage_settings: dict[str, str]) -> None:
    with running(module=MODULE, **storage_settings) as service:
        response = httpx2.get(f"{service.api}/bound", headers={"origin": "https://a.example.com"})

    assert not [name for name in response.headers if name.startswith("access-control")]
