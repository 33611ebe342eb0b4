"""The walk through a book's history: what each kind of entry does to equity."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from portfolio.domain.equity import Cut, Entry, Walk, walk
from tests.domain.marked import marks_of

D = Decimal
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXTS = {"symbol", "strategy", "currency"}
PRICES = {
    "A-USD": [(START, D(10)), (START + 5 * HOUR, D(12))],
    "B-EUR": [(START, D(20))],
    "EUR-USD": [(START, D("1.1")), (START + 5 * HOUR, D("1.2"))],
}


def entry(**values: Any) -> Entry:
    numbers: dict[str, Any] = {
        name: D(value) if isinstance(value, str) and name not in TEXTS else value
        for name, value in values.items()
    }
    return Entry(at=START + HOUR, **numbers)


def cut(*entries: Entry, hours: int = 2) -> Cut:
    """The book that many hours after the start."""
    state = Walk(
        base="USD",
        quotes={"A-USD": "USD", "B-EUR": "EUR", "NEW": "USD"},
        marks=marks_of(PRICES, {}),
    )
    return walk(entries, [START + hours * HOUR], state)[0]


PAID_IN = entry(currency="USD", cash="1000", external="1000")


@pytest.mark.parametrize(
    ("entries", "equity", "inflow", "outflow", "pnl"),
    [
        pytest.param([], "0", "0", "0", "0", id="nothing"),
        pytest.param([PAID_IN], "1000", "1000", "0", "0", id="paid in"),
        pytest.param(
            [PAID_IN, entry(currency="USD", cash="-200", external="-200")],
            "800",
            "1000",
            "200",
            "0",
            id="paid out",
        ),
        pytest.param(
            [entry(currency="EUR", cash="100", external="100")],
            "110",
            "110",
            "0",
            "0",
            id="paid in in euros",
        ),
        pytest.param(
            [PAID_IN, entry(currency="USD", cash="5", income="5")],
            "1005",
            "1000",
            "0",
            "5",
            id="income of the book",
        ),
        pytest.param(
            [
                PAID_IN,
                entry(
                    symbol="A-USD",
                    strategy="s",
                    currency="USD",
                    quantity="5",
                    cost="40",
                    cash="-40",
                ),
            ],
            "1010",
            "1000",
            "0",
            "10",
            id="bought below the mark",
        ),
        pytest.param(
            [
                PAID_IN,
                entry(
                    symbol="A-USD",
                    currency="USD",
                    quantity="-5",
                    cost="-60",
                    cash="60",
                ),
            ],
            "1010",
            "1000",
            "0",
            "10",
            id="sold short above the mark",
        ),
        pytest.param(
            [entry(symbol="A-USD", quantity="5", cost="1", in_kind=True)],
            "50",
            "50",
            "0",
            "0",
            id="coins in at their mark",
        ),
        pytest.param(
            [
                PAID_IN,
                entry(symbol="A-USD", currency="USD", cash="7", realised="7"),
            ],
            "1007",
            "1000",
            "0",
            "7",
            id="realised",
        ),
    ],
)
def test_an_entry_moves_equity_flows_and_earnings(
    entries, equity, inflow, outflow, pnl
):
    seen = cut(*entries)
    assert (seen.equity, seen.inflow, seen.outflow, seen.pnl) == (
        D(equity),
        D(inflow),
        D(outflow),
        D(pnl),
    )


BOUGHT = entry(
    symbol="A-USD",
    strategy="s",
    currency="USD",
    quantity="5",
    cost="50",
    cash="-50",
)


BOUGHT_UNPAID = replace(BOUGHT, by_fill=True)


def deposit(amount: str, currency: str = "USD") -> Entry:
    return entry(currency=currency, cash=amount, external=amount, deposited=True)


@pytest.mark.parametrize(
    ("entries", "equity", "inflow", "pnl"),
    [
        pytest.param([BOUGHT_UNPAID], "50", "50", "0", id="a fill lacks cash"),
        pytest.param([BOUGHT], "0", "0", "0", id="what is no fill lacks none"),
        pytest.param(
            [BOUGHT_UNPAID, deposit("30")], "50", "50", "0", id="repaid in part"
        ),
        pytest.param(
            [BOUGHT_UNPAID, deposit("50")], "50", "50", "0", id="as much on one day"
        ),
        pytest.param(
            [BOUGHT_UNPAID, deposit("80")], "80", "80", "0", id="repaid and more"
        ),
        pytest.param(
            [deposit("20"), BOUGHT_UNPAID], "20", "20", "0", id="after a deposit"
        ),
        pytest.param(
            [deposit("20", "EUR"), BOUGHT_UNPAID],
            "72",
            "72",
            "0",
            id="a deposit of another currency is none",
        ),
    ],
)
def test_implied_funding_is_paid_in_until_a_deposit_repays_it(
    entries, equity, inflow, pnl
):
    seen = cut(*entries)
    assert (seen.equity, seen.inflow, seen.pnl) == (D(equity), D(inflow), D(pnl))
    assert seen.outflow == 0


def test_a_position_in_another_currency_moves_with_both():
    foreign = entry(symbol="B-EUR", currency="EUR", quantity="1", cost="20", cash="-20")
    paid = entry(currency="EUR", cash="20", external="20")
    assert cut(paid, foreign, hours=2).equity == 20 * D("1.1")
    assert cut(paid, foreign, hours=6).equity == 20 * D("1.2")


@pytest.mark.parametrize(
    ("entries", "unvalued"),
    [
        pytest.param([entry(symbol="NEW", quantity="1")], 1, id="no price"),
        pytest.param([entry(currency="CHF", cash="1")], 1, id="no rate"),
        pytest.param([entry(currency="CHF", cash="0")], 0, id="nothing to convert"),
        pytest.param([BOUGHT], 0, id="all known"),
    ],
)
def test_what_has_no_price_or_rate_is_counted_and_left_out(entries, unvalued):
    seen = cut(PAID_IN, *entries)
    assert seen.unvalued == unvalued
    assert seen.equity == 1000


def test_a_split_multiplies_what_is_held_and_earns_nothing_by_itself():
    halved = entry(symbol="A-USD", split=Fraction(1, 2))
    assert cut(PAID_IN, BOUGHT, halved).equity == 950 + D("2.5") * 10
    other = entry(symbol="B-EUR", split=Fraction(1, 2))
    assert cut(PAID_IN, BOUGHT, other).equity == 1000


def test_slices_hold_only_what_changed_since_the_last_cut():
    state = Walk(base="USD", quotes={"A-USD": "USD"}, marks=marks_of(PRICES, {}))
    times = [START + HOUR, START + 2 * HOUR, START + 6 * HOUR]
    first, second, third = walk([PAID_IN, BOUGHT], times, state)
    assert not first.slices
    assert not second.slices
    assert third.slices == {("A-USD", "s"): D(10)}
    assert (third.pnl, third.inflow) == (D(10), D(0))


def test_an_entry_belongs_to_the_first_cut_that_is_not_before_it():
    state = Walk(base="USD", quotes={}, marks=marks_of({}, {}))
    early, exact = walk([PAID_IN], [START, START + HOUR], state)
    assert (early.equity, exact.equity) == (D(0), D(1000))


def test_coins_that_nobody_priced_become_a_flow_when_somebody_does():
    marks = marks_of({"NEW": [(START + 3 * HOUR, D(7))]}, {})
    state = Walk(base="USD", quotes={"NEW": "USD"}, marks=marks)
    arrival = entry(symbol="NEW", quantity="2", in_kind=True)
    before, after = walk([arrival], [START + 2 * HOUR, START + 4 * HOUR], state)
    assert (before.inflow, before.unvalued) == (D(0), 1)
    assert (after.inflow, after.pnl, after.equity) == (D(14), D(0), D(14))


def test_a_cut_says_when_it_is_and_what_is_cash():
    seen = cut(PAID_IN, BOUGHT, hours=3)
    assert (seen.at, seen.cash) == (START + 3 * HOUR, D(950))


def test_a_deposit_of_cents_is_paid_in():
    seen = cut(entry(currency="USD", cash="0.5", external="0.5"))
    assert (seen.inflow, seen.outflow) == (D("0.5"), D(0))


def test_a_split_reaches_every_strategy_that_holds_the_instrument():
    other = replace(BOUGHT, strategy="t", quantity=D(3), cost=D(30), cash=D(-30))
    doubled = entry(symbol="A-USD", split=Fraction(2))
    seen = cut(PAID_IN, BOUGHT, other, doubled)
    assert seen.slices == {("A-USD", "s"): D(50), ("A-USD", "t"): D(30)}


def test_income_in_another_currency_counts_at_the_rate_of_its_time():
    dividend = entry(symbol="A-USD", strategy="s", currency="EUR", income="10")
    foreign = entry(symbol="B-EUR", strategy="s", currency="USD", income="11")
    assert cut(dividend).slices == {("A-USD", "s"): D(11)}
    assert cut(dividend, hours=6).slices == {("A-USD", "s"): D(11)}
    assert round(cut(foreign, hours=6).slices["B-EUR", "s"], 20) == D(12)


def test_what_a_slice_earned_adds_up():
    won = entry(symbol="A-USD", strategy="s", realised="7")
    lost = entry(symbol="A-USD", strategy="s", realised="-2")
    assert cut(won, lost).slices == {("A-USD", "s"): D(5)}


@pytest.mark.parametrize(
    ("unit", "paid_in"),
    [
        pytest.param("30", "60", id="what they were worth"),
        pytest.param(None, "40", id="their mark"),
    ],
)
def test_coins_are_paid_in_at_what_they_were_worth_or_at_their_mark(unit, paid_in):
    """Two at 20 euros now, where the euro is at 1.1; 3 were earned before."""
    won = entry(symbol="B-EUR", realised="3")
    coins = entry(symbol="B-EUR", quantity="2", cost="1", in_kind=True, unit=unit)
    seen = cut(won, coins)
    assert seen.inflow == D(paid_in) * D("1.1")
    assert seen.slices == {("B-EUR", ""): (40 - D(paid_in) + 3) * D("1.1")}


def test_a_slice_in_another_currency_earns_at_the_rate_of_the_cut():
    won = entry(symbol="B-EUR", strategy="s", realised="5")
    assert cut(won, hours=6).slices == {("B-EUR", "s"): D(6)}


def test_money_that_came_and_went_needs_no_rate():
    francs = entry(currency="CHF", cash="1")
    assert cut(francs, replace(francs, cash=D(-1))).unvalued == 0


def test_all_that_has_no_value_is_counted_and_the_rest_is_not_forgotten():
    unknown = [entry(currency=name, cash="1") for name in ("CHF", "JPY", "USD")]
    nameless = [entry(symbol=name, quantity="1") for name in ("NEW", "NEWER")]
    seen = cut(*unknown, *nameless, BOUGHT)
    assert seen.unvalued == 4
    assert seen.equity == 1  # the dollar; what was bought is worth its 50
