"""A range between two days, and a benchmark beside it: the same in every answer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewPrice, NewSplit
from trades.services.prices import set_prices
from trades.services.splits import record_split

D = Decimal
ROUTES = ("monthly", "drawdowns", "by-strategy", "by-symbol")


@pytest.fixture
def client(ada, client_of, record):
    """Holds one unit through 40 days; a trip of 5 closed 30 days ago, one of 7 10 days
    ago. IDX is what it holds, over 100."""
    quotes = [100 + (n * 7) % 13 for n in range(40)]
    prices = [
        price(symbol, str(D(quote) / over), days_ago(40 - n, "22:00:00"))
        for n, quote in enumerate(quotes)
        for symbol, over in (("BTC-USD", 1), ("IDX-USD", 100))
    ]
    record(
        [
            fill("h", "buy", "1", "100", days_ago(40), strategy="hold"),
            fill("a1", "buy", "1", "10", days_ago(32), symbol="ETH-USD"),
            fill("a2", "sell", "1", "15", days_ago(30), symbol="ETH-USD"),
            fill("b1", "buy", "1", "10", days_ago(12), symbol="ETH-USD"),
            fill("b2", "sell", "1", "17", days_ago(10), symbol="ETH-USD"),
        ],
        [deposit("cash", "1000", days_ago(40))],
        prices,
    )
    return client_of(ada)


def day(ago: int) -> str:
    return (timezone.now() - timedelta(days=ago)).date().isoformat()


def asked(client, **query):
    return client.get("/api/performance", query).json()


def test_days_bound_days_trips_and_inputs(client):
    both = asked(client, **{"from": day(35), "to": day(5)})
    assert (both["period"], both["total_trades"]) == ("custom", 2)
    early = asked(client, to=day(20))
    assert early["total_trades"] == 1
    late = asked(client, **{"from": day(19)})
    assert late["total_trades"] == 1
    whole = asked(client, period="all")
    assert D(early["total_return"]) + D(late["total_return"]) == D(
        whole["total_return"]
    )
    assert early["inputs"]["fills"] < whole["inputs"]["fills"]


def test_two_ranges_link_to_the_whole(client):
    early, late, whole = (
        D(asked(client, **query)["metrics"]["total_return"]["value"])
        for query in ({"to": day(20)}, {"from": day(19)}, {"period": "all"})
    )
    assert abs((1 + early) * (1 + late) - (1 + whole)) < D("1e-15")


def test_the_curve_keeps_to_its_days(client):
    path = "/api/performance/equity-curve"
    daily = client.get(path, {"from": day(9), "to": day(5)}).json()["data"]
    assert [point["timestamp"][:10] for point in daily] == [
        day(ago) for ago in range(9, 4, -1)
    ]
    finer = client.get(path, {"from": day(9), "to": day(8), "interval": "4h"}).json()
    assert finer["data"][-1]["timestamp"][:10] == day(8)
    assert finer["data"][-1]["equity"] == daily[1]["equity"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "31.3.2026"}, "?from"),
        ({"to": "2026-02-30"}, "?to"),
        ({"to": "20260201"}, "?to"),
        ({"from": "2026-02-01", "to": "2026-01-31"}, "?to"),
        ({"from": "2026-02-01", "period": "1y"}, "?period"),
    ],
)
def test_days_that_make_no_range_are_refused(client, query, pointer):
    answer = client.get("/api/performance", query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_range_to_come_is_empty(client):
    found = asked(client, **{"from": "2999-01-01"})
    assert (found["total_return"], found["total_trades"]) == (None, 0)


def test_the_price_of_what_is_held_is_its_benchmark(client):
    found = asked(client, **{"from": day(38), "to": day(1), "benchmark": "idx/usd"})
    metrics = found["metrics"]
    assert found["benchmark"] == "IDX-USD"
    assert metrics["beta"]["n"] == 38
    beta = D(metrics["beta"]["value"])
    assert D("0.05") < beta < D("0.2")  # a tenth of the book moves with it
    assert metrics["benchmark_return"]["reason"] is None


def test_strategies_have_their_own_beta_and_add_up(client):
    query = {"period": "all", "benchmark": "IDX-USD"}
    whole = D(asked(client, **query)["metrics"]["beta"]["value"])
    rows = client.get("/api/performance/by-strategy", query).json()["strategies"]
    assert abs(sum(D(r["metrics"]["beta"]["value"]) for r in rows) - whole) < D("1e-9")


def test_a_benchmark_nobody_priced_says_so(client):
    found = asked(client, period="all", benchmark="NONE")
    assert found["metrics"]["beta"]["reason"] == "no_price"
    assert asked(client, period="all")["metrics"]["beta"]["reason"] == "no_benchmark"


def test_the_digest_holds_the_benchmarks_closes(client, ada):
    query = {"period": "all", "benchmark": "IDX-USD"}
    plain, before = asked(client, period="all"), asked(client, **query)
    assert plain["inputs"]["sha256"] != before["inputs"]["sha256"]
    at = timezone.now() - timedelta(minutes=5)
    set_prices([NewPrice(symbol="IDX-USD", at=at, price=D(9), source="test")], ada)
    after = asked(client, **query)
    assert after["inputs"]["sha256"] != before["inputs"]["sha256"]
    assert asked(client, period="all")["inputs"] == plain["inputs"]


def test_a_split_of_the_benchmark_is_no_fall(client, ada):
    query = {"from": day(38), "to": day(1), "benchmark": "IDX-USD"}
    before = asked(client, **query)["metrics"]["benchmark_return"]["value"]
    at = timezone.now() - timedelta(days=20)
    record_split(NewSplit(symbol="IDX-USD", at=at, numerator=2, denominator=1), ada)
    halved = [
        NewPrice(
            symbol="IDX-USD",
            at=price("X", "1", days_ago(n, "23:00:00")).at,
            price=D(100 + ((40 - n) * 7) % 13) / 200,
            source="after",
        )
        for n in range(19, 0, -1)
    ]
    set_prices(halved, ada)
    after = asked(client, **query)["metrics"]["benchmark_return"]["value"]
    assert abs(D(after) - D(before)) < D("1e-12")


@pytest.mark.parametrize("route", ROUTES)
def test_every_table_takes_range_and_benchmark(client, route):
    query = {"from": day(35), "to": day(5), "benchmark": "IDX-USD"}
    assert client.get(f"/api/performance/{route}", query).status_code == 200


def test_the_page_shows_range_and_benchmark_and_keeps_both(client):
    query = {"from": day(38), "to": day(1), "benchmark": "IDX-USD"}
    page = client.get("/performance/", query).content.decode()
    assert f'value="{day(38)}"' in page
    assert "Benchmark IDX-USD in USD: 39 daily closes" in page
    assert "?period=7d&amp;benchmark=IDX-USD" in page
    assert "&amp;strategy=hold" in page
    metric = client.get("/performance/metrics/beta/", query).content.decode()
    assert "Beta" in metric


def test_a_page_of_days_that_make_no_range_says_so(client):
    assert client.get("/performance/", {"from": "yesterday"}).status_code == 400
