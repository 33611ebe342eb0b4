"""What the API answers to who books transfers and balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from kernel.numbers import text
from kernel.schema import Answer
from trades.models import BalanceEvent, BalanceStatement, FactStatus, Transfer
from trades.queries.books import Reader, is_entrusted
from trades.queries.statements import statement_history
from trades.queries.transfers import ToldTransfer


@dataclass(frozen=True, kw_only=True)
class TransferAnswer(Answer):
    """A movement of cash or of an instrument; `amount` is signed."""

    id: str
    book: str
    to_book: Annotated[str | None, "the own book where it went"]
    external_id: str
    kind: Transfer.Kind
    asset: str
    amount: Decimal
    cost: Decimal | None
    at: datetime
    symbol: Annotated[str, "the instrument that was named"]
    moves: Annotated[str | None, "the instrument whose lots it moves; null: cash"]
    value: Annotated[Decimal | None, "what it was worth then; null: cash, or not known"]
    value_currency: str | None
    status: FactStatus
    strategy: str
    note: str

    @classmethod
    def of(cls, told: ToldTransfer) -> TransferAnswer:
        transfer, valuation = told.transfer, told.valuation
        return cls(
            id=str(transfer.pk),
            book=str(transfer.book_id),
            to_book=str(transfer.to_book_id) if transfer.to_book_id else None,
            external_id=transfer.external_id,
            kind=Transfer.Kind(transfer.kind),
            asset=transfer.asset,
            amount=transfer.amount,
            cost=transfer.cost,
            at=transfer.at,
            symbol=transfer.instrument.symbol if transfer.instrument else "",
            moves=told.moved.symbol if told.moved else None,
            value=valuation.value if valuation else None,
            value_currency=valuation.currency if valuation else None,
            status=FactStatus.REMATCHING
            if transfer.becomes
            else FactStatus(transfer.status),
            strategy=transfer.strategy,
            note=transfer.note,
        )


@dataclass(frozen=True, kw_only=True)
class TransferList(Answer):
    transfers: list[TransferAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class BalanceMendingAnswer(Answer):
    """Why a balance was taken back, and what was stated before."""

    kind: Annotated[str, "void or correct"]
    reason: str
    author: str
    before: Annotated[str, "what was withdrawn, in words"]
    id: Annotated[str, "of what was withdrawn"]
    at: datetime

    @classmethod
    def of(cls, event: BalanceEvent, *, named: bool) -> BalanceMendingAnswer:
        return cls(
            kind=event.kind,
            reason=event.reason if named else "",
            author=event.author.username if named else "",
            before=f"{text(event.statement.amount)} {event.statement.asset}",
            id=str(event.statement_id),
            at=event.recorded_at,
        )


@dataclass(frozen=True, kw_only=True)
class BalanceAnswer(Answer):
    """What somebody else says that a book holds."""

    id: str
    book: str
    asset: str
    amount: Decimal
    at: datetime
    source: Annotated[str, "who says so: api, by hand, or the format of a file"]
    status: Annotated[str, "booked, voided (or its file undone), or corrected"]
    history: list[BalanceMendingAnswer]

    @classmethod
    def of(
        cls,
        statement: BalanceStatement,
        events: Sequence[BalanceEvent],
        *,
        named: bool,
    ) -> BalanceAnswer:
        """`named`: who mended it is this reader's to know."""
        mended = bool(events) and events[-1].statement_id == statement.pk
        gone = "corrected" if mended and events[-1].replacement_id else "voided"
        return cls(
            id=str(statement.pk),
            book=str(statement.book_id),
            asset=statement.asset,
            amount=statement.amount,
            at=statement.at,
            source=statement.source,
            status=gone if statement.undone else "booked",
            history=[BalanceMendingAnswer.of(event, named=named) for event in events],
        )


@dataclass(frozen=True, kw_only=True)
class BalanceList(Answer):
    balances: list[BalanceAnswer]
    next_cursor: str | None


def balance_answers(
    statements: Sequence[BalanceStatement], user: Reader
) -> list[BalanceAnswer]:
    """With their histories. Their books are loaded."""
    history = statement_history(statements)
    return [
        BalanceAnswer.of(row, history[row.pk], named=is_entrusted(user, row.book))
        for row in statements
    ]
