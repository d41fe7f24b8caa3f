from app.main import app
from fastapi.testclient import TestClient

client = TestClient(app)


def test_health() -> None:
    assert client.get("/health").json() == {"status": "ok"}


def test_a_parcel_on_its_way() -> None:
    assert client.post("/parcels", json={"number": "P-1"}).status_code == 201
    assert client.post("/parcels", json={"number": "P-1"}).status_code == 409
    moved = client.put("/parcels/P-1/status", params={"status": "moving"})
    assert moved.json() == {"number": "P-1", "status": "moving"}
    assert client.put("/parcels/P-2/status", params={"status": "moving"}).status_code == 404


def test_a_label() -> None:
    client.post("/parcels", json={"number": "P&3"})
    assert client.get("/parcels/P&3/label").text == "<h1>P&amp;3</h1>"
    assert client.get("/parcels/P-4/label").status_code == 404
