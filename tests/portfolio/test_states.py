"""When a stored curve holds, and for which time an answer over several books is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portfolio.models import EquityCurve
from portfolio.queries.curves import ledger_states, stored_curves
from portfolio.services import equity
from tests.portfolio.conftest import Record, deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewSplit
from trades.models import Book, Fill, Instrument, Lot, Transfer
from trades.services.prices import set_prices
from trades.services.splits import record_split


@pytest.fixture
def book(record: Record) -> Book:
    return record(
        [fill("f1", "buy", "1", "100", days_ago(3))],
        [deposit("d1", "1000", days_ago(4))],
    )


def is_current(book: Book) -> bool:
    return ledger_states([book.pk])[book.pk].is_current(timezone.now())


CHANGES = {
    "a fill": lambda book, ada, record: record(
        [fill("f2", "buy", "1", "100", days_ago(2))], computed=False
    ),
    "a late fill": lambda book, ada, record: record(
        [fill("f0", "buy", "1", "100", days_ago(9))], computed=False
    ),
    "a transfer": lambda book, ada, record: record(
        [], [deposit("d2", "1", days_ago(1))], computed=False
    ),
    "a price": lambda book, ada, record: set_prices(
        [price("BTC-USD", "101", days_ago(1))], ada
    ),
    "a split": lambda book, ada, record: record_split(
        NewSplit(
            symbol=Instrument.objects.get().symbol,
            at=timezone.now() - timedelta(days=2),
            numerator=2,
            denominator=1,
        ),
        ada,
    ),
    "a new day": lambda book, ada, record: EquityCurve.objects.update(
        through=timezone.now().date() - timedelta(days=1)
    ),
    "another zone": lambda book, ada, record: Book.objects.update(
        zone="Pacific/Kiritimati"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_bears_on_a_curve_puts_it_behind(book, ada, record, change):
    assert is_current(book)
    CHANGES[change](book, ada, record)
    book.refresh_from_db()
    assert not is_current(book)
    assert stored_curves([book.pk], timezone.now()).recomputing
    equity.catch_up(timezone.now())
    assert is_current(book)


def test_a_fill_of_another_book_leaves_it_alone(book, record):
    record([fill("x", "buy", "1", "5", days_ago(1))], name="Other", computed=False)
    assert is_current(book)


def test_the_oldest_curve_that_is_behind_says_as_of_when(book, record):
    other = record([fill("x", "buy", "1", "5", days_ago(1))], name="Other")
    now = timezone.now()
    old, older = now - timedelta(hours=1), now - timedelta(hours=2)
    EquityCurve.objects.filter(book=book).update(computed_at=old, facts="changed")
    EquityCurve.objects.filter(book=other).update(computed_at=older)
    ids = [book.pk, other.pk]
    assert stored_curves(ids, now).as_of == old  # the other one holds
    EquityCurve.objects.filter(book=other).update(facts="changed")
    assert stored_curves(ids, now).as_of == older


def test_one_book_that_was_never_computed_is_of_no_time(book, record):
    other = record(
        [fill("x", "buy", "1", "5", days_ago(1))], name="Other", computed=False
    )
    curves = stored_curves([book.pk, other.pk], timezone.now())
    assert (curves.recomputing, curves.as_of) == (True, None)
    assert stored_curves([book.pk], timezone.now()).recomputing is False


def test_no_book_at_all_waits_for_nothing(db):
    now = timezone.now()
    curves = stored_curves([], now)
    assert (curves.recomputing, curves.as_of) == (False, now)
    assert not curves.funded


def test_what_fills_lacked_is_known_of_each_book(record):
    first = record([fill("a", "buy", "1", "100", days_ago(2))], name="One")
    second = record([fill("b", "buy", "1", "40", days_ago(2))], name="Two")
    curves = stored_curves([first.pk, second.pk], timezone.now())
    assert curves.funded == {first.pk: 100, second.pk: 40}


def test_a_rebuild_writes_only_days_that_changed(book, record):
    assert equity.rebuild(book.pk, timezone.now()) == 0
    record([fill("f2", "sell", "1", "110", days_ago(1))], computed=False)
    assert equity.rebuild(book.pk, timezone.now()) == 2  # yesterday and today


def test_days_that_lost_their_fact_go(book):
    Lot.objects.all().delete()
    Fill.objects.update(status=Fill.Status.VOIDED)
    Transfer.objects.update(at=timezone.now())
    assert equity.rebuild(book.pk, timezone.now()) >= 4
