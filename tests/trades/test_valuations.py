"""What facts were worth at their time is kept beside them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Q

from kernel.registry import JOBS
from operations.models import JobRun
from tests.trades.conftest import START
from trades.domain.facts import NewPrice, NewSplit
from trades.models import Balance, Book, Fill, Lot, Match, Price, Valuation
from trades.services.fills import book_fills
from trades.services.healing import heal
from trades.services.prices import set_prices
from trades.services.rebuilding import differences
from trades.services.splits import record_split, void_split
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture
def euro(ada, book):
    """One EUR is 1.25 USD."""
    price = NewPrice(symbol="EUR-USD", at=START, price=Decimal("1.25"))
    set_prices([price], ada)


@pytest.mark.parametrize(
    ("fee", "currency", "worth"),
    [
        ("4", "EUR", [(5, "USD")]),
        ("4", "USD", []),
        ("0.5", "BTC", []),
        ("0", "EUR", []),
    ],
)
def test_a_fee_in_something_else_than_quote_and_base_is_valued(
    ada, make_fill, euro, fee, currency, worth
):
    fill = make_fill("f1", "buy", "2", "100", fee=Decimal(fee), fee_currency=currency)
    book_fills([fill], ada)
    assert [(row.value, row.currency) for row in Valuation.objects.all()] == worth


def test_a_fee_without_a_rate_has_no_value_yet(ada, book, make_fill):
    fill = make_fill("f1", "buy", "2", "100", fee=Decimal(1), fee_currency="CHF")
    book_fills([fill], ada)
    assert not Valuation.objects.exists()


def test_a_repeated_fill_is_valued_once(ada, make_fill, euro):
    fill = make_fill("f1", "buy", "2", "100", fee=Decimal(4), fee_currency="EUR")
    book_fills([fill], ada)
    book_fills([fill], ada)
    assert Valuation.objects.count() == 1


# --- what is kept of coins, income and fees in kind -------------------------------------


def worths(external_id):
    """(value, currency) of a fact's valuations, in the order in which they came."""
    rows = Valuation.objects.filter(
        Q(fill__external_id=external_id) | Q(transfer__external_id=external_id)
    )
    return [(row.value, row.currency) for row in rows.order_by("id")]


def quote(ada, price, day=0, symbol="OPAL-USD"):
    at = START + timedelta(days=day)
    set_prices([NewPrice(symbol=symbol, at=at, price=Decimal(price), scope="own")], ada)


@pytest.fixture
def traded(ada, book, make_fill):
    """Ten OPAL were bought at 10, on day 2."""
    book_fills([make_fill("b", "buy", "10", "10", day=2, symbol="OPAL-USD")], ada)


@pytest.mark.parametrize(
    ("kind", "amount", "day", "worth"),
    [
        ("deposit", "3", 4, [(30, "USD")]),
        ("withdrawal", "-3", 4, [(30, "USD")]),
        ("interest", "0.5", 4, [(5, "USD")]),
        ("deposit", "3", 1, [(30, "USD")]),  # the first mark after it
        ("fee", "-1", 4, []),  # its cost is lost, whatever it was worth
    ],
)
def test_coins_are_worth_the_mark_of_their_time(
    ada, traded, make_move, kind, amount, day, worth
):
    book_transfers([make_move("m", kind, "OPAL", amount, day=day)], ada)
    assert worths("m") == worth


def test_income_in_kind_gives_its_lot_the_cost_that_it_was_worth(
    ada, book, traded, make_fill, make_move
):
    quote(ada, "12", day=4)
    book_transfers([make_move("m", "interest", "OPAL", "2", day=5)], ada)
    sale = make_fill("s", "sell", "12", "15", day=6, symbol="OPAL-USD")
    book_fills([sale], ada)
    matches = Match.objects.order_by("id")
    assert [(row.cost, row.realised) for row in matches] == [(100, 50), (24, 6)]
    assert differences(book) == []


