"""The trades walks take no more queries than the reviewed file allows, however many
trades there are."""

import json

import pytest

from tests.queries import at_most
from trades.models import Fill
from trades.services.fills import book_fills
from trades.services.recording import record_history

pytestmark = pytest.mark.django_db
BODY = {
    "external_id": "x1",
    "symbol": "BTC-USD",
    "side": "sell",
    "quantity": "1",
    "price": "1",
    "executed_at": "2026-06-01T00:00:00Z",
}


@pytest.fixture
def client(client_of, ada, book, make_fill, steady_counts):
    """Ada's, after a first visit that warms what the shell caches."""
    rows = [
        make_fill(f"f{i}", ("buy", "sell")[i % 3 == 2], "1", "1", i / 9)
        for i in range(200)
    ]
    record_history(book, rows, [], [], [], ada)
    client = client_of(ada)
    client.get("/trades/")
    return client


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("trades.page", "/trades/"),
        ("trades.page", "/trades/?side=sell&q=f1&book=ada-main&symbol=BTC-USD"),
        ("trades.api", "/api/trades?limit=200"),
    ],
)
def test_lists(client, name, path):
    with at_most(name):
        assert client.get(path).status_code == 200


def test_one_trade(client):
    pk = Fill.objects.order_by("-id").values_list("pk", flat=True)[0]
    with at_most("trades.trade"):
        assert client.get(f"/trades/{pk}/").status_code == 200


def test_booking_one_fill(client):
    with at_most("trades.book"):
        response = client.post("/api/trades", json.dumps(BODY), "application/json")
    assert response.status_code == 201


def test_booking_a_late_fill_does_not_read_what_ended_before_it(ada, book, make_fill):
    days = range(40)
    book_fills(
        [make_fill(f"f{d}", ("buy", "sell")[d % 2], "1", "1", d) for d in days], ada
    )
    with at_most("trades.late"):
        book_fills([make_fill("late", "buy", "1", "1", 37.5)], ada)
