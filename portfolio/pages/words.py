"""Codes as people read them, and the key figure that every page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString

from kernel.display import MINUS, MISSING, SIGNS, amount, grouped, percent
from kernel.numbers import ZERO
from kernel.scales import Label, compact
from portfolio.domain.metrics import Metric
from portfolio.domain.reasons import Reason
from portfolio.domain.valuation import HUNDRED

WHY: Mapping[Reason, str] = {
    Reason.NO_TRADES: "no closed round trip in this range",
    Reason.INSUFFICIENT_DATA: "too few days in this range",
    Reason.ZERO_VARIANCE: "the returns do not vary",
    Reason.NO_LOSSES: "nothing was lost in this range",
    Reason.NO_WINS: "nothing was won in this range",
    Reason.NO_DRAWDOWN: "never below an earlier peak",
    Reason.NO_SOLUTION: "no one rate explains these flows",
    Reason.OUT_OF_RANGE: "larger than any number that is computed",
    Reason.EQUITY_NON_POSITIVE: "no capital on at least one day",
    Reason.NO_PRICE: "an instrument has no price",
    Reason.NO_FX: "no exchange rate is known",
    Reason.MISSING_COST: "the cost of a lot is unknown",
    Reason.MISSING_ACQUISITION: "something was sold that nobody had bought",
    Reason.NOT_TRACKED: "the ledger holds executions only",
    Reason.RECOMPUTING: "being recomputed",
    Reason.NO_BENCHMARK: "no benchmark is chosen",
    Reason.NO_CAPITAL: "nothing was ever paid in",
    Reason.NO_PREVIOUS_CLOSE: "no earlier day to compare with",
    Reason.PER_BOOK: "belongs to whole books",
    Reason.MIXED_CURRENCIES: "the books are kept in different currencies",
    Reason.TOO_MANY_FACTS: "more than 100,000 facts would be read: choose days",
}


def implied_note(funding: Decimal | None, currency: str) -> str:
    """What to know of cash, equity and exposure; "" where nothing is implied."""
    if not funding:
        return ""
    return (
        f"{amount(funding, currency)} of implied funding: cash that fills lacked before"
        " the first deposit counts as paid in, until deposits repay it."
    )


def why(reason: Reason | None) -> str:
    return WHY[reason] if reason else ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One key figure as `components/kpi.html` takes it."""

    label: str
    value: str
    tone: str = ""
    note: str = ""
    reason: str = ""
    spark: SafeString | str = ""
    href: str = ""
    exact: str = ""  # the value with all of its digits


def metric_text(metric: Metric, currency: str = "") -> str:
    """A metric as people read it: fractions as percentages, ratios with two places."""
    if metric.value is None:
        return MISSING
    if metric.unit == "fraction":
        return percent(metric.value * HUNDRED, plus=metric.name != "win_rate")
    if metric.unit == "money":
        return amount(metric.value, currency)
    return grouped(metric.value, 2)


def money_label(currency: str) -> Label:
    """For an axis: "$1.2M", "−$20k"; another currency's sign is in the heading."""
    sign = SIGNS.get(currency, "")

    def label(value: float, digits: int) -> str:
        shown = compact(abs(value), digits)
        return f"{MINUS}{sign}{shown}" if value < 0 else f"{sign}{shown}"

    return label


def bar_length(share: Decimal | None) -> str:
    """A percentage as the length of a bar, which cannot be longer than all."""
    return f"{min(HUNDRED, abs(share or ZERO)):.1f}"
