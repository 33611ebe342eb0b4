"""What the API answers about voids and corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from kernel.numbers import text
from kernel.schema import Answer
from trades.models import Fill, FillEvent, Transfer
from trades.queries.amendments import FactChange, Row

FILL_FIELDS: dict[str, Callable[[Fill], str]] = {
    "symbol": lambda fill: fill.instrument.symbol,
    "side": lambda fill: fill.side,
    "quantity": lambda fill: text(fill.quantity),
    "price": lambda fill: text(fill.price),
    "total_value": lambda fill: text(fill.amount),
    "fee": lambda fill: text(fill.fee),
    "fee_currency": lambda fill: fill.fee_currency,
    "executed_at": lambda fill: fill.executed_at.isoformat(),
    "order_id": lambda fill: fill.order_id,
    "order_type": lambda fill: fill.order_type,
    "liquidity": lambda fill: fill.liquidity,
    "strategy": lambda fill: fill.strategy,
    "decision_id": lambda fill: str(fill.decision_id or ""),
    "note": lambda fill: fill.note,
}
TRANSFER_FIELDS: dict[str, Callable[[Transfer], str]] = {
    "kind": lambda move: move.kind,
    "asset": lambda move: move.asset,
    "amount": lambda move: text(move.amount),
    "cost": lambda move: "" if move.cost is None else text(move.cost),
    "at": lambda move: move.at.isoformat(),
    "symbol": lambda move: move.instrument.symbol if move.instrument else "",
    "strategy": lambda move: move.strategy,
    "note": lambda move: move.note,
}


@dataclass(frozen=True, kw_only=True)
class ChangedField(Answer):
    """What a correction changed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class AmendmentAnswer(Answer):
    """A void or a correction of a trade or a transfer."""

    kind: FillEvent.Kind
    reason: str
    author: Annotated[str, "empty for who only reads by PUBLIC_READ"]
    at: datetime
    pnl_before: Annotated[
        Decimal | None, "realised + unrealised of its instruments in this book"
    ]
    pnl_after: Annotated[Decimal | None, "null until it is matched again"]
    changes: list[ChangedField]

    @classmethod
    def of(cls, change: FactChange[Fill], *, entrusted: bool) -> AmendmentAnswer:
        return cls._of(change, FILL_FIELDS, entrusted=entrusted)

    @classmethod
    def of_transfer(
        cls, change: FactChange[Transfer], *, entrusted: bool
    ) -> AmendmentAnswer:
        return cls._of(change, TRANSFER_FIELDS, entrusted=entrusted)

    @classmethod
    def _of(
        cls,
        change: FactChange[Row],
        fields: Mapping[str, Callable[[Row], str]],
        *,
        entrusted: bool,
    ) -> AmendmentAnswer:
        event = change.event
        return cls(
            kind=FillEvent.Kind(event.kind),
            reason=event.reason,
            author=event.author.username if entrusted else "",
            at=event.recorded_at,
            pnl_before=event.pnl_before,
            pnl_after=event.pnl_after,
            changes=list(_changed(change.before, change.after, fields)),
        )


def _changed(
    before: Row, after: Row | None, fields: Mapping[str, Callable[[Row], str]]
) -> Iterator[ChangedField]:
    if after is None:
        return
    for name, value in fields.items():
        old, new = value(before), value(after)
        if old != new:
            yield ChangedField(field=name, before=old, after=new)
