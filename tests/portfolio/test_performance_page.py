"""What the performance pages say: figures with notes, months, steps of a metric."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.display import MISSING
from portfolio.domain.formulas import FORMULAS
from portfolio.domain.metrics import measure, unavailable
from portfolio.domain.periods import period
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day
from portfolio.pages import curve, tables
from portfolio.pages import performance as pages
from portfolio.pages.shape import every_figure, shape
from portfolio.queries.books import Scope
from portfolio.queries.curves import StoredCurves
from portfolio.queries.days import Inputs
from portfolio.queries.parts import by_strategy, by_symbol
from portfolio.queries.performance import Performance
from portfolio.queries.selection import Selection
from tests.portfolio.measured import (
    MIXED,
    NOW,
    START,
    D,
    days_of,
    figure,
    performance,
    trip,
)

# --- figures -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pnls", "nets", "label", "value"),
    [
        pytest.param(MIXED, (), "Net P&L", "▲ +$96.00", id="a gain"),
        pytest.param(("-5",), (), "Net P&L", "▼ −$5.00", id="a loss"),
        pytest.param(("0",), (), "Net P&L", "$0.00", id="neither"),
        pytest.param((), (), "Net P&L", "–", id="no day"),
        pytest.param(MIXED, (), "Time-weighted return", "+9.60 %", id="return"),
        pytest.param(("-5",), (), "Time-weighted return", "−0.50 %", id="fallen"),
        pytest.param(("10",), (), "Annual growth (CAGR)", "–", id="too short"),
        pytest.param(("10", "-101"), (), "Max drawdown", "−10.00 %", id="drawdown"),
        pytest.param(("10",), (), "Max drawdown", "0.00 %", id="never fell"),
        pytest.param(("1",), ("2", "-1"), "Win rate", "50.00 %", id="no plus"),
        pytest.param(("1",), ("2", "-1"), "Profit factor", "2.00", id="a ratio"),
        pytest.param(("1",), ("2",), "Profit factor", "–", id="no losses"),
    ],
)
def test_a_figure_reads(pnls, nets, label, value):
    assert figure(performance(*pnls, nets=nets), label).value == value


@pytest.mark.parametrize(
    ("pnls", "nets", "label", "reason"),
    [
        ((), (), "Net P&L", "too few days in this range"),
        ((), (), "Max drawdown", "too few days in this range"),
        (("1",), (), "Sharpe ratio", "too few days in this range"),
        (("0", "0"), (), "Sharpe ratio", "the returns do not vary"),
        (("1", "2"), (), "Sortino ratio", "nothing was lost in this range"),
        (("1",), (), "Win rate", "no closed round trip in this range"),
        (("1",), ("1",), "Profit factor", "nothing was lost in this range"),
        (("1",), (), "Net P&L", ""),
    ],
)
def test_a_figure_that_is_missing_says_why(pnls, nets, label, reason):
    assert figure(performance(*pnls, nets=nets), label).reason == reason


@pytest.mark.parametrize(
    ("label", "note"),
    [
        ("Net P&L", "after $1.50 fees of closed trips"),
        ("Time-weighted return", "40 days, deposits left out"),
        ("Annual growth (CAGR)", "per year of 365 days"),
        ("Sortino ratio", "against 0 %"),
        ("Win rate", "1 of 3 round trips"),
        ("Profit factor", "1 won, 1 lost"),
    ],
)
def test_a_figure_has_its_note(label, note):
    assert figure(performance(*MIXED, nets=("2", "-1", "0")), label).note == note


def test_the_sharpe_ratio_says_how_sure_it_is():
    note = figure(performance(*MIXED), "Sharpe ratio").note
    assert note.startswith("95 % between ")


@pytest.mark.parametrize(
    ("pnls", "note"),
    [
        pytest.param(
            ("10", "-5", "20"), "31 Jan 2026, recovered in 2 d", id="recovered"
        ),
        pytest.param(("10", "-5"), "31 Jan 2026, not recovered", id="lasting"),
        pytest.param(("10",), "", id="never"),
    ],
)
def test_a_drawdown_says_when_and_for_how_long(pnls, note):
    assert figure(performance(*pnls), "Max drawdown").note == note


@pytest.mark.parametrize(
    ("pnl", "tone"), [("5", "gain"), ("-5", "loss"), ("0", "")], ids=str
)
def test_colour_goes_with_the_sign(pnl, tone):
    shown = performance(pnl)
    assert figure(shown, "Net P&L").tone == tone
    assert figure(shown, "Time-weighted return").tone == tone
    assert figure(shown, "Win rate").tone == ""


def test_each_metric_links_to_how_it_is_computed():
    figures = pages.performance_figures(performance("1"), "period=all&book=Main")
    links = [shown.href for shown in figures if shown.href]
    assert len(links) == 7
    assert "/performance/metrics/sharpe/?period=all&book=Main" in links


def test_without_a_rate_the_reason_is_the_rate():
    shown = Performance(
        scope=Scope(books=(), currency="USD"),
        selection=Selection(period=period("all", START)),
        metric_set=unavailable(365, Reason.NO_FX),
        inputs=Inputs(fills=0, transfers=0, prices=0, sha256=""),
        curves=StoredCurves(as_of=None, recomputing=True, funded={}),
        lacking=Reason.NO_FX,
    )
    assert figure(shown, "Net P&L").reason == "no exchange rate is known"
    assert figure(shown, "Sharpe ratio").reason == "no exchange rate is known"
    assert shown.reason == Reason.NO_FX  # before that it is being recomputed


# --- tables --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pnl", "bucket", "shown"),
    [
        ("0", "none", "0.0"),
        ("0.4", "none", "0.0"),
        ("-0.4", "none", "0.0"),
        ("5", "gain-1", "+0.5"),
        ("-5", "loss-1", "−0.5"),
        ("10", "gain-2", "+1.0"),
        ("-29", "loss-2", "−2.9"),
        ("30", "gain-3", "+3.0"),
        ("-300", "loss-3", "−30.0"),
    ],
)
def test_a_month_is_coloured_by_size_and_signed(pnl, bucket, shown):
    ((year, cells, whole),) = tables.month_rows(days_of(pnl))
    assert year == 2026
    assert (cells[0].bucket, cells[0].shown) == (bucket, shown)
    assert whole == cells[0]
    assert [cell.shown for cell in cells[1:]] == ["–"] * 11


def test_months_are_linked_and_years_come_newest_first():
    days = days_of(*["1"] * 400)
    years = [year for year, _, _ in tables.month_rows(days)]
    assert years == [2027, 2026]


def test_a_month_after_everything_was_lost_has_no_return():
    days = days_of("-1000", "0", "0", "0")
    cells = tables.month_rows(days)[0][1]
    assert (cells[0].shown, cells[1].shown) == ("−100.0", "–")


def test_the_five_deepest_falls_are_told():
    days = days_of(*(["-10", "20"] * 7))
    rows = tables.drawdown_rows(days)
    assert len(rows) == 5
    assert rows[0] == {"depth": "−1.00 %", "span": "from the start", "state": "2 d"}


def test_a_fall_that_lasts_says_so():
    (row,) = tables.drawdown_rows(days_of("10", "-5"))
    assert row["state"] == "1 d, not recovered"
    assert row["span"] == "30 Jan 2026"


def sliced() -> Performance:
    """Two strategies: trend won 6 and closed a trip, fade lost 2."""
    days = days_of("4", "0")
    return Performance(
        scope=Scope(books=(), currency="USD"),
        selection=Selection(period=period("all", date(2026, 3, 10))),
        metric_set=measure(days, [trip("6"), trip("-1", "", "ETH-USD")], 365),
        inputs=Inputs(fills=0, transfers=0, prices=0, sha256=""),
        curves=StoredCurves(as_of=NOW, recomputing=False, funded={}),
        slices={
            ("BTC-USD", "trend"): [_with(days[0], "6"), _with(days[1], "0")],
            ("BTC-USD", "fade"): [_with(days[0], "-2"), _with(days[1], "0")],
        },
    )


def _with(day: Day, pnl: str) -> Day:
    return Day(
        day=day.day,
        equity=day.equity,
        inflow=day.inflow,
        outflow=day.outflow,
        base=day.base,
        pnl=D(pnl),
    )


def test_parts_come_best_first_and_trips_without_a_strategy_have_a_row():
    parts = by_strategy(sliced())
    assert [(part.name, part.pnl) for part in parts] == [
        ("trend", D(6)),
        ("unassigned", D(0)),
        ("fade", D(-2)),
    ]
    assert [len(part.metric_set.trips) for part in parts] == [1, 1, 0]


def test_symbols_add_the_strategies_up():
    parts = {part.name: part.pnl for part in by_symbol(sliced())}
    assert parts == {"BTC-USD": D(4), "ETH-USD": D(0)}


def test_a_part_reads_as_a_row():
    row = tables.part_rows(by_strategy(sliced()), "USD")[0]
    assert row["pnl"] == "▲ +$6.00"
    assert (row["return"], row["arrow"], row["tone"]) == ("+0.60 %", "▲", "gain")
    assert (row["win_rate"], row["profit_factor"]) == ("100.00 %", "–")
    assert row["trips"] == 1


@pytest.mark.parametrize(
    ("nets", "best", "worst"),
    [
        ((), "–", "–"),
        (("3",), "▲ +$3.00", "▲ +$3.00"),
        (("3", "-4"), "▲ +$3.00", "▼ −$4.00"),
    ],
)
def test_round_trips_name_best_and_worst(nets, best, worst):
    lines = dict(pages.trip_lines(performance("1", nets=nets)))
    assert (lines["Best"], lines["Worst"]) == (best, worst)
    assert lines["Closed"] == str(len(nets))


# --- curve ------------------------------------------------------------------------------------


def test_without_days_nothing_is_drawn():
    drawn = curve.equity_chart(performance())
    assert (drawn.wide, drawn.narrow) == ("", "")


def test_the_drawing_says_in_words_where_it_went():
    drawn = curve.equity_chart(performance("10", "-101"))
    assert "From $1,010.00 to $909.00. Deepest drawdown −10.00 %." in drawn.wide


@pytest.mark.parametrize(
    ("strategy", "name", "values"),
    [("", "Equity", [1010.0, 1005.0]), ("trend", "P&L", [10.0, 5.0])],
)
def test_a_slice_is_drawn_as_what_it_earned(strategy, name, values):
    data = curve.chart_data(performance("10", "-5", strategy=strategy))
    series = data["panels"][0]["series"][0]
    assert (series["name"], series["values"]) == (name, values)
    assert [panel["percent"] for panel in data["panels"]] == [False, True, True]
    assert len(data["t"]) == 2


def test_days_on_which_money_came_or_went_are_marked_but_for_a_slice():
    moved = performance("10", "-5")
    assert curve.flows(moved) == [(0, D(1000))]
    assert "$1,000.00 paid in on 30 Jan 2026" in curve.equity_chart(moved).wide
    assert [flow["up"] for flow in curve.chart_data(moved)["flows"]] == [True]
    assert curve.flows(performance("10", "-5", strategy="trend")) == []


def test_every_metric_stands_in_the_table_with_its_number_or_its_reason():
    rows = every_figure(performance(*["1", "-2"] * 20, nets=("3", "-1")), "period=all")
    assert {row["title"] for row in rows} == {each.title for each in FORMULAS.values()}
    assert all((row["value"] == MISSING) == bool(row["reason"]) for row in rows)
    by_title = {row["title"]: row for row in rows}
    assert by_title["Value at risk, 95 %"]["value"] == "−0.20 %"
    assert by_title["Money-weighted return"]["href"].endswith(
        "money_weighted/?period=all"
    )


def test_a_distribution_needs_twenty_days_and_windows_twice_their_length():
    few = shape(performance(*["1"] * 19), "")
    assert (few["distribution"], few["rolling"]) == (None, None)
    many = shape(performance(*["1", "-2"] * 30), "")
    assert "30 days above 0, 30 days below" in many["distribution"].wide
    assert many["rolling"].window == 30
    best, worst = many["extremes"]
    assert (best[0], worst[0]) == ("Best days", "Worst days")
    assert best[1][0]["pnl"] == "▲ +$1.00"
    assert worst[1][0]["tone"] == "loss"


def test_a_long_curve_is_thinned():
    data = curve.chart_data(performance(*["1"] * 3_200))
    assert len(data["t"]) <= curve.KEEP_POINTS + 100


def test_the_table_holds_month_ends_newest_first():
    table = curve.curve_table(performance("10", "-5", "3"))
    months = table.split("<tbody>")[1].split('<tr><th scope="row">')[1:]
    assert [month.split("<")[0] for month in months] == ["1 Feb 2026", "31 Jan 2026"]
    assert "$1,008.00" in months[0]
    assert "▲ +$5.00" in months[1]


# --- where from --------------------------------------------------------------------------------


def test_provenance_counts_the_facts():
    said = pages.provenance(performance("1"))
    assert said == "5,060 fills, 52 transfers and 4,086 prices"


@pytest.mark.parametrize(
    ("pnls", "said"),
    [
        (("1",), []),
        (("-1500", "0"), ["days without capital, which have no return: 1"]),
    ],
)
def test_warnings_are_sentences(pnls, said):
    assert pages.warnings(performance(*pnls, funded="5")) == said
