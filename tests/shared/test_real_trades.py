"""Real statements, to the last digit (read where they lie, never copied)."""

from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portfolio.services import equity
from trades.models import Balance, Book, Fill, Match, Position, RoundTrip, Transfer
from trades.services.rebuilding import differences

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Trader")


def load(name: str, book: str) -> str:
    out = StringIO()
    path = str(DATA / name)
    call_command("import_trades", path, book=book, owner="ada", stdout=out)
    return out.getvalue()


def test_the_coinbase_statement_ends_where_it_says(ada: User) -> None:
    said = load("coinbasepro_account.csv", "cb")
    assert "Made the book cb in BTC for ada." in said
    assert Position.objects.get().quantity == Decimal("18.5")
    btc = Balance.objects.get(currency="BTC")
    assert btc.cash == Decimal("4.62208578")
    assert not Balance.objects.filter(currency="ETH").exists()
    assert Fill.objects.aggregate(t=Sum("fee"))["t"] == Decimal("0.01384222")
    assert Fill.objects.values("order_id").distinct().count() == 3
    assert Fill.objects.aggregate(t=Sum("quantity"))["t"] == Decimal("226.541")
    assert differences(Book.objects.get()) == []


def test_a_second_import_of_a_statement_adds_nothing(ada: User) -> None:
    load("coinbasepro_account.csv", "cb")
    assert "Booked 0 fills and 0 transfers" in load("coinbasepro_account.csv", "cb")
    assert (Fill.objects.count(), Transfer.objects.count()) == (5, 6)
    assert Balance.objects.get(currency="BTC").cash == Decimal("4.62208578")


def test_the_freqtrade_export_gross_and_net(ada: User) -> None:
    said = load("freqtrade_backtest_result.json", "ft")
    assert "rounded to 18 decimals: 78 rows" in said
    assert (
        "stated StrategyTestV3 sum of its trades’ profits: 0.001041902985696884505"
        in said
    )
    near = Decimal("1e-15")
    realised = Balance.objects.get(currency="BTC").realised
    assert abs(realised - Decimal("0.00014429822823264158")) < near
    fees = Match.objects.aggregate(total=Sum("fee"))["total"]
    assert abs(fees - Decimal("0.00089760475746424223")) < near
    assert abs(realised + fees - Decimal("0.001041902985696884505")) < near
    assert Balance.objects.get(currency="BTC").cash == Decimal("0.01") + realised


def test_the_freqtrade_round_trips(ada: User) -> None:
    load("freqtrade_backtest_result.json", "ft")
    load("freqtrade_backtest_result.json", "ft")
    trips = list(RoundTrip.objects.all())
    assert len(trips) == 179
    even = [t for t in trips if abs(t.net or 0) <= Decimal("1e-12") * t.entry_basis]
    won = [t for t in trips if t not in even and (t.net or 0) > 0]
    assert (len(won), len(even), 179 - len(won) - len(even)) == (48, 122, 9)
    assert not Position.objects.exists()
    assert differences(Book.objects.get()) == []


def test_the_portfolio_answer_is_net_of_fees_to_the_last_digit(
    ada: User, client_of: Callable[[User], Client]
) -> None:
    load("freqtrade_backtest_result.json", "backtest")
    equity.catch_up(timezone.now())
    found = client_of(ada).get("/api/portfolio?book=backtest").json()
    wanted = Decimal("0.00014429822823264158")
    assert abs(Decimal(found["realized_pnl"]) - wanted) < Decimal("1e-15")
    assert (found["positions_count"], found["total_pnl"]) == (0, found["realized_pnl"])
    wins = client_of(ada).get("/api/performance?book=backtest&period=all").json()
    assert (wins["total_trades"], wins["winning_trades"], wins["losing_trades"]) == (
        179,
        48,
        9,
    )
    assert wins["warnings"] == {}


def test_the_statement_makes_a_curve_that_ends_where_the_portfolio_stands(
    ada: User, client_of: Callable[[User], Client]
) -> None:
    load("coinbasepro_account.csv", "statement")
    equity.catch_up(timezone.now())
    client = client_of(ada)
    top = client.get("/api/portfolio?book=statement").json()
    curve = client.get("/api/performance/equity-curve?book=statement&period=all").json()
    assert curve["current_equity"] == top["total_equity"]
