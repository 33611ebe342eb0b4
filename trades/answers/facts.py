"""What the API answers to who books transfers and balances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.schema import Answer
from trades.models import BalanceStatement, Transfer


@dataclass(frozen=True, kw_only=True)
class TransferAnswer(Answer):
    """A movement of cash or of an instrument; `amount` is signed."""

    id: str
    book: str
    external_id: str
    kind: Transfer.Kind
    asset: str
    amount: Decimal
    cost: Decimal | None
    at: datetime
    symbol: str
    strategy: str
    note: str

    @classmethod
    def of(cls, transfer: Transfer) -> TransferAnswer:
        return cls(
            id=str(transfer.pk),
            book=str(transfer.book_id),
            external_id=transfer.external_id,
            kind=Transfer.Kind(transfer.kind),
            asset=transfer.asset,
            amount=transfer.amount,
            cost=transfer.cost,
            at=transfer.at,
            symbol=transfer.instrument.symbol if transfer.instrument else "",
            strategy=transfer.strategy,
            note=transfer.note,
        )


@dataclass(frozen=True, kw_only=True)
class BalanceAnswer(Answer):
    """What somebody else says that a book holds."""

    id: str
    book: str
    asset: str
    amount: Decimal
    at: datetime

    @classmethod
    def of(cls, statement: BalanceStatement) -> BalanceAnswer:
        return cls(
            id=str(statement.pk),
            book=str(statement.book_id),
            asset=statement.asset,
            amount=statement.amount,
            at=statement.at,
        )