def test_income_that_nobody_priced_waits_and_is_told(ada, book, make_fill, make_move):
    move = make_move("m", "interest", "OPAL", "2", day=1, symbol="OPAL-USD")
    book_transfers([move], ada)
    assert Lot.objects.get().reason == "missing_cost"
    assert heal(book) == 0
    quote(ada, "9", day=3)
    assert heal(book) == 1
    lot = Lot.objects.get()
    assert (lot.reason, lot.amount, worths("m")) == ("", 18, [(18, "USD")])
    assert differences(book) == []


def test_a_mark_nearer_to_its_time_replaces_one_from_after_it(ada, book, make_move):
    move = make_move("m", "interest", "OPAL", "2", day=3, symbol="OPAL-USD")
    book_transfers([move], ada)
    seen = []
    for price, day in [("9", 9), ("8", 5), ("7", 6), ("6", 1), ("5", 2)]:
        quote(ada, price, day=day)
        seen.append(heal(book))
    assert seen == [1, 1, 0, 1, 0]
    assert [value for value, _ in worths("m")] == [18, 16, 12]
    assert Lot.objects.get().amount == 12


def test_a_fee_in_kind_of_another_quote_is_converted_from_its_worth_there(
    ada, book, make_fill
):
    """One BNB is 300 EUR and one EUR 1.25 USD: 0.1 BNB are 30 EUR, 37.50 USD."""
    quote(ada, "1.25", symbol="EUR-USD")
    bought = make_fill("b", "buy", "1", "300", day=1, symbol="BNB-EUR")
    fee = {"fee": Decimal("0.1"), "fee_currency": "BNB"}
    book_fills([bought, make_fill("f", "buy", "1", "100", day=2, **fee)], ada)
    assert worths("f") == [(30, "EUR"), (Decimal("37.5"), "USD")]
    assert Fill.objects.get(external_id="f").fee_value == Decimal("37.5")
    match = Match.objects.get()
    assert (match.kind, match.proceeds, match.realised) == ("fee", 30, 0)


@pytest.fixture
def waiting(ada, book, make_fill):
    """A fee of 2 CHF that nobody knows the worth of, on day 3."""
    fee = {"fee": Decimal(2), "fee_currency": "CHF"}
    book_fills([make_fill("f", "buy", "1", "100", day=3, **fee)], ada)
    balance = Balance.objects.get(currency="USD")
    assert (balance.fees, balance.fees_missing) == (0, 1)


def test_a_fee_heals_when_its_rate_comes(ada, book, waiting):
    quote(ada, "1.1", day=1, symbol="CHF-USD")
    assert heal(book) == 1
    balance = Balance.objects.get(currency="USD")
    assert (balance.fees, balance.fees_missing) == (Decimal("2.2"), 0)
    lot = Lot.objects.get()
    assert (lot.reason, lot.fee) == ("", Decimal("2.2"))
    assert differences(book) == []


def test_a_rate_from_after_a_fee_does_not_value_it(ada, book, waiting):
    quote(ada, "1.1", day=4, symbol="CHF-USD")
    assert (heal(book), worths("f")) == (0, [])


def test_a_better_rate_that_comes_later_changes_nothing(ada, book, waiting):
    quote(ada, "1.1", day=1, symbol="CHF-USD")
    heal(book)
    quote(ada, "1.3", day=2, symbol="CHF-USD")
    assert (heal(book), worths("f")) == (0, [(Decimal("2.2"), "USD")])


def test_a_fee_whose_rate_was_voided_takes_the_next_and_without_one_is_unknown(
    ada, book, waiting
):
    quote(ada, "1.3", day=1, symbol="CHF-USD")
    quote(ada, "1.1", day=2, symbol="CHF-USD")
    heal(book)
    seen = []
    for price in ("1.1", "1.3"):
        rows = Price.objects.filter(symbol="CHF-USD", price=Decimal(price))
        rows.update(withdrawn_at=START)
        assert heal(book) == 1
        seen.append(Fill.objects.get().fee_value)
        assert heal(book) == 0
        assert differences(book) == []
    assert seen == [Decimal("2.6"), None]
    assert [value for value, _ in worths("f")] == [Decimal("2.2"), Decimal("2.6"), None]
    balance = Balance.objects.get(currency="USD")
    assert (balance.fees, balance.fees_missing) == (0, 1)


