"""Marks of many symbols at any time, and which quote a rate comes from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trades.domain.rates import Marks, Quote, Series, exchange_rate, pair_symbols

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(hours):
    return NOON + timedelta(hours=hours)


def points(*pairs):
    return [(at(hours), Decimal(price)) for hours, price in pairs]


@pytest.mark.parametrize(
    ("hours", "price"),
    [(-3, None), (-2, "1"), (-1, "1"), (0, "2"), (5, "2"), (6, "3"), (99, "3")],
)
def test_a_series_says_the_newest_not_after_a_time(hours, price):
    series = Series(points((0, "2"), (-2, "1"), (6, "3")))
    quote = series.at(at(hours))
    assert (quote.price if quote else None) == (
        None if price is None else Decimal(price)
    )


def test_of_two_at_one_time_the_later_given_counts():
    assert Series(points((0, "1"), (0, "2"))).at(NOON) == Quote(Decimal(2), NOON)


def test_an_empty_series_says_nothing():
    assert Series([]).at(NOON) is None


@pytest.mark.parametrize(
    ("hours", "mark"),
    [(-9, None), (-5, "50"), (-1, "50"), (0, "10"), (3, "10")],
)
def test_a_price_stands_before_a_fill_and_a_fill_before_nothing(hours, mark):
    marks = Marks({"A": points((0, "10"))}, {"A": points((-5, "50"), (2, "60"))})
    assert marks.at("A", at(hours)) == (None if mark is None else Decimal(mark))


def test_a_symbol_that_nobody_knows_has_no_mark():
    assert Marks({}, {}).at("A", NOON) is None


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
    marks = Marks({"EUR-USD": points((0, "1.25"))}, {"GBP-USD": points((-1, "2"))})
    expected = None if rate is None else Decimal(rate)
    assert marks.rate(source, target, at(hours)) == expected


def test_the_first_source_that_knows_decides():
    prices = {"EUR-USD": Quote(Decimal(2), at(-9))}
    fills = {"USD-EUR": Quote(Decimal(4), at(-1))}
    assert exchange_rate("EUR", "USD", prices.get, fills.get) == 2
    assert exchange_rate("EUR", "USD", fills.get, prices.get) == Decimal("0.25")


def test_a_pair_has_two_symbols():
    assert pair_symbols("EUR", "USD") == ("EUR-USD", "USD-EUR")
