"""What the API answers to who books transfers and balances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from kernel.schema import Answer
from trades.models import BalanceStatement, FactStatus, Transfer
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
class BalanceAnswer(Answer):
    """What somebody else says that a book holds."""

    id: str
    book: str
    asset: str
    amount: Decimal
    at: datetime
    source: Annotated[str, "who says so: api, by hand, or the format of a file"]

    @classmethod
    def of(cls, statement: BalanceStatement) -> BalanceAnswer:
        return cls(
            id=str(statement.pk),
            book=str(statement.book_id),
            asset=statement.asset,
            amount=statement.amount,
            at=statement.at,
            source=statement.source,
        )


@dataclass(frozen=True, kw_only=True)
class BalanceList(Answer):
    balances: list[BalanceAnswer]
    next_cursor: str | None
