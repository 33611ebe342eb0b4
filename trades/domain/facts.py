"""The facts that somebody wants booked, as exact values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from kernel.numbers import ZERO, rounded


@dataclass(slots=True, kw_only=True)  # a frozen one takes three times as long to make
class NewFill:
    """A fill to book. `amount` is given where the source states it (then the price
    was derived); else it is quantity x price, rounded half-even to 18 decimals.
    `fee_currency` "" is the quote currency. `line` is where it stood in its file."""

    external_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    executed_at: datetime
    fee: Decimal = ZERO
    fee_currency: str = ""
    amount: Decimal | None = None
    order_id: str = ""
    order_type: str = ""
    liquidity: str = ""
    strategy: str = ""
    decision: str = ""
    note: str = ""
    sequence: int = 0
    book: str = ""
    line: int = 0

    @property
    def booked_amount(self) -> Decimal:
        if self.amount is not None:
            return self.amount
        return rounded(self.quantity * self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransfer:
    """A movement to book; `amount` is signed, `symbol` names the instrument that
    moves (or, for income and cost, the one it belongs to), `to_book` another book of
    its owner where it goes."""

    external_id: str
    kind: str
    asset: str
    amount: Decimal
    at: datetime
    to_book: str = ""
    cost: Decimal | None = None
    symbol: str = ""
    strategy: str = ""
    note: str = ""
    sequence: int = 0
    book: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A price to keep. `currency` "" is the quote of a pair; a plain symbol's desk
    price must say it."""

    symbol: str
    at: datetime
    price: Decimal
    source: str = "import"
    currency: str = ""
    scope: str = "own"
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSplit:
    """`numerator` new units for `denominator` old ones."""

    symbol: str
    at: datetime
    numerator: int
    denominator: int
    scope: str = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBalance:
    asset: str
    amount: Decimal
    at: datetime
    book: str = ""
    source: str = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    external_id: str
    model: str
    symbol: str
    direction: str
    decided_at: datetime
    model_version: str = ""
    strategy: str = ""
    confidence: Decimal | None = None
    price_target: Decimal | None = None
    horizon: int | None = None
    features: Mapping[str, Any] = field(default_factory=dict)
    inputs_digest: str = ""
    reasoning: str = ""
    risk_checks: Sequence[Mapping[str, Any]] = ()


def symbol_parts(symbol: str, base_currency: str) -> tuple[str, str, str]:
    """(symbol as stored, base, quote): BASE-QUOTE and BASE/QUOTE name their quote,
    anything else is quoted in the book's base currency."""
    base, dash, quote = symbol.strip().upper().replace("/", "-").partition("-")
    return (f"{base}-{quote}", base, quote) if dash else (base, base, base_currency)
