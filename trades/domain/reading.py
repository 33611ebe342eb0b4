"""How text becomes a fact.

Reading a row is the one validation that API, import and demo data share. A row is a
mapping of the names of POST /api/trades; every fault is named with its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kernel.errors import FieldError, summary
from kernel.numbers import INTEGER_DIGITS, ZERO, NotExact, exact, rounded, text
from kernel.texts import REASON, composed, is_plain
from trades.domain.facts import NewBalance, NewFill, NewPrice, NewTransfer
from trades.domain.times import FUTURE, read_time

FILL_FIELDS = (
    "book",
    "external_id",
    "symbol",
    "side",
    "quantity",
    "price",
    "fee",
    "fee_currency",
    "executed_at",
    "order_id",
    "order_type",
    "liquidity",
    "strategy",
    "decision_id",
    "lots",
    "note",
)
TRANSFER_FIELDS = (
    "book",
    "external_id",
    "kind",
    "asset",
    "amount",
    "cost",
    "at",
    "symbol",
    "strategy",
    "to_book",
    "note",
)
FILL_NAMES = frozenset(FILL_FIELDS)
TRANSFER_NAMES = frozenset(TRANSFER_FIELDS)
SCOPES = ("own", "desk")
TRANSFER_KINDS = (
    "deposit",
    "withdrawal",
    "transfer",
    "dividend",
    "interest",
    "funding",
    "fee",
    "tax",
)
SYMBOL = re.compile(r"[A-Z0-9.:_^=]{1,24}([-/][A-Z0-9.:_]{1,20})?")
ASSET = re.compile(r"[A-Z0-9.:_]{1,20}")


class NotAFact(ValueError):
    """The row is no fact; `errors` names each field and reason."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(summary(errors, most=len(errors)))
        self.errors = tuple(errors)


def is_id(text: str) -> bool:
    """Whether a text that chooses a book is an id: digits are, anything else is a
    name. No new book is named by digits alone, so the two cannot be confused."""
    return text.isdecimal()


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError with a sentence for a zone that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone, such as Europe/Berlin") from None


def capitals(text: str) -> str:
    """In capitals where they are the same letters: ß is no SS."""
    return text.upper() if text.isascii() else text


# The same few stand in every row of a file.
@lru_cache(maxsize=2048)
def _plain_symbol(text: str) -> str:
    """The symbol that a text is as it stands there, "" where there is more to it."""
    symbol = text.upper().replace("/", "-")
    return intern(symbol) if text.isascii() and SYMBOL.fullmatch(symbol) else ""


@lru_cache(maxsize=2048)
def _plain_asset(text: str) -> str:
    """The asset that a text is as it stands there, "" where there is more to it."""
    asset = text.upper()
    return intern(asset) if text.isascii() and ASSET.fullmatch(asset) else ""


