"""What the API answers about prices and splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated, TypeAlias

from kernel.numbers import ZERO
from kernel.schema import Answer
from trades.models import (
    MarketEffect,
    MarketScope,
    Price,
    PriceEvent,
    Split,
    SplitEvent,
)
from trades.queries.books import Reader
from trades.queries.market import (
    books_behind,
    is_named,
    price_effects,
    price_history,
    split_effects,
    split_history,
)

EffectsByEvent: TypeAlias = Mapping[int, Sequence[MarketEffect]]
NOTHING: EffectsByEvent = {}


@dataclass(frozen=True, kw_only=True)
class EffectAnswer(Answer):
    """Profit and loss, realised and unrealised, of what the price or split bears on in
    one book, before and after; null where it is not known in one number."""

    book: str
    name: str
    currency: str
    pnl_before: Decimal | None
    pnl_after: Decimal | None
    rematching: Annotated[bool, "pnl_after comes when the book is matched again"]

    @classmethod
    def of(cls, effect: MarketEffect) -> EffectAnswer:
        return cls(
            book=str(effect.book_id),
            name=effect.book.name,
            currency=effect.currency,
            pnl_before=effect.pnl_before,
            pnl_after=effect.pnl_after,
            rematching=effect.waits,
        )


@dataclass(frozen=True, kw_only=True)
class MendingAnswer(Answer):
    """Why a price or split was taken back, what stood there before, and what came of it
    in the books that the reader may see: together (null where that is no one number)
    and in each."""

    kind: PriceEvent.Kind
    reason: str
    author: str
    before: Annotated[str, "what was withdrawn, in words"]
    id: Annotated[str, "of what was withdrawn"]
    at: datetime
    pnl_before: Decimal | None
    pnl_after: Decimal | None
    books: list[EffectAnswer]
    more_books: Annotated[int, "in which it counted, too, and of which nothing is kept"]

    @classmethod
    def of(
        cls,
        event: PriceEvent | SplitEvent,
        effects: Sequence[MarketEffect] = (),
        *,
        named: bool,
    ) -> MendingAnswer:
        whole = not event.more_books and len({row.currency for row in effects}) == 1
        return cls(
            pnl_before=_total(row.pnl_before for row in effects) if whole else None,
            pnl_after=_total(row.pnl_after for row in effects) if whole else None,
            books=[EffectAnswer.of(row) for row in effects],
            more_books=event.more_books,
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
        cls,
        price: Price,
        events: Sequence[PriceEvent] = (),
        effects: EffectsByEvent = NOTHING,
        *,
        named: bool = True,
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
            history=[
                MendingAnswer.of(event, effects.get(event.pk, ()), named=named)
                for event in events
            ],
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
    for what no person entered, and for strangers. In the books that are `rematching`
    what became of it counts when they have been matched again."""

    id: str
    symbol: str
    at: datetime
    numerator: int
    denominator: int
    scope: MarketScope
    author: str
    status: Annotated[str, "booked, voided, or corrected by another"]
    recorded_at: datetime
    rematching: Annotated[list[str], "names of books that the reader may see"]
    history: list[MendingAnswer]

    @classmethod
    def of(
        cls,
        split: Split,
        events: Sequence[SplitEvent] = (),
        effects: EffectsByEvent = NOTHING,
        rematching: Sequence[str] = (),
        *,
        named: bool = True,
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
            rematching=list(rematching),
            history=[
                MendingAnswer.of(event, effects.get(event.pk, ()), named=named)
                for event in events
            ],
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
    effects = price_effects(chain.from_iterable(history.values()), user)
    return [
        PriceAnswer.of(price, history[price.pk], effects, named=is_named(price, user))
        for price in prices
    ]


def split_answers(splits: Sequence[Split], user: Reader) -> list[SplitAnswer]:
    history = split_history(splits)
    effects = split_effects(chain.from_iterable(history.values()), user)
    behind = books_behind(splits, user)
    return [
        SplitAnswer.of(
            split,
            history[split.pk],
            effects,
            behind[split.pk],
            named=is_named(split, user),
        )
        for split in splits
    ]


def _total(parts: Iterable[Decimal | None]) -> Decimal | None:
    known = list(parts)
    exact = [part for part in known if part is not None]
    return sum(exact, ZERO) if len(exact) == len(known) else None
