"""Many at once: the same fill is booked once, and no match is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.test import Client

from accounts.models import User
from audit import queries as audit
from trades.domain.facts import NewFill
from trades.models import Balance, Book, Fill, Lot, Match
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 8


@pytest.fixture
def ada(transactional_db: None) -> User:
    user = User.objects.create_user("ada", password="x")
    user.groups.add(Group.objects.get(name="Trader"))
    create_book(NewBook("main", "USD"), user)
    return user


def at_once(work, items):
    """work(item) in one thread each; connections are closed behind them."""

    def done(item):
        try:
            return work(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(done, items))


@pytest.mark.parametrize("with_key", [True, False])
def test_concurrent_repeats_of_one_post_book_once(ada, with_key):
    body = {
        "external_id": "x1",
        "symbol": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "price": "100",
        "executed_at": "2026-01-01T00:00:00Z",
    }

    def post(_):
        client = Client()
        client.force_login(ada, backend="accounts.authentication.PeopleBackend")
        headers = {"Idempotency-Key": "k1"} if with_key else {}
        response = client.post(
            "/api/trades", json.dumps(body), "application/json", headers=headers
        )
        return response.status_code

    codes = at_once(post, range(WRITERS))
    assert Fill.objects.count() == 1
    assert Lot.objects.count() == 1
    assert Balance.objects.get().cash == -100
    assert set(codes) <= ({200, 201, 409} if with_key else {200, 201})
    assert 201 in codes
    kinds = [event.kind for event in audit.recent(50).rows]
    assert kinds.count("trades.fill.booked") == 1
    assert post(0) in (200, 201)


def test_writers_in_one_book_take_turns_and_lose_nothing(ada):
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def write(worker):
        for n in range(5):
            side = "buy" if (worker + n) % 2 else "sell"
            at = start + timedelta(minutes=(worker * 7 + n * 11) % 40)
            fill = NewFill(
                external_id=f"w{worker}-{n}",
                symbol="BTC-USD",
                side=side,
                quantity=Decimal(1),
                price=Decimal(100 + n),
                executed_at=at,
            )
            book_fills([fill], ada)

    at_once(write, range(4))
    assert Fill.objects.count() == 20
    assert Match.objects.exists()
    assert differences(Book.objects.get()) == []
    assert audit.verification().ok
