"""Days, linking, drawdowns and months of a book, worked by hand and by property."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import empyrical
import pandas as pd  # type: ignore[import-untyped]
import pytest
from hypothesis import strategies as st

from portfolio.domain import returns
from portfolio.domain.equity import Entry, Walk, walk
from portfolio.domain.metrics import measure
from portfolio.domain.returns import Day
from tests.domain.marked import marks_of
from tests.reach import holds_for
from trades.domain.marks import Marks

D = Decimal
MONDAY = date(2026, 3, 2)


def day(offset: int, base: str, pnl: str, inflow: str = "0", outflow: str = "0") -> Day:
    equity = D(base) + D(pnl) - D(outflow)
    return Day(
        day=MONDAY + timedelta(days=offset),
        equity=equity,
        inflow=D(inflow),
        outflow=D(outflow),
        base=D(base),
        pnl=D(pnl),
    )


def chain(rs: list[D], start: date = MONDAY) -> list[Day]:
    """Days of a book that begins with 1000 and never has a flow again."""
    level, result = D(1000), []
    for n, r in enumerate(rs):
        pnl = level * r
        result.append(
            Day(
                day=start + timedelta(days=n),
                equity=level + pnl,
                inflow=D(1000) if not n else D(0),
                outflow=D(0),
                base=level,
                pnl=pnl,
            )
        )
        level += pnl
    return result


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_deposit_is_no_return():
    days = [day(0, "1000", "100", inflow="1000"), day(1, "6100", "0", inflow="5000")]
    assert returns.index(days) == [D("1.1"), D("1.1")]


def test_a_deposit_does_not_hide_a_drawdown():
    days = [day(0, "1000", "-200", inflow="1000"), day(1, "10800", "0", inflow="10000")]
    assert returns.drawdown_series(returns.index(days)) == [D("-0.2"), D("-0.2")]


def test_a_withdrawal_counts_at_the_end_of_its_day():
    days = [day(0, "1000", "100", inflow="1000", outflow="550"), day(1, "550", "55")]
    assert days[0].r == D("0.1")
    assert returns.index(days)[-1] == D("1.21")


def test_a_day_without_capital_has_no_return_and_the_index_may_pass_minus_100_percent():
    days = [
        day(0, "100", "-50", inflow="100"),
        day(1, "50", "-60"),
        day(2, "-10", "-5"),
    ]
    assert days[2].r is None
    assert returns.returns(days) == [D("-0.5"), D("-1.2")]
    # the third day: −5 x (index 0.5 / base 50), the scale of the last day with capital
    assert returns.index(days) == [D("0.5"), D("-0.1"), D("-0.15")]
    found = measure(days, [], 365)
    assert found.without_capital == 1
    assert found.metrics["cagr"].reason == "insufficient_data"


def test_cagr_and_calmar_are_null_when_capital_was_gone():
    days = [day(0, "100", "-50", inflow="100"), day(1, "50", "-60")]
    days += [day(n, "-10", "0") for n in range(2, 40)]
    metrics = measure(days, [], 365).metrics
    assert metrics["cagr"].reason == "equity_non_positive"
    assert metrics["calmar"].reason == "equity_non_positive"


def test_weekends_fold_into_monday():
    days = [
        day(4, "1000", "10", inflow="1000"),
        day(5, "1010", "5"),
        day(6, "1065", "-15", inflow="50"),
        day(7, "1050", "20"),
    ]
    folded = returns.fold_weekends(days)
    assert [one.day.weekday() for one in folded] == [4, 0]
    assert folded[1].pnl == D(10)
    assert folded[1].base == D(1060)


def test_a_weekend_at_the_end_waits_for_its_monday_but_is_counted():
    days = [day(4, "1000", "10", inflow="1000"), day(5, "1010", "5")]
    assert [one.pnl for one in returns.fold_weekends(days)] == [D(10), D(5)]


def test_the_books_zone_decides_the_day():
    moment = at("2026-03-01T23:30:00")
    assert returns.day_of(moment, "Europe/Berlin") == date(2026, 3, 2)
    assert returns.day_of(moment, "America/New_York") == date(2026, 3, 1)


def test_a_day_of_the_clock_change_ends_where_the_next_begins():
    end = returns.day_end(date(2026, 3, 29), "Europe/Berlin")
    begin = datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert begin - end == timedelta(microseconds=1)


def test_a_drawdown_names_peak_trough_recovery_days_and_money():
    days = chain([D("0.10"), D("-0.10"), D("-0.10"), D("0.05"), D("0.30")])
    (found,) = returns.drawdowns(days)
    assert (found.peak, found.trough) == (MONDAY, MONDAY + timedelta(days=2))
    assert found.recovered == MONDAY + timedelta(days=4)
    assert found.days == 4
    assert found.depth == D("-0.19")
    assert found.money == D("-209.0")


def test_a_drawdown_from_the_start_has_no_peak_day_and_may_last():
    (found,) = returns.drawdowns(chain([D("-0.10"), D("0.01")]))
    assert (found.peak, found.recovered) == (None, None)
    assert found.days == 2


def test_the_deepest_drawdown_is_chosen_by_percentage():
    days = chain([D("-0.5"), D("1.5"), D("-0.2"), D("0.3")])
    worst = measure(days, [], 365).worst
    assert worst is not None
    assert worst.depth == D("-0.5")


rates = st.decimals("-0.2", "0.2", places=6)


def test_months_link_to_the_whole_and_agree_with_the_oracle():
    def check(rs):
        days = chain(rs)
        months = returns.monthly(days)
        linked = D(1)
        for month in months:
            assert month.value is not None
            linked *= 1 + month.value
        assert abs(linked - returns.index(days)[-1]) < D("1e-30")
        series = pd.Series(
            [float(r) for r in rs], index=pd.DatetimeIndex([day.day for day in days])
        )
        oracle = empyrical.aggregate_returns(series, "monthly")
        assert [float(month.value or 0) for month in months] == pytest.approx(
            list(oracle), abs=1e-9
        )
        return len(months) > 1

    holds_for(st.lists(rates, min_size=25, max_size=200), check, examples=30)


def test_the_drawdown_series_is_never_positive_and_its_least_is_the_deepest_spell():
    def check(rs):
        days = chain(rs)
        series = returns.drawdown_series(returns.index(days))
        assert max(series) <= 0
        deepest = min((spell.depth for spell in returns.drawdowns(days)), default=D(0))
        assert deepest == min(*series, D(0))
        return deepest < 0 and len(days) > 1

    holds_for(st.lists(rates, min_size=1, max_size=60), check, examples=30)


def test_two_books_are_added_day_by_day():
    one, other = (
        [day(0, "100", "10"), day(1, "110", "1")],
        [day(1, "50", "-5", inflow="50")],
    )
    both = returns.added([one, other])
    assert [(d.base, d.pnl, d.equity) for d in both] == [
        (D(100), D(10), D(110)),
        (D(160), D(-4), D(156)),
    ]


def priced(**series: list[tuple[str, str]]) -> Marks:
    prices = {
        k.replace("_", "-"): [(at(t), D(p)) for t, p in v] for k, v in series.items()
    }
    return marks_of(prices, {})


CUTS = [at("2026-03-02T23:59:59"), at("2026-03-03T23:59:59")]


def test_a_day_without_fills_still_moves_with_the_marks():
    marks = priced(
        BTC_USD=[("2026-03-02T12:00:00", "100"), ("2026-03-03T12:00:00", "120")]
    )
    entries = [
        Entry(
            at=at("2026-03-02T09:00:00"), currency="USD", cash=D(1000), external=D(1000)
        ),
        Entry(
            at=at("2026-03-02T12:00:00"),
            symbol="BTC-USD",
            strategy="trend",
            currency="USD",
            quantity=D(5),
            cost=D(501),
            cash=D(-501),
        ),
    ]
    first, second = walk(
        entries, CUTS, Walk(base="USD", quotes={"BTC-USD": "USD"}, marks=marks)
    )
    assert (first.equity, first.inflow, first.pnl) == (D(999), D(1000), D(-1))
    assert (second.equity, second.pnl) == (D(1099), D(100))
    assert second.slices == {("BTC-USD", "trend"): D(100)}


def test_cash_that_a_fill_lacks_is_funded_when_nothing_was_ever_paid_in():
    marks = priced(
        BTC_USD=[("2026-03-02T12:00:00", "100"), ("2026-03-03T12:00:00", "90")]
    )
    entries = [
        Entry(
            at=at("2026-03-02T12:00:00"),
            symbol="BTC-USD",
            strategy="",
            currency="USD",
            quantity=D(5),
            cost=D(500),
            cash=D(-500),
            by_fill=True,
        )
    ]
    state = Walk(base="USD", quotes={"BTC-USD": "USD"}, marks=marks)
    first, second = walk(entries, CUTS, state)
    assert (first.inflow, first.equity, first.pnl) == (D(500), D(500), D(0))
    assert (second.equity, second.pnl) == (D(450), D(-50))
    assert state.funding.implied == D(500)


def test_an_instrument_from_outside_is_a_flow_at_its_mark_or_when_it_first_has_one():
    marks = priced(ETH_USD=[("2026-03-03T12:00:00", "10")])
    arrival = Entry(
        at=at("2026-03-02T12:00:00"),
        symbol="ETH-USD",
        strategy="",
        currency="USD",
        quantity=D(3),
        in_kind=True,
    )
    first, second = walk(
        [arrival], CUTS, Walk(base="USD", quotes={"ETH-USD": "USD"}, marks=marks)
    )
    assert (first.equity, first.unvalued) == (D(0), 1)
    assert (second.inflow, second.equity, second.pnl) == (D(30), D(30), D(0))


def test_an_instrument_that_leaves_takes_its_value_and_keeps_its_gain():
    marks = priced(
        BTC_USD=[("2026-03-02T12:00:00", "100"), ("2026-03-03T12:00:00", "130")]
    )
    entries = [
        Entry(
            at=at("2026-03-02T09:00:00"), currency="USD", cash=D(500), external=D(500)
        ),
        Entry(
            at=at("2026-03-02T12:00:00"),
            symbol="BTC-USD",
            strategy="",
            currency="USD",
            quantity=D(5),
            cost=D(500),
            cash=D(-500),
        ),
        Entry(
            at=at("2026-03-03T13:00:00"),
            symbol="BTC-USD",
            strategy="",
            currency="USD",
            quantity=D(-5),
            cost=D(-500),
            in_kind=True,
        ),
    ]
    _, second = walk(
        entries, CUTS, Walk(base="USD", quotes={"BTC-USD": "USD"}, marks=marks)
    )
    assert (second.equity, second.outflow, second.pnl) == (D(0), D(650), D(150))
    assert second.slices == {("BTC-USD", ""): D(150)}


def test_another_currency_is_valued_at_its_rate_and_moves_as_currency_effect():
    marks = priced(
        EUR_USD=[("2026-03-02T00:00:00", "1.10"), ("2026-03-03T00:00:00", "1.20")]
    )
    entries = [
        Entry(
            at=at("2026-03-02T09:00:00"), currency="EUR", cash=D(100), external=D(100)
        )
    ]
    first, second = walk(entries, CUTS, Walk(base="USD", quotes={}, marks=marks))
    assert (first.equity, first.pnl) == (D("110.00"), D(0))
    assert (second.equity, second.pnl, second.slices) == (D("120.00"), D("10.00"), {})


def test_a_split_changes_the_count_and_not_the_worth():
    marks = priced(X=[("2026-03-02T12:00:00", "100"), ("2026-03-03T12:00:00", "50")])
    entries = [
        Entry(
            at=at("2026-03-02T09:00:00"), currency="USD", cash=D(500), external=D(500)
        ),
        Entry(
            at=at("2026-03-02T12:00:00"),
            symbol="X",
            strategy="",
            currency="USD",
            quantity=D(5),
            cost=D(500),
            cash=D(-500),
        ),
        Entry(at=at("2026-03-03T00:00:00"), symbol="X", split=Fraction(2, 1)),
    ]
    _, second = walk(entries, CUTS, Walk(base="USD", quotes={"X": "USD"}, marks=marks))
    assert (second.equity, second.pnl) == (D(500), D(0))


def test_interest_belongs_to_the_book_and_a_dividend_to_its_instrument():
    entries = [
        Entry(at=at("2026-03-02T09:00:00"), currency="USD", cash=D(2), income=D(2)),
        Entry(
            at=at("2026-03-02T09:00:00"),
            symbol="X",
            strategy="s",
            currency="USD",
            cash=D(3),
            income=D(3),
        ),
    ]
    first, _ = walk(
        entries, CUTS, Walk(base="USD", quotes={"X": "USD"}, marks=priced())
    )
    assert first.pnl == D(5)
    assert first.slices == {("", ""): D(2), ("X", "s"): D(3)}
