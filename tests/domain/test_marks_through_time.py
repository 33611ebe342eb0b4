"""Marks of many symbols at any time, and which quote a rate comes from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.domain.marked import marks_of
from trades.domain.marks import Marks, Series, SplitRatio, Splits, fill_mark
from trades.domain.rates import Mark, exchange_rate, pair_symbols, rate_symbols

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(hours):
    return NOON + timedelta(hours=hours)


def points(*pairs):
    return [(at(hours), Decimal(price)) for hours, price in pairs]


def series(*pairs):
    return Series(Mark(price=price, at=seen) for seen, price in points(*pairs))


@pytest.mark.parametrize(
    ("hours", "price"),
    [(-3, None), (-2, "1"), (-1, "1"), (0, "2"), (5, "2"), (6, "3"), (99, "3")],
)
def test_a_series_says_the_newest_not_after_a_time(hours, price):
    mark = series((0, "2"), (-2, "1"), (6, "3")).at(at(hours))
    assert (mark.price if mark else None) == (None if price is None else Decimal(price))


def test_of_two_at_one_time_the_later_given_counts():
    mark = series((0, "1"), (0, "2")).at(NOON)
    assert mark
    assert mark.price == 2


def test_an_empty_series_says_nothing():
    assert Series([]).at(NOON) is None


@pytest.mark.parametrize(
    ("hours", "mark"),
    [(-9, None), (-5, "50"), (-1, "50"), (0, "10"), (1, "10"), (2, "60"), (3, "60")],
)
def test_the_newest_counts_and_at_one_time_the_price(hours, mark):
    fills = {"A": points((-5, "50"), (0, "99"), (2, "60"))}
    marks = marks_of({"A": points((0, "10"))}, fills)
    assert marks.at("A", at(hours)) == (None if mark is None else Decimal(mark))


def test_a_symbol_that_nobody_knows_has_no_mark():
    assert marks_of({}).at("A", NOON) is None


@pytest.mark.parametrize(
    ("source", "target", "hours", "rate"),
    [
        ("USD", "USD", 0, "1"),
        ("EUR", "USD", 0, "1.25"),
        ("USD", "EUR", 0, "0.8"),
        ("EUR", "USD", -1, None),
        ("GBP", "USD", 0, "2"),
        ("USD", "GBP", 0, "0.5"),
        ("EUR", "GBP", 0, None),
    ],
)
def test_rates_through_time(source, target, hours, rate):
    marks = marks_of({"EUR-USD": points((0, "1.25"))}, {"GBP-USD": points((-1, "2"))})
    expected = None if rate is None else Decimal(rate)
    assert marks.rate(source, target, at(hours)) == expected


def known(**prices):
    return {
        symbol.replace("_", "-"): Mark(price=Decimal(price), at=at(hours))
        for symbol, (price, hours) in prices.items()
    }


def rate(marks, source="EUR", target="CHF"):
    known = exchange_rate(source, target, marks.get, "USD")
    return known.value if known else None


def test_a_rate_goes_over_the_base_currency_only_where_there_is_no_other():
    marks = known(EUR_USD=("2", -1), CHF_USD=("4", -9))
    assert exchange_rate("EUR", "CHF", marks.get) is None
    assert rate(marks) == Decimal("0.5")
    assert exchange_rate("EUR", "CHF", marks.get, "GBP") is None
    marks |= known(EUR_CHF=("0.9", -99))
    assert rate(marks) == Decimal("0.9")


def test_a_rate_names_the_marks_it_was_taken_from():
    marks = known(EUR_USD=("2", -1), USD_CHF=("4", -9))
    taken = exchange_rate("EUR", "CHF", marks.get, "USD")
    assert taken
    assert taken.marks == (marks["EUR-USD"], marks["USD-CHF"])
    same = exchange_rate("EUR", "EUR", marks.get)
    assert same
    assert same.marks == ()


def test_what_a_rate_may_ask_for():
    pairs = {"A-B", "B-A", "A-C", "C-A", "B-C", "C-B"}
    assert rate_symbols("A", "B", "C") == pairs
    assert rate_symbols("A", "B", "B") == {"A-B", "B-A"}
    assert rate_symbols("A", "A", "B") == set()


TEN_FOR_ONE = Splits([SplitRatio(symbol="A", at=NOON, ratio=Fraction(10))])


@pytest.mark.parametrize(
    ("hours", "mark"),
    [(-2, "300"), (-1, "300"), (0, "30"), (1, "30"), (2, "33"), (9, "33")],
)
def test_a_split_divides_the_marks_before_it(hours, mark):
    marks = marks_of({"A": points((-2, "300"))}, {"A": points((2, "33"))}, TEN_FOR_ONE)
    assert marks.at("A", at(hours)) == Decimal(mark)


def test_what_is_quoted_at_a_splits_own_instant_is_in_new_units():
    assert marks_of({"A": points((0, "33"))}, {}, TEN_FOR_ONE).at("A", at(5)) == 33


def test_the_first_mark_after_is_in_units_of_the_time_asked_about():
    marks = marks_of({"A": points((-1, "300"), (2, "33"), (5, "9"))}, {}, TEN_FOR_ONE)
    after = [marks.first_after("A", at(hours)) for hours in (-9, -1, 0, 5)]
    assert [mark and mark.price for mark in after] == [300, 330, 33, None]


def test_a_rate_is_divided_by_a_split_as_well():
    splits = Splits([SplitRatio(symbol="C-USD", at=NOON, ratio=Fraction(4))])
    marks = marks_of({"C-USD": points((-1, "8"))}, {}, splits)
    assert marks.rate("C", "USD", at(-1)) == 8
    assert marks.rate("C", "USD", at(1)) == 2
    assert marks.rate("USD", "C", at(1)) == Decimal("0.5")


def test_a_pair_has_two_symbols():
    assert pair_symbols("EUR", "USD") == ("EUR-USD", "USD-EUR")


def test_splits_multiply_in_order_of_their_times_however_they_are_given():
    later = SplitRatio(symbol="A", at=at(4), ratio=Fraction(5))
    sooner = SplitRatio(symbol="A", at=at(1), ratio=Fraction(2))
    splits = Splits([later, sooner])
    assert list(splits.of("A")) == [sooner, later]
    assert splits.factor("A", at(0), at(4)) == 10
    marks = marks_of({"A": points((0, "100"))}, splits=splits)
    assert [marks.at("A", at(hours)) for hours in (0, 1, 4)] == [100, 50, 10]


def test_nothing_comes_after_for_a_symbol_that_nobody_knows():
    assert marks_of({}).first_after("A", NOON) is None


def test_a_fill_is_a_mark_that_names_itself():
    mark = fill_mark(NOON, Decimal(7), 12)
    assert (mark.source, mark.label, mark.fill_id) == ("last_fill", "last_fill", 12)


def test_a_rate_goes_over_the_currency_of_its_book():
    quoted = {
        "EUR-USD": [Mark(price=Decimal(2), at=NOON)],
        "GBP-USD": [Mark(price=Decimal(4), at=NOON)],
    }
    assert Marks(quoted, base="USD").rate("EUR", "GBP", NOON) == Decimal("0.5")
    assert Marks(quoted, base="CHF").rate("EUR", "GBP", NOON) is None