class Reader:
    """Reads the fields of one row and collects what is wrong with it.

    Texts that repeat from row to row (sides, symbols, currencies, strategies) are
    interned: a file of 300,000 rows holds each once.
    """

    def __init__(
        self, row: Mapping[str, Any], *, now: datetime, zone: ZoneInfo | None = None
    ) -> None:
        self.row = row
        self.now = now
        self.zone = zone
        self.errors: list[FieldError] = []

    def wrong(self, name: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(f"/{name}", code, detail))

    def only(self, names: Set[str]) -> None:
        if self.row.keys() <= names:
            return
        for name in sorted(self.row.keys() - names, key=str):
            self.wrong(str(name), "unknown", "is not a field of this")

    def text(self, name: str, *, most: int = 100, needed: bool = False) -> str:
        value = self.row.get(name)
        if value is None or value == "":
            if needed:
                self.wrong(name, "required", "is missing")
            return ""
        if isinstance(value, bool | dict | list):
            self.wrong(name, "invalid", "must be a text")
            return ""
        line = composed(str(value)).strip()
        if len(line) > most:
            self.wrong(name, "too_long", f"is longer than {most} characters")
        if not is_plain(line):
            self.wrong(name, "invalid", REASON)
        if needed and not line:
            self.wrong(name, "required", "is missing")
        return line

    def choice(self, name: str, allowed: Sequence[str], *, needed: bool = False) -> str:
        given = self.row.get(name)
        if given in allowed:
            return intern(str(given))
        value = self.text(name, needed=needed).lower()
        if value and value not in allowed:
            self.wrong(
                name, "choice", f"{value[:20]!r} is not one of {', '.join(allowed)}"
            )
        return intern(value)

    def number(self, name: str, *, needed: bool = False) -> Decimal | None:
        value = self.row.get(name)
        if value is None or value == "":
            if needed:
                self.wrong(name, "required", "is missing")
            return None
        try:
            return exact(value)
        except NotExact as error:
            self.wrong(name, "not_exact", str(error))
            return None

    def positive(self, name: str, *, zero: bool = False) -> Decimal:
        amount = self.number(name, needed=True)
        if amount is None:
            return ZERO
        if amount < 0 or (amount == 0 and not zero):
            least = "not be negative" if zero else "be greater than 0"
            self.wrong(name, "range", f"must {least}, not {text(amount)}")
        return amount

    def time(self, name: str) -> datetime:
        value = self.row.get(name)
        if value is None or value == "":
            self.wrong(name, "required", "is missing")
            return self.now
        try:
            at = read_time(value, self.zone)
        except (ValueError, OverflowError) as error:
            self.wrong(name, "time", str(error))
            return self.now
        if at > self.now + FUTURE:
            self.wrong(name, "future", f"{value} lies in the future")
        return at

    def asset(self, name: str, *, needed: bool = False) -> str:
        given = self.row.get(name)
        if isinstance(given, str) and (plain := _plain_asset(given)):
            return plain
        asset = self._name(name, needed=needed)
        if asset and not ASSET.fullmatch(asset):
            self.wrong(name, "invalid", f"{asset[:20]!r} is no currency or asset")
        return intern(asset)

    def symbol(self, name: str = "symbol", *, needed: bool = True) -> str:
        given = self.row.get(name)
        if isinstance(given, str) and (plain := _plain_symbol(given)):
            return plain
        symbol = self._name(name, needed=needed).replace("/", "-")
        if symbol and not SYMBOL.fullmatch(symbol):
            self.wrong(name, "invalid", f"{symbol[:20]!r} is no symbol like BTC-USD")
        return intern(symbol)

    def _name(self, name: str, *, needed: bool) -> str:
        """In capitals, and none whose letters only look alike: a Kelvin sign composes
        to a K."""
        given, line = self.row.get(name), self.text(name, needed=needed)
        plain = not isinstance(given, str) or given.strip().isascii()
        return capitals(line) if plain else str(given).strip()

    def finish(self) -> None:
        """Raises NotAFact when anything was wrong."""
        if self.errors:
            raise NotAFact(self.errors)


def read_fill(
    row: Mapping[str, Any],
    *,
    now: datetime,
    zone: ZoneInfo | None = None,
    line: int = 0,
    place: int = 0,
    amount: Decimal | None = None,
    needs_id: bool = True,
) -> NewFill:
    """One row of POST /api/trades or of a file (`place` is where the file has it,
    `amount` what it states was paid; one that needs no id gets "" where it has none).
    Raises NotAFact."""
    read = Reader(row, now=now, zone=zone)
    read.only(FILL_NAMES)
    fill = NewFill(
        external_id=read.text("external_id", needed=needs_id),
        symbol=read.symbol(),
        side=read.choice("side", ("buy", "sell"), needed=True),
        quantity=read.positive("quantity"),
        price=read.positive("price", zero=True),
        executed_at=read.time("executed_at"),
        fee=read.number("fee") or ZERO,
        fee_currency=read.asset("fee_currency"),
        order_id=read.text("order_id"),
        order_type=intern(read.text("order_type", most=20)),
        liquidity=read.choice("liquidity", ("maker", "taker")),
        strategy=intern(read.text("strategy")),
        decision=read.text("decision_id"),
        note=read.text("note", most=2000),
        book=read.text("book"),
        amount=amount,
        sequence=place,
        line=line,
    )
    _refuse_lots(read)
    if not read.errors:
        _fits(read, fill.quantity, fill.price)
    read.finish()
    return fill


