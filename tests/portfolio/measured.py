"""A performance made of days and round trips, for what pages say of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portfolio.domain.metrics import measure
from portfolio.domain.periods import period
from portfolio.domain.returns import Day
from portfolio.domain.trips import Trip
from portfolio.pages import performance as pages
from portfolio.pages.words import Figure
from portfolio.queries.books import Scope
from portfolio.queries.curves import StoredCurves
from portfolio.queries.days import Inputs
from portfolio.queries.performance import Performance
from portfolio.queries.selection import Selection

D = Decimal
START = date(2026, 1, 30)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def days_of(*pnls: str, capital: str = "1000") -> list[Day]:
    equity, days = D(capital), []
    for number, pnl in enumerate(pnls):
        base = equity
        equity += D(pnl)
        days.append(
            Day(
                day=START + timedelta(days=number),
                equity=equity,
                inflow=base if not number else D(0),
                outflow=D(0),
                base=base,
                pnl=D(pnl),
            )
        )
    return days


def trip(net: str, strategy: str = "trend", symbol: str = "BTC-USD") -> Trip:
    return Trip(
        symbol=symbol,
        strategy=strategy,
        side="long",
        opened_at=NOW,
        closed_at=NOW,
        quantity=D(1),
        entry_cost=D(100),
        net=D(net),
        fees=D("0.5"),
        fills=2,
    )


def performance(
    *pnls: str, nets: tuple[str, ...] = (), strategy: str = "", funded: str = "0"
) -> Performance:
    return Performance(
        scope=Scope(books=(), currency="USD"),
        selection=Selection(period=period("all", date(2026, 3, 10)), strategy=strategy),
        metric_set=measure(days_of(*pnls), [trip(net) for net in nets], 365),
        inputs=Inputs(fills=5060, transfers=52, prices=4086, sha256="a" * 64),
        curves=StoredCurves(as_of=NOW, recomputing=False, funded={1: D(funded)}),
    )


def figure(shown: Performance, label: str) -> Figure:
    figures = pages.performance_figures(shown, "period=all")
    return {figure.label: figure for figure in figures}[label]


MIXED = ("10", "-5", "3", "-8", "12") * 8
