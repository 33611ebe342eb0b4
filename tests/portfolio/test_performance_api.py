"""GET /api/performance…: the same numbers everywhere, and where they come from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from portfolio.models import EquityPoint
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago

DAYS = 40


@pytest.fixture
def story(record):
    """1,000 paid in 40 days ago; two won trips and a lost one; 100 left open."""
    prices = [
        price("BTC-USD", str(100 + (n * 7) % 13), days_ago(DAYS - n, "22:00:00"))
        for n in range(DAYS - 1)
    ]
    fills = [
        fill("a1", "buy", "2", "100", days_ago(39), strategy="trend"),
        fill("a2", "sell", "2", "110", days_ago(37), strategy="trend"),
        fill("b1", "buy", "1", "105", days_ago(30), strategy="fade", symbol="BTC-USD"),
        fill("b2", "sell", "1", "100", days_ago(28), strategy="fade"),
        fill("c1", "buy", "1", "100", days_ago(20), strategy="trend", fee="1"),
        fill("c2", "sell", "1", "109", days_ago(18), strategy="trend", fee="1"),
        fill("d1", "buy", "1", "100", days_ago(5), strategy="trend"),
    ]
    return record(fills, [deposit("cash", "1000", days_ago(40))], prices)


def test_metrics_have_value_or_reason_formula_and_n(ada, client_of, story):
    found = client_of(ada).get("/api/performance?period=all").json()
    metrics = found["metrics"]
    assert set(metrics) >= {
        "total_return",
        "cagr",
        "volatility",
        "sharpe",
        "sortino",
        "max_drawdown",
        "calmar",
        "win_rate",
        "profit_factor",
        "payoff",
        "expectancy",
    }
    for one in metrics.values():
        assert (one["value"] is None) == (one["reason"] is not None)
        assert one["formula"].endswith("/1")
    assert found["total_trades"] == 3
    assert metrics["win_rate"]["value"] == "0.6666666666666666"
    assert found["profit_factor"] == "5.4"
    assert Decimal(found["total_return"]) == Decimal(20 - 5 + 7) + _open_gain()


def _open_gain() -> Decimal:
    newest = EquityPoint.objects.order_by("-day").first()
    assert newest is not None
    gain: Decimal = newest.equity - Decimal(1000 + 20 - 5 + 7)
    return gain


def test_a_short_range_has_no_yearly_growth(ada, client_of, story):
    found = client_of(ada).get("/api/performance?period=7d").json()
    assert found["metrics"]["cagr"]["reason"] == "insufficient_data"
    assert found["metrics"]["win_rate"]["reason"] == "no_trades"
    assert found["win_rate"] is None


@pytest.mark.parametrize(
    "period", ["1h", "4h", "1d", "7d", "30d", "90d", "wtd", "ytd", "1y", "all"]
)
def test_every_range_answers(ada, client_of, story, period):
    found = client_of(ada).get(f"/api/performance?period={period}").json()
    assert found["period"] == period


def test_an_unknown_range_is_refused(ada, client_of, story):
    assert client_of(ada).get("/api/performance?period=2d").status_code == 400


def test_strategies_and_symbols_add_up_to_the_portfolio(ada, client_of, story):
    client = client_of(ada)
    whole = Decimal(client.get("/api/performance?period=all").json()["total_return"])
    for path, noun in (("by-strategy", "strategies"), ("by-symbol", "symbols")):
        rows = client.get(f"/api/performance/{path}?period=all").json()[noun]
        assert sum(Decimal(one["pnl"]) for one in rows) == whole
    alone = client.get("/api/performance?period=all&strategy=fade").json()
    assert alone["total_return"] == "-5"
    assert alone["total_trades"] == 1


def test_the_digest_changes_with_the_facts_and_only_with_them(
    ada, client_of, story, record
):
    client = client_of(ada)
    before = client.get("/api/performance?period=all").json()["inputs"]
    assert client.get("/api/performance?period=all").json()["inputs"] == before
    assert before["fills"] == 7
    assert len(before["sha256"]) == 64
    record([fill("late", "buy", "0.5", "90", days_ago(33))])
    after = client.get("/api/performance?period=all").json()["inputs"]
    assert after["sha256"] != before["sha256"]
    assert after["fills"] == 8


def test_a_late_fact_changes_the_days_after_it_and_none_before(ada, story, record):
    now = timezone.now()
    before = {one.day: one.equity for one in EquityPoint.objects.all()}
    record(
        [
            fill("late", "buy", "1", "50", days_ago(33)),
            fill("out", "sell", "1", "60", days_ago(32)),
        ]
    )
    after = {one.day: one.equity for one in EquityPoint.objects.all()}
    late = now.date() - timedelta(days=33)
    assert all(after[day] == before[day] for day in before if day < late)
    assert after[now.date()] == before[now.date()] + 10


def test_the_curve_ends_where_the_portfolio_stands(ada, client_of, story):
    client = client_of(ada)
    curve = client.get("/api/performance/equity-curve?period=all").json()
    assert (
        curve["current_equity"] == client.get("/api/portfolio").json()["total_equity"]
    )
    assert len(curve["data"]) == DAYS + 1
    assert curve["initial_equity"] == "1000"


def test_a_finer_curve_ends_there_too(ada, client_of, story):
    client = client_of(ada)
    curve = client.get("/api/performance/equity-curve?period=1d&interval=1h").json()
    assert (
        curve["current_equity"] == client.get("/api/portfolio").json()["total_equity"]
    )
    assert 2 <= len(curve["data"]) <= 26


def test_months_and_drawdowns(ada, client_of, story):
    client = client_of(ada)
    months = client.get("/api/performance/monthly?period=all").json()["months"]
    assert len(months) in {2, 3}
    assert months[0]["month"] == timezone.now().month
    spells = client.get("/api/performance/drawdowns?period=all").json()["drawdowns"]
    depths = [Decimal(one["depth_percent"]) for one in spells]
    assert depths == sorted(depths)
    top = client.get("/api/performance?period=all").json()
    assert abs(Decimal(top["max_drawdown_percent"]) - depths[0]) < Decimal("1e-9")


def test_nothing_recorded_is_nothing_claimed(ada, client_of):
    found = client_of(ada).get("/api/performance?period=all").json()
    assert found["total_return"] is None
    assert all(one["value"] is None for one in found["metrics"].values())
    assert found["inputs"]["rows"] == 0
    assert client_of(ada).get("/api/performance/equity-curve").json()["data"] == []


def test_a_book_that_was_never_funded_counts_what_its_fills_lacked(
    ada, client_of, record
):
    record(
        [fill("a", "buy", "1", "100", days_ago(3))],
        prices=[price("BTC-USD", "110", days_ago(1))],
    )
    found = client_of(ada).get("/api/performance?period=all").json()
    assert found["warnings"]["implied_funding"] == 1
    assert found["implied_funding"] == "100"
    assert found["total_return"] == "10"
    assert found["metrics"]["total_return"]["value"] == "0.1"
