"""Why a number is not known: the codes that answers carry and pages put into words."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    NO_TRADES = "no_trades"
    INSUFFICIENT_DATA = "insufficient_data"
    ZERO_VARIANCE = "zero_variance"
    NO_LOSSES = "no_losses"
    NO_WINS = "no_wins"
    NO_DRAWDOWN = "no_drawdown"
    NO_SOLUTION = "no_solution"
    OUT_OF_RANGE = "out_of_range"
    EQUITY_NON_POSITIVE = "equity_non_positive"
    NO_PRICE = "no_price"
    NO_FX = "no_fx"
    MISSING_COST = "missing_cost"
    MISSING_ACQUISITION = "missing_acquisition"
    NOT_TRACKED = "not_tracked"
    RECOMPUTING = "recomputing"
    NO_BENCHMARK = "no_benchmark"
    NO_CAPITAL = "no_capital"
    NO_PREVIOUS_CLOSE = "no_previous_close"
    PER_BOOK = "per_book"
    MIXED_CURRENCIES = "mixed_currencies"
    TOO_MANY_FACTS = "too_many_facts"
