"""The demo desk: the same every time, and like a desk's life."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from portfolio.domain.periods import period
from portfolio.queries.books import scope
from portfolio.queries.curves import stored_curves
from portfolio.queries.performance import performance
from portfolio.queries.selection import Selection
from portfolio.services import equity
from rrr_dashboard.demo import desk
from rrr_dashboard.demo.market import DAYS, INSTRUMENTS
from rrr_dashboard.demo.trading import history
from trades.models import Book, Decision, Fill, Position
from trades.services import rebuilding

TODAY = date(2026, 3, 2)
UNTIL = datetime(2026, 3, 2, 17, tzinfo=UTC)
# Of every figure of the desk that ends at UNTIL.
DIGEST = "3b4fca6c11886fe32ba49412096a5791724f725ca5710bf3690d94663646a733"


def test_the_same_day_gives_the_same_desk_figure_for_figure():
    books, prices = history(UNTIL)
    digest = hashlib.sha256()
    for row in [
        *(row for book in books for row in figures_of(book)),
        *((price.symbol, price.at, price.price) for price in prices),
    ]:
        digest.update(repr(tuple(map(str, row))).encode())
    assert digest.hexdigest() == DIGEST


def figures_of(book):
    for fill in book.fills:
        yield (
            *(fill.external_id, fill.symbol, fill.side, fill.quantity, fill.price),
            *(fill.executed_at, fill.fee, fill.strategy, fill.liquidity),
        )
    for transfer in book.transfers:
        yield transfer.external_id, transfer.asset, transfer.amount, transfer.at
    for decision in book.decisions:
        yield (
            *(decision.external_id, decision.direction, decision.confidence),
            *(decision.inputs_digest, decision.reasoning),
        )


def test_nothing_lies_ahead_and_it_spans_two_years():
    books, prices = history(UNTIL)
    times = [fill.executed_at for book in books for fill in book.fills]
    assert max(times) <= UNTIL
    assert max(price.at for price in prices) <= UNTIL
    assert UNTIL - min(times) > timedelta(days=DAYS - 15)


def test_equities_rest_on_weekends():
    equities = {traded.symbol for traded in INSTRUMENTS if traded.weekdays_only}
    fills = [fill for book in history(UNTIL)[0] for fill in book.fills]
    days = {fill.executed_at.weekday() for fill in fills if fill.symbol in equities}
    assert days == {0, 1, 2, 3, 4}


@pytest.fixture
def trader(person: Callable[..., User]) -> User:
    person("trader2", "Trader")
    return person("trader", "Trader")


def test_it_looks_like_a_desks_life(trader):
    books = desk.load(TODAY, trader)
    now = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    equity.catch_up(now)
    assert 4_500 <= Fill.objects.count() <= 5_500
    assert Fill.objects.values("strategy").distinct().count() == 4
    assert Fill.objects.values("instrument").distinct().count() == 6
    assert not Fill.objects.filter(decision=None).exists()
    assert not Decision.objects.filter(reasoning="").exists()
    assert Position.objects.filter(book__owner=trader).count() >= 3
    assert rebuilding.differences(Book.objects.get(pk=books[0])) == []
    mine = scope(trader)
    curves = stored_curves(mine.ids, now)
    found = performance(mine, Selection(period=period("all", TODAY)), curves, now)
    metrics = found.metric_set.metrics
    worst, total = metrics["max_drawdown"].value, metrics["total_return"].value
    assert worst is not None
    assert total is not None
    assert Decimal("-0.22") < worst < Decimal("-0.13")
    assert total > 0
    assert found.metric_set.wins > 100
    assert found.metric_set.losses > 100


def test_loading_twice_changes_nothing(trader):
    desk.load(TODAY, trader)
    before = Fill.objects.count()
    assert desk.load(TODAY, trader) == []
    assert Fill.objects.count() == before
