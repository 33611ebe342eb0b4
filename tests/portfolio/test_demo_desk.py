"""The demo desk: the same every time, and like a desk's life."""

from __future__ import annotations

import time
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
from trades.domain.demo import DAYS, INSTRUMENTS, desk
from trades.models import Decision, Fill, Position
from trades.services import demo, rebuilding

TODAY = date(2026, 3, 2)
UNTIL = datetime(2026, 3, 2, 17, tzinfo=UTC)


def test_the_same_day_gives_the_same_desk():
    one, other = desk(UNTIL), desk(UNTIL)
    assert [book.fills for book in one.books] == [book.fills for book in other.books]
    assert one.prices == other.prices


def test_nothing_lies_ahead_and_it_spans_two_years():
    found = desk(UNTIL)
    times = [fill.executed_at for book in found.books for fill in book.fills]
    assert max(times) <= UNTIL
    assert max(one.at for one in found.prices) <= UNTIL
    assert UNTIL - min(times) > timedelta(days=DAYS - 15)


def test_equities_rest_on_weekends():
    equities = {one.symbol for one in INSTRUMENTS if one.weekdays_only}
    fills = [one for book in desk(UNTIL).books for one in book.fills]
    assert all(one.executed_at.weekday() < 5 for one in fills if one.symbol in equities)


@pytest.fixture
def trader(person: Callable[..., User]) -> User:
    person("trader2", "Trader")
    return person("trader", "Trader")


def test_it_loads_quickly_and_looks_like_a_desks_life(trader):
    started = time.monotonic()
    books = demo.load(TODAY, trader)
    now = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    equity.catch_up(now)
    assert time.monotonic() - started < 20
    assert 4_500 <= Fill.objects.count() <= 5_500
    assert Fill.objects.values("strategy").distinct().count() == 4
    assert Fill.objects.values("instrument").distinct().count() == 6
    assert not Fill.objects.filter(decision=None).exists()
    assert not Decision.objects.filter(reasoning="").exists()
    assert Position.objects.filter(book__owner=trader).count() >= 3
    assert rebuilding.differences(books[0]) == []
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
    demo.load(TODAY, trader)
    before = Fill.objects.count()
    assert demo.load(TODAY, trader) == []
    assert Fill.objects.count() == before