@pytest.mark.parametrize("marked", ["price", "fill"])
@pytest.mark.parametrize("kind", ["deposit", "interest"])
def test_what_was_worth_a_mark_of_before_a_split_follows_the_split(
    ada, book, traded, make_move, marked, kind
):
    """Three OPAL of day 6, marked at 10 on day 2: worth 30, after 2 for 1 on day 4 as
    much as 15, and 30 again once that was a mistake."""
    if marked == "price":
        quote(ada, "10", day=3)
    book_transfers([make_move("m", kind, "OPAL", "3", day=6)], ada)
    other = NewSplit(symbol="OPAL-USD", at=START, numerator=7, denominator=1)
    later = replace(other, at=START + timedelta(days=7))
    for split in (other, later):  # before its mark, and after it
        record_split(split, ada)
        assert heal(book) == 0
    row, _ = record_split(
        replace(other, at=START + timedelta(days=4), numerator=2), ada
    )
    assert (heal(book), heal(book)) == (1, 0)
    void_split(row.pk, "never was", ada)
    assert (heal(book), heal(book)) == (1, 0)
    assert worths("m") == [(30, "USD"), (15, "USD"), (30, "USD")]
    assert differences(book) == []


@pytest.mark.parametrize("hour", [1, 8], ids=["before the mark", "after the fact"])
def test_a_worth_follows_an_own_split_in_the_place_of_the_desks_of_its_day(
    ada, keeper, book, traded, make_move, hour
):
    """Three OPAL, marked at 10 two hours before the desk's split of 2 for 1: worth 15.
    By one's own of that day no split was between them: 30, and 15 again without it."""
    day_4 = START + timedelta(days=4)
    desk = NewSplit(
        symbol="OPAL-USD",
        at=day_4 + timedelta(hours=4),
        numerator=2,
        denominator=1,
        scope="desk",
    )
    record_split(desk, keeper)
    quote(ada, "10", day=4 + 2 / 24)
    book_transfers([make_move("m", "deposit", "OPAL", "3", day=4 + 6 / 24)], ada)
    own = replace(desk, at=day_4 + timedelta(hours=hour), scope="own")
    row, _ = record_split(own, ada)
    assert differences(book) == []
    assert (heal(book), heal(book)) == (1, 0)
    void_split(row.pk, "never was", ada)
    assert (heal(book), heal(book)) == (1, 0)
    assert worths("m") == [(15, "USD"), (30, "USD"), (15, "USD")]
    assert differences(book) == []


def test_a_fee_paid_in_coins_of_before_a_split_follows_it(ada, book, traded, make_fill):
    fee = {"fee": Decimal(2), "fee_currency": "OPAL"}
    book_fills([make_fill("f", "buy", "1", "100", day=6, **fee)], ada)
    split = NewSplit(
        symbol="OPAL-USD",
        at=START + timedelta(days=4),
        numerator=4,
        denominator=1,
        scope="own",
    )
    row, _ = record_split(split, ada)
    seen = []
    for work in (lambda: None, lambda: void_split(row.pk, "never was", ada)):
        work()
        heal(book)
        seen.append(Fill.objects.get(external_id="f").fee_value)
        assert differences(book) == []
    assert seen == [5, 20]


def test_a_booking_asks_for_the_job_that_values(ada, waiting):
    quote(ada, "1.1", day=1, symbol="CHF-USD")
    runs = JobRun.objects.filter(job__name="trades-valuations")
    assert {run.key for run in runs} == {"", str(Book.objects.get().pk)}
    assert JOBS["trades-valuations"].function({}).startswith("1 facts valued")
