"""What only the HTML of trades needs: rows, links, filters that are on, the drawer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services.filters import saved_filters
from kernel.display import grouped, plural
from kernel.drawing import Drawn
from kernel.json import dumps
from kernel.numbers import decimals, text
from kernel.price_chart import Deal, price_chart
from trades.answers.trades import TradeDetailAnswer
from trades.models import (
    STANDING,
    BalanceStatement,
    Book,
    Fill,
    Price,
    Split,
    Transfer,
)
from trades.queries.books import Reader, is_meant, readable_books, symbols_of
from trades.queries.deals import fills_between
from trades.queries.listed import ListedTrade
from trades.queries.trades import (
    TradeDetail,
    TradeFilter,
    TradePage,
    log_of,
    strategies_of,
    time_bound,
    trade_page,
)

ROWS = 50
FIELD_NAMES = {
    "symbol": "Symbol",
    "side": "Side",
    "quantity": "Quantity",
    "price": "Price",
    "total_value": "Value",
    "fee": "Fee",
    "fee_currency": "Fee currency",
    "executed_at": "Executed",
    "order_id": "Order",
    "order_type": "Order type",
    "liquidity": "Liquidity",
    "strategy": "Strategy",
    "decision_id": "Decision",
    "note": "Note",
}
TRANSFER_NAMES = {
    "kind": "Kind",
    "asset": "Asset",
    "amount": "Amount",
    "cost": "Cost",
    "at": "At",
    "symbol": "Symbol",
    "strategy": "Strategy",
    "note": "Note",
}
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


def drawer(detail: TradeDetail, rows: list[TradeRow], user: Reader) -> dict[str, Any]:
    """The context of one trade: its numbers, why, lots, log and raw JSON."""
    fill, decision = detail.fill, detail.decision
    answer = TradeDetailAnswer.telling(detail, log_of(detail))
    checks = decision.risk_checks if decision else []
    return {
        "detail": detail,
        "fill": fill,
        "quantity": at_step(fill.quantity, fill.instrument.step),
        "price": at_step(fill.price, fill.instrument.tick),
        "decision": decision,
        "confidence_percent": _percent(decision.confidence if decision else None),
        "checks_passed": sum(bool(check.get("passed")) for check in checks),
        "held": _held(detail),
        "price_chart": _price_chart(detail),
        "answer": answer,
        "mendable": is_mendable(fill, user),
        "names": FIELD_NAMES,
        "events": answer.audit,
        "raw": json.dumps(json.loads(dumps(answer)), indent=2, ensure_ascii=False),
        **_neighbours(fill, rows),
    }


def is_mendable(fact: Fill | Transfer, user: Reader) -> bool:
    """Whether the person may void and correct it."""
    mine = fact.book.owner_id == user.pk and user.has_perm("trading.own")
    return mine and fact.status in STANDING and not fact.becomes


def _percent(confidence: Decimal | None) -> int | None:
    return None if confidence is None else int(confidence * 100)


def _held(detail: TradeDetail) -> timedelta | None:
    """How long the oldest lot that this trade closed had been open."""
    opened = [match.lot.opened_at for match in detail.closed if match.lot]
    return detail.fill.executed_at - min(opened) if opened else None


def _price_chart(detail: TradeDetail) -> Drawn | None:
    """None where no price is stored around the trade. One query."""
    fill, prices = detail.fill, detail.prices
    if not prices:
        return None
    start = min(prices[0].at, fill.executed_at)
    end = max(prices[-1].at, fill.executed_at)
    fills = fills_between(fill.book, fill.instrument, start, end)
    quoted = [(price.at, price.price) for price in prices]
    return chart_of(fill.instrument.symbol, quoted, fills, told=fill.pk)


# --- prices with what was traded at them -----------------------------------------------


def chart_of(
    symbol: str,
    prices: Sequence[tuple[datetime, Decimal]],
    fills: Iterable[Fill],
    told: int | None = None,
) -> Drawn:
    """`told` is the trade of whose page it is. Empty without a price and a fill."""
    deals = [_deal(fill, told) for fill in fills]
    bought = sum(1 for deal in deals if deal.bought)
    return price_chart(
        prices,
        deals,
        name="prices",
        title=f"Prices of {symbol}, with what was bought and sold",
        description=f"{len(prices)} stored prices, {bought} bought, "
        f"{len(deals) - bought} sold. Times are in {timezone.get_current_timezone_name()}.",
    )


def _deal(fill: Fill, told: int | None) -> Deal:
    bought = fill.side == Fill.Side.BUY
    local = timezone.localtime(fill.executed_at)
    amount = f"{'Bought' if bought else 'Sold'} {grouped(fill.quantity)}"
    return Deal(
        at=fill.executed_at,
        price=fill.price,
        bought=bought,
        label=f"{amount} at {grouped(fill.price)}, {local:%-d %b %Y %H:%M:%S %Z}",
        told=fill.pk == told,
    )


def _neighbours(fill: Fill, rows: list[TradeRow]) -> dict[str, str]:
    places = [index for index, row in enumerate(rows) if row.trade.pk == fill.pk]
    if not places:
        return {"previous_url": "", "next_url": ""}
    at = places[0]
    return {
        "previous_url": rows[at - 1].url if at else "",
        "next_url": rows[at + 1].url if at + 1 < len(rows) else "",
    }


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """What the page of a fact that is entered by hand says around its form."""

    title: str
    intro: str
    action: str
    done: str
    back: str  # the list that it belongs to, and where one comes out
    back_url: str


ENTRIES = {
    "trade": {
        "title": "New trade",
        "intro": "For a trade that no file brings.",
        "action": "Book it",
        "done": "The trade is booked.",
        "back": "Trades",
    },
    "transfer": {
        "title": "New transfer",
        "intro": "A deposit, a withdrawal, income, a cost, or coins between your books.",
        "action": "Book it",
        "done": "The transfer is booked.",
        "back": "Transfers",
    },
    "price": {
        "title": "New price",
        "intro": "As it was quoted at its time: no split changes it.",
        "action": "Keep it",
        "done": "The price is kept.",
        "back": "Prices",
    },
    "split": {
        "title": "New split",
        "intro": "Lots, marks and curves follow it; trades stay as they were.",
        "action": "Record it",
        "done": "The split is recorded.",
        "back": "Splits",
    },
}
LISTS = {
    "trade": "trades:index",
    "transfer": "trades:transfers",
    "price": "trades:prices",
    "split": "trades:splits",
}


def entry_page(kind: str) -> EntryPage:
    return EntryPage(**ENTRIES[kind], back_url=reverse(LISTS[kind]))


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def price_fields(price: Price) -> dict[str, tuple[str, str]]:
    """Label and value of what a correction may change."""
    return {
        "symbol": ("Symbol", price.symbol),
        "at": ("Quoted at (UTC)", _utc(price.at)),
        "price": ("Price", text(price.price)),
        "currency": ("Currency", price.currency),
        "source": ("Source", price.source),
    }


def split_fields(split: Split) -> dict[str, tuple[str, str]]:
    return {
        "symbol": ("Symbol", split.symbol),
        "at": ("From (UTC)", _utc(split.at)),
        "numerator": ("New units", str(split.numerator)),
        "denominator": ("For old units", str(split.denominator)),
    }


def balance_fields(balance: BalanceStatement) -> dict[str, tuple[str, str]]:
    return {
        "asset": ("Asset", balance.asset),
        "amount": ("Amount", text(balance.amount)),
        "at": ("Held at (UTC)", _utc(balance.at)),
    }
