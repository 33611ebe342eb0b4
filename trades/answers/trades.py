"""What the API answers about trades, and what their page reads: declared once.

Each `of` expects the rows that it names to be loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from kernel.registry import actor_names
from kernel.schema import Answer
from trades.answers.amendments import AmendmentAnswer
from trades.domain.lots import LotReason, MatchKind
from trades.models import (
    Decision,
    FactStatus,
    Fill,
    Lot,
    Match,
)
from trades.queries.listed import ListedTrade, listed_fill
from trades.queries.trades import LoggedEvent, TradeDetail, TradePage


@dataclass(frozen=True, kw_only=True)
class TradeAnswer(Answer):
    """One fill as it was booked."""

    id: str
    external_id: str
    book: str
    timestamp: datetime
    symbol: str
    event_type: Literal["fill"]
    side: Fill.Side
    quantity: Decimal
    price: Decimal
    total_value: Annotated[Decimal, "quantity x price, rounded once at booking"]
    fee: Decimal
    fee_currency: str
    fee_value: Annotated[Decimal | None, "in the quote currency; null: no rate"]
    status: FactStatus
    order_id: str
    order_type: str
    liquidity: str
    strategy: str
    decision_id: str | None
    note: str
    realized_pnl: Annotated[Decimal | None, "null where it closed nothing"]

    @classmethod
    def of(cls, trade: ListedTrade, realised: Decimal | None) -> TradeAnswer:
        return cls(**_trade_fields(trade, realised))


def _trade_fields(trade: ListedTrade, realised: Decimal | None) -> dict[str, Any]:
    waits = bool(trade.becomes)
    return {
        "id": str(trade.pk),
        "external_id": trade.external_id,
        "book": trade.book,
        "timestamp": trade.executed_at,
        "symbol": trade.symbol,
        "event_type": "fill",
        "side": Fill.Side(trade.side),
        "quantity": trade.quantity,
        "price": trade.price,
        "total_value": trade.amount,
        "fee": trade.fee,
        "fee_currency": trade.fee_currency,
        "fee_value": trade.fee_value,
        "status": FactStatus.REMATCHING if waits else FactStatus(trade.status),
        "order_id": trade.order_id,
        "order_type": trade.order_type,
        "liquidity": trade.liquidity,
        "strategy": trade.strategy,
        "decision_id": str(trade.decision_id) if trade.decision_id else None,
        "note": trade.note,
        "realized_pnl": realised,
    }


@dataclass(frozen=True, kw_only=True)
class TradeList(Answer):
    """Newest first; `prev_cursor` goes back as `before`."""

    trades: list[TradeAnswer]
    limit: int
    next_cursor: str | None
    prev_cursor: str | None
    timestamp: datetime

    @classmethod
    def of(cls, page: TradePage, limit: int, now: datetime) -> TradeList:
        return cls(
            trades=[
                TradeAnswer.of(trade, page.realised.get(trade.pk))
                for trade in page.trades
            ],
            limit=limit,
            next_cursor=page.older,
            prev_cursor=page.newer,
            timestamp=now,
        )


@dataclass(frozen=True, kw_only=True)
class BookedTrades(Answer):
    """The trades of one POST, in its order."""

    trades: list[TradeAnswer]
    next_cursor: None = None


@dataclass(frozen=True, kw_only=True)
class TradeLot(Answer):
    """A lot that a trade opened, as of now."""

    id: str
    side: Literal["long", "short"]
    opened_at: datetime
    quantity: Decimal
    remaining: Decimal
    cost: Annotated[Decimal | None, "null: nobody said what it cost"]
    fee: Decimal
    reason: str

    @classmethod
    def of(cls, lot: Lot) -> TradeLot:
        return cls(
            id=str(lot.pk),
            side="long" if lot.long else "short",
            opened_at=lot.opened_at,
            quantity=lot.quantity,
            remaining=lot.remaining_quantity,
            cost=None if lot.reason == LotReason.MISSING_COST else lot.amount,
            fee=lot.fee,
            reason=lot.reason,
        )


@dataclass(frozen=True, kw_only=True)
class MatchAnswer(Answer):
    """A part of a lot that a trade closed."""

    kind: MatchKind
    lot: str | None
    opened_by: Annotated[str | None, "trade id"]
    closed_by: Annotated[str | None, "trade id"]
    quantity: Decimal
    cost: Decimal | None
    proceeds: Decimal | None
    fee: Decimal
    realized_pnl: Decimal | None
    at: datetime
    reason: str

    @classmethod
    def of(cls, match: Match) -> MatchAnswer:
        """Its lot is loaded."""
        opener = match.lot.fill_id if match.lot else None
        return cls(
            kind=MatchKind(match.kind),
            lot=str(match.lot_id) if match.lot_id else None,
            opened_by=str(opener) if opener else None,
            closed_by=str(match.fill_id) if match.fill_id else None,
            quantity=match.quantity,
            cost=match.cost,
            proceeds=match.proceeds,
            fee=match.fee,
            realized_pnl=match.realised,
            at=match.at,
            reason=match.reason,
        )


@dataclass(frozen=True, kw_only=True)
class DecisionAnswer(Answer):
    """Why a model traded."""

    id: str
    external_id: str
    model: str
    model_version: str
    symbol: str
    direction: Decision.Direction
    confidence: Annotated[Decimal | None, "0 to 1"]
    price_target: Decimal | None
    horizon_seconds: int | None
    features: Annotated[Mapping[str, Any], "what the model looked at"]
    inputs_digest: str
    reasoning: str
    risk_checks: Annotated[list[Any], "name, passed, value, limit"]
    decided_at: datetime

    @classmethod
    def of(cls, decision: Decision) -> DecisionAnswer:
        return cls(
            id=str(decision.pk),
            external_id=decision.external_id,
            model=decision.model,
            model_version=decision.model_version,
            symbol=decision.symbol,
            direction=Decision.Direction(decision.direction),
            confidence=decision.confidence,
            price_target=decision.price_target,
            horizon_seconds=decision.horizon,
            features=decision.features,
            inputs_digest=decision.inputs_digest,
            reasoning=decision.reasoning,
            risk_checks=decision.risk_checks,
            decided_at=decision.decided_at,
        )


@dataclass(frozen=True, kw_only=True)
class TradeEvent(Answer):
    """An entry of the log that tells of a trade."""

    seq: int
    at: datetime
    kind: str
    actor: str
    object: str

    @classmethod
    def several(cls, events: Sequence[LoggedEvent]) -> list[TradeEvent]:
        names = actor_names({event.actor for event in events})
        return [
            cls(
                seq=event.seq,
                at=event.at,
                kind=event.kind,
                actor=names.get(event.actor, event.actor),
                object=event.object,
            )
            for event in events
        ]


@dataclass(frozen=True, kw_only=True)
class TradeDetailAnswer(TradeAnswer):
    """One fill with what is behind it: `lots` it opened, `matches` it made, and what
    later trades have `taken` from its lots."""

    gross_pnl: Decimal | None
    matched_fees: Decimal
    decision: DecisionAnswer | None
    lots: list[TradeLot]
    matches: list[MatchAnswer]
    taken: list[MatchAnswer]
    history: Annotated[list[AmendmentAnswer], "its voids and corrections, oldest first"]
    audit: Annotated[list[TradeEvent], "empty for who only reads by PUBLIC_READ"]

    @classmethod
    def telling(
        cls, detail: TradeDetail, events: Sequence[LoggedEvent]
    ) -> TradeDetailAnswer:
        decision = detail.decision
        return cls(
            **_trade_fields(listed_fill(detail.fill), detail.realised),
            gross_pnl=detail.gross,
            matched_fees=detail.matched_fees,
            decision=DecisionAnswer.of(decision) if decision else None,
            lots=[TradeLot.of(lot) for lot in detail.lots],
            matches=[MatchAnswer.of(match) for match in detail.closed],
            taken=[MatchAnswer.of(match) for match in detail.taken],
            history=[
                AmendmentAnswer.of(change, entrusted=detail.entrusted)
                for change in detail.history
            ],
            audit=TradeEvent.several(events),
        )
