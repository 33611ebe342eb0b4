"""What the portfolio pages say about what is held: texts from exact numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict

from portfolio.domain.reasons import Reason
from portfolio.domain.valuation import Holding, percent_of, value
from portfolio.pages import holdings as pages
from portfolio.pages.positions import PositionTexts
from portfolio.pages.words import WHY, Figure, why
from portfolio.queries.books import Scope
from portfolio.queries.holdings import Cash, PositionRow
from portfolio.queries.summary import Portfolio
from trades.domain.rates import Mark
from trades.models import Instrument

D = Decimal
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def scope(currency: str = "USD") -> Scope:
    return Scope(books=(), currency=currency)


def position(
    symbol: str = "BTC-USD",
    quantity: str = "2",
    amount: str = "200",
    price: str | None = "110",
    *,
    seconds: int = 60,
    step: str | None = None,
    known_cost: bool = True,
    rate: str = "1",
) -> PositionRow:
    base, _, quote = symbol.partition("-")
    holding = Holding(
        symbol=symbol,
        quote=quote,
        quantity=D(quantity),
        amount=D(amount),
        fee=D(0),
        unknown_cost=not known_cost,
    )
    mark = None
    if price is not None:
        mark = Mark(price=D(price), at=NOW - timedelta(seconds=seconds), source="feed")
    valued = value(holding, mark, NOW)
    worth, gain = valued.market_value, valued.unrealised
    return PositionRow(
        id=7,
        book_id=1,
        book="Main",
        instrument=Instrument(
            symbol=symbol, base=base, quote=quote, step=D(step) if step else None
        ),
        valued=valued,
        opened_at=NOW,
        strategies=("",),
        value=None if worth is None else worth * D(rate),
        gain=None if gain is None else gain * D(rate),
        weight=percent_of(worth, D(1000)),
    )


def portfolio(*rows: PositionRow, cash: str | None = "1000", **more) -> Portfolio:
    balance = None if cash is None else D(cash)
    return Portfolio(
        scope=scope(),
        now=NOW,
        positions=rows,
        cash=(Cash(book="Main", currency="USD", amount=D(1), value=balance),),
        **more,
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_words(reason):
    assert why(reason) == WHY[reason]
    assert why(reason)[0].islower()


def test_no_reason_has_none():
    assert why(None) == ""


# --- a position in its row ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        pytest.param({}, "quantity", "2", id="a quantity is exact"),
        pytest.param({"step": "0.001"}, "quantity", "2.000", id="to its step"),
        pytest.param({"step": "10"}, "quantity", "2", id="a coarse step"),
        pytest.param({"quantity": "-2"}, "quantity", "−2", id="a true minus"),
        pytest.param({"quantity": "1234567"}, "quantity", "1,234,567", id="grouped"),
        pytest.param({}, "side", "Long", id="long"),
        pytest.param({"quantity": "-2"}, "side", "Short", id="short"),
        pytest.param({"quantity": "0"}, "side", "Flat", id="flat"),
        pytest.param({}, "entry", "100.00", id="entry in dollars"),
        pytest.param(
            {"symbol": "ETH-BTC"}, "entry", "100.00000000", id="entry in coins"
        ),
        pytest.param({"quantity": "0"}, "entry", "–", id="no entry when flat"),
        pytest.param({}, "cost", "$200.00", id="cost"),
        pytest.param({"symbol": "A-EUR"}, "cost", "€200.00", id="cost in euros"),
        pytest.param({"known_cost": False}, "cost", "–", id="cost unknown"),
        pytest.param({}, "mark", "110.00", id="mark"),
        pytest.param({"price": None}, "mark", "–", id="no mark"),
        pytest.param({}, "source", "price, feed", id="source"),
        pytest.param({"price": None}, "source", "", id="no source"),
        pytest.param({"seconds": 5}, "age", "5 s", id="seconds old"),
        pytest.param({"seconds": 60}, "age", "1 min", id="a minute old"),
        pytest.param({"seconds": 3599}, "age", "59 min", id="not yet an hour"),
        pytest.param({"seconds": 7200}, "age", "2 h", id="hours old"),
        pytest.param({"seconds": 86400}, "age", "1 d", id="a day old"),
        pytest.param({"seconds": -60}, "age", "0 s", id="of the future"),
        pytest.param({"price": None}, "age", "", id="no age"),
        pytest.param({"seconds": 86399}, "stale", False, id="not yet stale"),
        pytest.param({"seconds": 86400}, "stale", True, id="stale"),
        pytest.param({"price": None}, "stale", True, id="without mark is stale"),
        pytest.param({}, "value", "$220.00", id="value"),
        pytest.param({"price": None}, "value", "–", id="no value"),
        pytest.param({}, "weight", "22.0 %", id="weight"),
        pytest.param({"price": None}, "weight", "–", id="no weight"),
        pytest.param({}, "weight_bar", "22.0", id="bar"),
        pytest.param({"quantity": "-20"}, "weight_bar", "100.0", id="a full bar"),
        pytest.param({"price": None}, "weight_bar", "0.0", id="no bar"),
        pytest.param({}, "gain", "▲ +$20.00", id="a gain"),
        pytest.param({"price": "90"}, "gain", "▼ −$20.00", id="a loss"),
        pytest.param({"price": "100"}, "gain", "$0.00", id="neither"),
        pytest.param({}, "gain_percent", "+10.00 %", id="gain in percent"),
        pytest.param({"price": "90"}, "gain_percent", "−10.00 %", id="loss in percent"),
        pytest.param({}, "tone", "gain", id="tone of a gain"),
        pytest.param({"price": "90"}, "tone", "loss", id="tone of a loss"),
        pytest.param({"price": "100"}, "tone", "", id="no tone"),
        pytest.param({}, "reason", "", id="no reason"),
        pytest.param(
            {"price": None}, "reason", "an instrument has no price", id="no price"
        ),
        pytest.param(
            {"known_cost": False}, "reason", "the cost of a lot is unknown", id="cost"
        ),
    ],
)
def test_a_position_says(given, name, text):
    texts = PositionTexts.of(position(**given), "USD")
    assert getattr(texts, name) == text


# --- figures -------------------------------------------------------------------------------


def figure(portfolio: Portfolio, label: str) -> Figure:
    figures = {shown.label: shown for shown in pages.portfolio_figures(portfolio)}
    return figures[label]


@pytest.mark.parametrize(
    ("label", "value", "note"),
    [
        ("Net asset value", "$1,220.00", ""),
        ("Cash", "$1,000.00", "82.0 % of NAV"),
        ("Gross exposure", "18.0 %", "$220.00"),
        ("Net exposure", "18.0 %", "$220.00 invested"),
        ("Unrealised P&L", "▲ +$20.00", "+10.00 % on cost"),
        ("Realised P&L", "▼ −$3.00", "net of $1.50 fees"),
    ],
)
def test_a_figure_has_value_and_note(label, value, note):
    shown = figure(portfolio(position(), realised=D(-3), fees=D("1.5")), label)
    assert (shown.value, shown.note, shown.reason) == (value, note, "")


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("Net asset value", "an instrument has no price"),
        ("Unrealised P&L", "an instrument has no price"),
        ("Cash", ""),
    ],
)
def test_a_figure_that_is_not_known_says_why(label, reason):
    unpriced = portfolio(position(price=None), reasons={"equity": Reason.NO_PRICE})
    assert figure(unpriced, label).reason == reason


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"day_pnl": D(5)}, "▲ +$5.00 today"),
        ({"day_pnl": D("-0.5")}, "▼ −$0.50 today"),
        ({"day_pnl": D(0)}, "$0.00 today"),
        ({"reasons": {"day": Reason.RECOMPUTING}}, "today is being recomputed"),
        ({"reasons": {"day": Reason.NO_PREVIOUS_CLOSE}}, ""),
        ({}, ""),
    ],
)
def test_the_day_is_said_where_it_is_known(more, note):
    assert figure(portfolio(position(), **more), "Net asset value").note == note


def test_a_missing_cost_is_told_apart_from_a_missing_price():
    shown = portfolio(
        position(known_cost=False), reasons={"unrealised": Reason.MISSING_COST}
    )
    assert figure(shown, "Unrealised P&L").reason == "the cost of a lot is unknown"
    assert figure(shown, "Net asset value").value == "$1,220.00"


# --- allocation and exposure ----------------------------------------------------------------


def names(*rows: PositionRow, cash: str | None = "1000") -> list[str]:
    _, legend = pages.allocation(portfolio(*rows, cash=cash))
    return [name for _, name, _ in legend]


def symbols(count: int) -> list[PositionRow]:
    return [position(f"C{number}-USD") for number in range(count)]


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, ["USD cash"]),
        (1, ["C0-USD", "USD cash"]),
        (3, ["C0-USD", "C1-USD", "C2-USD", "USD cash"]),
        (4, ["C0-USD", "C1-USD", "C2-USD", "Other, net", "USD cash"]),
        (9, ["C0-USD", "C1-USD", "C2-USD", "Other, net", "USD cash"]),
    ],
)
def test_the_ring_names_the_largest_and_adds_up_the_rest(count, shown):
    assert names(*symbols(count)) == shown


def test_what_has_no_price_or_rate_is_not_in_the_ring():
    assert names(position(price=None)) == ["USD cash"]
    assert names(position(), cash=None) == ["BTC-USD"]


def test_the_ring_says_in_words_what_it_draws():
    ring, legend = pages.allocation(portfolio(position()))
    assert "Allocation of net asset value: BTC-USD 18.0 %, USD cash 82.0 %" in ring
    assert legend == [(1, "BTC-USD", "18.0 %"), (2, "USD cash", "82.0 %")]


def test_bars_show_both_directions_and_the_largest():
    held = portfolio(position(), position("ETH-USD", "-5", "-500", "100"))
    bars = {bar.label: (bar.value, bar.part) for bar in pages.exposure_bars(held)}
    assert bars == {
        "Long": ("$220.00 · 30.6 %", "30.6"),
        "Short": ("−$500.00 · −69.4 %", "69.4"),
        "Net": ("−$280.00 · −38.9 %", "38.9"),
        "Largest: ETH-USD": ("−$500.00 · −69.4 %", "69.4"),
    }


def test_without_positions_bars_are_empty():
    bars = pages.exposure_bars(portfolio())
    assert [bar.label for bar in bars] == ["Long", "Short", "Net", "Largest"]
    assert {bar.part for bar in bars} == {"0.0"}


def test_of_what_is_partly_unknown_no_part_stands_for_the_whole():
    held = portfolio(position(), position("ETH-USD", price=None))
    assert {bar.value for bar in pages.exposure_bars(held)} == {"–"}
    notes = {figure.label: figure for figure in pages.portfolio_figures(held)}
    gross = notes["Gross exposure"]
    assert (gross.value, gross.note) == ("–", "–")
    whole = portfolio(position())
    assert {bar.value for bar in pages.exposure_bars(whole)} != {"–"}


def test_a_bar_is_never_longer_than_its_track():
    held = portfolio(position(quantity="200", amount="20000"), cash="-21000")
    assert {bar.part for bar in pages.exposure_bars(held)} == {"100.0", "0.0"}


# --- links -----------------------------------------------------------------------------------


def row(query: str) -> dict[str, object]:
    page = pages.portfolio_page(portfolio(position()), QueryDict(query))
    return dict(page["rows"][0])


@pytest.mark.parametrize(
    ("query", "toggle"),
    [("", "open=7"), ("book=Main", "book=Main&open=7"), ("open=8", "open=7")],
)
def test_a_closed_row_links_to_its_lots_and_keeps_the_query(query, toggle):
    shown = row(query)
    assert (shown["open"], shown["toggle"], shown["lots_shown"]) == (False, toggle, [])


def test_an_open_row_links_back(db):
    shown = row("book=Main&open=7")
    assert (shown["open"], shown["toggle"]) == (True, "book=Main")
