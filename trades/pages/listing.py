"""The list of trades: rows, links, filters that are on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from accounts.services.filters import saved_filters
from kernel.display import grouped, plural
from kernel.numbers import decimals
from trades.models import (
    Book,
)
from trades.queries.books import Reader, is_meant, readable_books, symbols_of
from trades.queries.listed import ListedTrade
from trades.queries.trades import (
    TradeFilter,
    TradePage,
    strategies_of,
    time_bound,
    trade_page,
)

ROWS = 50
CHIP_WORDS = {"q": "search"}
FILTERS = ("q", "symbol", "side", "strategy", "book", "status", "from", "to")


@dataclass(frozen=True, kw_only=True)
class TradeRow:
    """One line of the table."""

    trade: ListedTrade
    realised: Decimal | None
    url: str
    selected: bool

    @property
    def quantity(self) -> str:
        return at_step(self.trade.quantity, self.trade.step)

    @property
    def price(self) -> str:
        return at_step(self.trade.price, self.trade.tick)


def at_step(value: Decimal, step: Decimal | None) -> str:
    """The number with the decimals of its step; more where it has more."""
    if step is None:
        return grouped(value)
    return grouped(value, max(decimals(step), decimals(value)))


@dataclass(frozen=True)
class FilterChip:
    """A filter that is on, and the URL without it."""

    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ListState:
    """The list's state as its URL says it; faults in `problem`, then nothing narrows."""

    values: dict[str, str]
    chosen: TradeFilter
    cursor: str
    before: str
    problem: str = ""

    @property
    def query(self) -> str:
        """The filters without empty ones, for links that keep them."""
        return urlencode({key: value for key, value in self.values.items() if value})

    @property
    def paged(self) -> str:
        """The filters and the page."""
        more = {"cursor": self.cursor, "before": self.before}
        return urlencode({k: v for k, v in {**self.values, **more}.items() if v})


def list_state(query: QueryDict) -> ListState:
    """Read a list's URL; a date that is none is said and does not narrow."""
    values = {name: query.get(name, "").strip() for name in FILTERS}
    problem = ""
    bounds: dict[str, datetime | None] = {"from": None, "to": None}
    for name in bounds:
        try:
            if values[name]:
                bounds[name] = time_bound(values[name], end=name == "to")
        except (ValueError, OverflowError) as error:
            problem = f"“{name}”: {error}"
    return ListState(
        values=values,
        chosen=TradeFilter(
            **{name: values[name] for name in FILTERS if name not in bounds},
            start=bounds["from"],
            end=bounds["to"],
            known_at=None,
        ),
        cursor=query.get("cursor", ""),
        before=query.get("before", ""),
        problem=problem,
    )


def listing(
    user: Reader, state: ListState, selected: int | None = None
) -> dict[str, Any]:
    """The context of the list: rows, pager, filters, chips. A fixed number of queries."""
    page = trade_page(
        user,
        state.chosen,
        limit=ROWS,
        cursor=state.cursor,
        before=state.before,
        counted=True,
    )
    books = list(readable_books(user))
    return {
        "rows": [
            TradeRow(
                trade=trade,
                realised=page.realised.get(trade.pk),
                url=_url(reverse("trades:trade", args=[trade.pk]), state.paged),
                selected=trade.pk == selected,
            )
            for trade in page.trades
        ],
        "about": page.about,
        "state": state,
        "values": state.values,
        "books": books,
        "symbols": symbols_of(books),
        "strategies": strategies_of(books),
        "chips": _chips(state, books),
        "found": _found(page),
        "saved": _saved(user),
        "close_url": _url(reverse("trades:index"), state.paged),
        **_pager(page, state),
    }


def _pager(page: TradePage, state: ListState) -> dict[str, str]:
    here = reverse("trades:index")

    def link(name: str, value: str | None) -> str:
        if value is None:
            return ""
        return _url(here, "&".join(filter(None, [state.query, f"{name}={value}"])))

    return {
        "older_url": link("cursor", page.older),
        "newer_url": link("before", page.newer),
    }


def _chips(state: ListState, books: Sequence[Book]) -> list[FilterChip]:
    chips = []
    for name, value in state.values.items():
        if value:
            rest = {k: v for k, v in state.values.items() if v and k != name}
            url = _url(reverse("trades:index"), urlencode(rest))
            if name == "book":
                value = next((b.name for b in books if is_meant(b, value)), value)
            chips.append(FilterChip(f"{CHIP_WORDS.get(name, name)}: {value}", url))
    return chips


def _found(page: TradePage) -> str:
    """What is said when a filter has changed."""
    if not page.trades:
        return "No trade matches"
    if page.about is None:
        return f"{plural(len(page.trades), 'trade')} shown, and there may be more"
    return (
        f"About {plural(page.about, 'trade')}"
        if page.older
        else plural(len(page.trades), "trade")
    )


def _saved(user: Reader) -> list[tuple[str, str]] | None:
    """The person's filters by name; None of a stranger."""
    if not isinstance(user, User):
        return None
    return list(saved_filters(user, "trades").items())


def _url(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
