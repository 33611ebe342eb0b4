"""What the API answers about prices and splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from kernel.schema import Answer
from trades.models import MarketScope, Price, PriceEvent, Split, SplitEvent
from trades.queries.books import Reader
from trades.queries.market import is_named, price_history, split_history


@dataclass(frozen=True, kw_only=True)
class MendingAnswer(Answer):
    """Why a price or split was taken back, and what stood there before."""

    kind: PriceEvent.Kind
    reason: str
    author: str
    before: Annotated[str, "what was withdrawn, in words"]
    id: Annotated[str, "of what was withdrawn"]
    at: datetime

    @classmethod
    def of(cls, event: PriceEvent | SplitEvent, *, named: bool) -> MendingAnswer:
        return cls(
            kind=PriceEvent.Kind(event.kind),
            reason=event.reason if named else "",
            author=event.author.username if named else "",
            before=str(event.withdrawn),
            id=str(event.withdrawn.pk),
            at=event.recorded_at,
        )


@dataclass(frozen=True, kw_only=True)
class PriceAnswer(Answer):
    """A price as it was quoted at its time: no split changes it. `author` is "" for a
    feed or a file, and for strangers."""

    id: str
    symbol: str
    at: datetime
    price: Decimal
    currency: Annotated[str, "empty: it prices an instrument in any"]
    source: str
    scope: MarketScope
    author: str
    status: Annotated[str, "booked, voided, or corrected by another"]
    recorded_at: datetime
    history: list[MendingAnswer]

    @classmethod
    def of(
        cls, price: Price, events: Sequence[PriceEvent] = (), *, named: bool = True
    ) -> PriceAnswer:
        """`named`: who wrote it is this reader's to know."""
        return cls(
            id=str(price.pk),
            symbol=price.symbol,
            at=price.at,
            price=price.price,
            currency=price.currency,
            source=price.source,
            scope=MarketScope(price.scope),
            author=price.author.username if named and price.author else "",
            status=status_of(price, events),
            recorded_at=price.recorded_at,
            history=[MendingAnswer.of(event, named=named) for event in events],
        )


@dataclass(frozen=True, kw_only=True)
class PriceList(Answer):
    prices: list[PriceAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class PricesStored(Answer):
    prices: Annotated[int, "how many were new"]
    stored: Annotated[list[PriceAnswer], "all that were sent, in their order"]


@dataclass(frozen=True, kw_only=True)
class SplitAnswer(Answer):
    """`numerator` new units for `denominator` old ones, from `at` on. `author` is ""
    for what no person entered, and for strangers."""

    id: str
    symbol: str
    at: datetime
    numerator: int
    denominator: int
    scope: MarketScope
    author: str
    status: Annotated[str, "booked, voided, or corrected by another"]
    recorded_at: datetime
    history: list[MendingAnswer]

    @classmethod
    def of(
        cls, split: Split, events: Sequence[SplitEvent] = (), *, named: bool = True
    ) -> SplitAnswer:
        return cls(
            id=str(split.pk),
            symbol=split.symbol,
            at=split.at,
            numerator=split.numerator,
            denominator=split.denominator,
            scope=MarketScope(split.scope),
            author=split.author.username if named and split.author else "",
            status=status_of(split, events),
            recorded_at=split.recorded_at,
            history=[MendingAnswer.of(event, named=named) for event in events],
        )


@dataclass(frozen=True, kw_only=True)
class SplitList(Answer):
    splits: list[SplitAnswer]
    next_cursor: str | None


def status_of(
    row: Price | Split, events: Sequence[PriceEvent] | Sequence[SplitEvent]
) -> str:
    """In the words of trades: booked, voided or corrected."""
    if row.withdrawn_at is None:
        return "booked"
    own = [event for event in events if event.withdrawn.pk == row.pk]
    return "corrected" if own and own[-1].kind == PriceEvent.Kind.CORRECT else "voided"


def price_answers(prices: Sequence[Price], user: Reader) -> list[PriceAnswer]:
    """With their histories."""
    history = price_history(prices)
    return [
        PriceAnswer.of(price, history[price.pk], named=is_named(price, user))
        for price in prices
    ]


def split_answers(splits: Sequence[Split], user: Reader) -> list[SplitAnswer]:
    history = split_history(splits)
    return [
        SplitAnswer.of(split, history[split.pk], named=is_named(split, user))
        for split in splits
    ]