def _refuse_lots(read: Reader) -> None:
    """Specific lots are not matched yet: saying so is better than ignoring them."""
    if read.row.get("lots") not in (None, "", []):
        read.wrong("lots", "not_supported", "choosing lots is not possible yet")


def _fits(read: Reader, quantity: Decimal, price: Decimal) -> None:
    if quantity.adjusted() + price.adjusted() < INTEGER_DIGITS - 2:
        return  # far from it, as nearly always: not worth a product
    if rounded(quantity * price).adjusted() >= INTEGER_DIGITS:
        read.wrong(
            "quantity", "range", "quantity x price is larger than the ledger holds"
        )


def read_transfer(
    row: Mapping[str, Any],
    *,
    now: datetime,
    zone: ZoneInfo | None = None,
    line: int = 0,
    place: int = 0,
    needs_id: bool = True,
) -> NewTransfer:
    """One body of POST /api/transfers or one row of a file (as read_fill). Raises
    NotAFact."""
    read = Reader(row, now=now, zone=zone)
    read.only(TRANSFER_NAMES)
    transfer = NewTransfer(
        external_id=read.text("external_id", needed=needs_id),
        kind=read.choice("kind", TRANSFER_KINDS, needed=True),
        asset=read.asset("asset", needed=True),
        amount=read.number("amount", needed=True) or ZERO,
        cost=read.number("cost"),
        at=read.time("at"),
        symbol=read.symbol(needed=False),
        strategy=read.text("strategy"),
        note=read.text("note", most=2000),
        to_book=read.text("to_book"),
        book=read.text("book"),
        sequence=place,
        line=line,
    )
    if not read.errors and not transfer.amount:
        read.wrong("amount", "range", "must not be 0")
    if transfer.kind == "deposit" and transfer.amount < 0:
        read.wrong("amount", "range", "a deposit is positive")
    if transfer.kind == "withdrawal" and transfer.amount > 0:
        read.wrong("amount", "range", "a withdrawal is negative")
    if transfer.to_book:
        _between_books(read, transfer)
    if transfer.cost is not None and transfer.cost < 0:
        read.wrong("cost", "range", "must not be negative")
    read.finish()
    return transfer


def _between_books(read: Reader, transfer: NewTransfer) -> None:
    if transfer.kind != "transfer":
        read.wrong("kind", "choice", "between own books it is a transfer")
    if transfer.amount > 0:
        read.wrong("amount", "range", "it leaves the book: it is negative")
    if transfer.cost is not None:
        read.wrong("cost", "not_supported", "its lots bring their own cost")


def read_price(
    row: Mapping[str, Any],
    *,
    now: datetime,
    zone: ZoneInfo | None = None,
    source: str = "import",
    scope: str = "own",
    line: int = 0,
) -> NewPrice:
    """One of POST /api/prices or one row of a price file. Raises NotAFact."""
    read = Reader(row, now=now, zone=zone)
    read.only({"symbol", "at", "price", "source", "currency", "scope"})
    price = NewPrice(
        symbol=read.symbol(),
        at=read.time("at"),
        price=read.positive("price", zero=True),
        source=read.text("source", most=40) or source,
        currency=read.asset("currency"),
        scope=read.choice("scope", SCOPES) or scope,
        line=line,
    )
    read.finish()
    return price


def read_balance(
    row: Mapping[str, Any], *, now: datetime, zone: ZoneInfo | None = None
) -> NewBalance:
    """One body of POST /api/balances. Raises NotAFact."""
    read = Reader(row, now=now, zone=zone)
    read.only({"book", "asset", "amount", "at"})
    balance = NewBalance(
        asset=read.asset("asset", needed=True),
        amount=read.number("amount", needed=True) or ZERO,
        at=read.time("at"),
        book=read.text("book"),
    )
    read.finish()
    return balance
