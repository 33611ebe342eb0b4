"""What the portfolio pages show: figures, positions with their lots, allocation."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString

from kernel.charts import donut
from kernel.display import (
    MISSING,
    SIGNS,
    amount,
    change,
    percent,
    tone,
)
from kernel.numbers import ZERO, text_or_none
from kernel.scales import compact
from portfolio.domain.reasons import Reason
from portfolio.domain.valuation import percent_of
from portfolio.pages.positions import PositionTexts, lot_lines, position_rows
from portfolio.pages.words import Figure, bar_length, implied_note, why
from portfolio.queries.holdings import Holdings, PositionRow
from portfolio.queries.summary import Portfolio
from trades.pages.prices import prices_context
from trades.queries.deals import traded_prices

RING = 4  # parts of the ring before cash


def portfolio_page(portfolio: Portfolio, query: QueryDict) -> dict[str, Any]:
    """The board of the portfolio page; `query` says which position is open."""
    currency = portfolio.currency
    ring, legend = allocation(portfolio)
    return {
        "figures": portfolio_figures(portfolio),
        "implied": implied_note(portfolio.implied_funding, currency),
        **position_rows(portfolio, query),
        "cash": amount(portfolio.cash_balance, currency),
        "cash_weight": percent(
            percent_of(portfolio.cash_balance, portfolio.equity), places=1
        ),
        "equity": amount(portfolio.equity, currency),
        "unrealised": change(portfolio.unrealised, currency),
        "unrealised_tone": tone(portfolio.unrealised),
        "ring": ring,
        "legend": legend,
        "bars": exposure_bars(portfolio),
        "stale": len(portfolio.stale),
        "totals": portfolio.by_currency,
        "brought": brought_lines(portfolio),
        "left_out": [
            f"{count}: {why(reason)}" for reason, count in portfolio.incomplete.items()
        ],
    }


def positions_address(query: QueryDict) -> str:
    """The API's address of what the page shows as held."""
    asked = {name: query[name] for name in ("book", "known_at") if query.get(name)}
    return f"{reverse('portfolio-api:positions')}?{urlencode(asked)}"


def position_page(holdings: Holdings, row: PositionRow) -> dict[str, Any]:
    """One position: its figures and every open lot with the fill behind it."""
    return {
        "row": row,
        "view": PositionTexts.of(row, holdings.currency),
        "exact": _exact(row),
        "lots": lot_lines(holdings, row),
        **_prices(holdings, row),
        "currency": holdings.currency,
    }


def _exact(row: PositionRow) -> dict[str, str]:
    """What the figures are with all of their digits, "" for what nobody knows."""
    valued, holding = row.valued, row.valued.holding
    values = {
        "quantity": holding.quantity,
        "entry": holding.entry_price,
        "cost": holding.cost,
        "mark": valued.mark.price if valued.mark else None,
        "value": row.value,
        "gain": row.gain,
    }
    return {name: text_or_none(value) or "" for name, value in values.items()}


def _prices(holdings: Holdings, row: PositionRow) -> dict[str, Any]:
    """From where it was opened, a tenth of its age before. Two queries."""
    book = next(book for book in holdings.scope.books if book.pk == row.book_id)
    before = (holdings.now - row.opened_at) / 10
    start = row.opened_at - before
    traded = traded_prices(book, row.instrument, start, holdings.now)
    return prices_context(row.symbol, traded.prices, traded.fills)


# --- figures ---------------------------------------------------------------------------


