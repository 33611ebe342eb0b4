"""A trade as lists show it: the columns that are told, without a model for each row,
its book and its instrument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import QuerySet

from kernel.many_lists import Lists
from kernel.prepared import PreparedQuery
from trades.models import FactStatus, Fill

BY_BOOK = "trades_fill_book"
COLUMNS = (
    "pk",
    "external_id",
    "book__name",
    "executed_at",
    "instrument__symbol",
    "instrument__quote",
    "instrument__step",
    "instrument__tick",
    "side",
    "quantity",
    "price",
    "amount",
    "fee",
    "fee_currency",
    "fee_value",
    "status",
    "becomes",
    "order_id",
    "order_type",
    "liquidity",
    "strategy",
    "decision_id",
    "note",
    "replaces_id",
)


class ListedTrade(NamedTuple):
    pk: int
    external_id: str
    book: str
    executed_at: datetime
    symbol: str
    quote: str
    step: Decimal | None
    tick: Decimal | None
    side: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    fee_value: Decimal | None
    status: str
    becomes: str
    order_id: str
    order_type: str
    liquidity: str
    strategy: str
    decision_id: int | None
    note: str
    replaces_id: int | None

    @property
    def side_words(self) -> str:
        return str(Fill.Side(self.side).label)

    @property
    def status_words(self) -> str:
        return str(FactStatus(self.status).label)

    def as_known(self) -> ListedTrade:
        """What stood at a time tells its status of that time."""
        status = FactStatus.CORRECTED if self.replaces_id else FactStatus.BOOKED
        return self._replace(status=status)


def listed(fills: QuerySet[Fill]) -> list[ListedTrade]:
    """One query."""
    return [ListedTrade._make(row) for row in fills.values_list(*COLUMNS)]


def newest_of(lists: Lists | None) -> Callable[[int], list[ListedTrade]] | None:
    """The newest trades of these books, where there are any and nothing narrows them."""
    if lists is None or not lists.keys:
        return None
    books = list(lists.keys)
    return lambda count: list(map(ListedTrade._make, _newest(count)(books)))


@lru_cache(maxsize=64)
def _newest(count: int) -> PreparedQuery[tuple[Any, ...]]:
    """The query of so many rows."""

    def newest(books: list[int]) -> QuerySet[Fill, Any]:
        lists = Lists("book", books, BY_BOOK)
        rows = lists.first(Fill.objects.listed(), ("-executed_at", "-pk"), 0, count)
        return rows.values_list(*COLUMNS)

    return PreparedQuery(newest)


def listed_fill(fill: Fill) -> ListedTrade:
    """One that is loaded already, with its book and instrument."""
    return ListedTrade(
        pk=fill.pk,
        external_id=fill.external_id,
        book=fill.book.name,
        executed_at=fill.executed_at,
        symbol=fill.instrument.symbol,
        quote=fill.instrument.quote,
        step=fill.instrument.step,
        tick=fill.instrument.tick,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        amount=fill.amount,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        fee_value=fill.fee_value,
        status=fill.status,
        becomes=fill.becomes,
        order_id=fill.order_id,
        order_type=fill.order_type,
        liquidity=fill.liquidity,
        strategy=fill.strategy,
        decision_id=fill.decision_id,
        note=fill.note,
        replaces_id=fill.replaces_id,
    )