def portfolio_figures(portfolio: Portfolio) -> list[Figure]:
    """Six key figures, each with its note or the reason why it is missing."""
    currency, equity = portfolio.currency, portfolio.equity
    exposure = portfolio.exposure
    gross, net = (exposure.gross, exposure.net) if exposure else (None, None)
    worth = why(portfolio.reasons.get("equity"))
    gain = why(portfolio.reasons.get("unrealised")) or worth
    cash_part = percent(percent_of(portfolio.cash_balance, equity), places=1)
    gain_part = percent(percent_of(portfolio.unrealised, portfolio.cost), plus=True)
    return [
        Figure(
            label="Net asset value",
            value=amount(equity, currency),
            exact=text_or_none(equity) or "",
            note=_day_note(portfolio),
            reason=worth if equity is None else "",
        ),
        Figure(
            label="Cash",
            value=amount(portfolio.cash_balance, currency),
            exact=text_or_none(portfolio.cash_balance) or "",
            note=f"{cash_part} of NAV",
            reason=worth if portfolio.cash_balance is None else "",
        ),
        Figure(
            label="Gross exposure",
            value=percent(percent_of(gross, equity), places=1),
            note=amount(gross, currency),
            reason=worth if gross is None else "",
        ),
        Figure(
            label="Net exposure",
            value=percent(percent_of(net, equity), places=1),
            note=f"{amount(portfolio.invested, currency)} invested",
            reason=worth if net is None else "",
        ),
        Figure(
            label="Unrealised P&L",
            value=change(portfolio.unrealised, currency),
            exact=text_or_none(portfolio.unrealised) or "",
            tone=tone(portfolio.unrealised),
            note=f"{gain_part} on cost",
            reason=gain if portfolio.unrealised is None else "",
        ),
        Figure(
            label="Realised P&L",
            value=change(portfolio.realised, currency),
            exact=text_or_none(portfolio.realised) or "",
            tone=tone(portfolio.realised),
            note=f"net of {amount(portfolio.fees, currency)} fees",
        ),
    ]


def brought_lines(portfolio: Portfolio) -> list[tuple[str, str, str]]:
    """(part, amount, tone) of total P&L, and the total they add up to."""
    parts = [
        ("Realised, net of fees", portfolio.realised),
        ("Unrealised, net of entry fees", portfolio.unrealised),
        ("Income less costs", portfolio.income),
        ("Coins that came and went", portfolio.transferred),
        ("Currency effect", portfolio.currency_effect),
        ("Total P&L", portfolio.total_pnl),
    ]
    return [
        (name, change(value, portfolio.currency), tone(value)) for name, value in parts
    ]


def _day_note(portfolio: Portfolio) -> str:
    if portfolio.day_pnl is not None:
        return f"{change(portfolio.day_pnl, portfolio.currency)} today"
    waits = portfolio.reasons.get("day") == Reason.RECOMPUTING
    return "today is being recomputed" if waits else ""


# --- allocation and exposure -----------------------------------------------------------


def allocation(holdings: Holdings) -> tuple[SafeString, list[tuple[int, str, str]]]:
    """The ring (largest four, the rest together, cash) and its legend of
    (colour number, name, percent)."""
    equity = holdings.equity
    held = [
        (row.symbol, row.value) for row in holdings.positions if row.value is not None
    ]
    parts: list[tuple[str, Decimal]] = held[: RING - 1]
    if len(held) >= RING:
        rest = sum((value for _, value in held[RING - 1 :]), ZERO)
        parts.append(("Other, net", rest))
    if holdings.cash_balance is not None:
        parts.append((f"{holdings.currency} cash", holdings.cash_balance))
    legend = [
        (colour, name, percent(percent_of(value, equity), places=1))
        for colour, (name, value) in enumerate(parts, 1)
    ]
    listed = ", ".join(f"{name} {share}" for _, name, share in legend)
    ring = donut(
        parts,
        title=f"Allocation of net asset value: {listed}",
        centre=_short(equity, holdings.currency),
        caption="net assets",
    )
    return ring, legend


def _short(value: Decimal | None, currency: str) -> str:
    return MISSING if value is None else f"{SIGNS.get(currency, '')}{compact(value)}"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line of the exposure card; `part` is the bar's length in percent."""

    label: str
    value: str
    part: str


def exposure_bars(holdings: Holdings) -> list[Bar]:
    exposure = holdings.exposure
    if exposure is None:
        return [_bar(holdings, label, None) for label in ("Long", "Short", "Net")]
    largest = f"Largest: {exposure.largest}" if exposure.largest else "Largest"
    return [
        _bar(holdings, "Long", exposure.long),
        _bar(holdings, "Short", exposure.short),
        _bar(holdings, "Net", exposure.net),
        _bar(holdings, largest, exposure.largest_value),
    ]


def _bar(holdings: Holdings, label: str, value: Decimal | None) -> Bar:
    share = percent_of(value, holdings.equity)
    text = f"{amount(value, holdings.currency)} · {percent(share, places=1)}"
    if value is None:
        text = MISSING
    return Bar(label=label, value=text, part=bar_length(share))
