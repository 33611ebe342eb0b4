"""Mending facts: a void takes one out, a correction puts another in its place.

The row that was booked never changes. A correction may change all but book and
external id; it keeps its place among the facts of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, summary
from kernel.numbers import text, text_or_none
from trades.domain.reading import NotAFact, read_fill, read_transfer
from trades.models import (
    STANDING,
    Book,
    FactStatus,
    Fill,
    FillEvent,
    Instrument,
    Transfer,
    TransferEvent,
)
from trades.queries.amendments import newest_version
from trades.queries.assets import BookAssets
from trades.queries.books import entrusted_books
from trades.queries.facts import assets_of, touched
from trades.queries.profit import held, pair_pnl
from trades.services.between_books import (
    locked_pair,
    moment_of_both,
    naming_lots,
    settle_both,
)
from trades.services.books import locked, moment
from trades.services.facts import (
    fill_content,
    fill_rows,
    instruments_of,
    transfer_content,
    transfer_rows,
)
from trades.services.recording import save_strategies
from trades.services.rematching import settle
from trades.services.valuing import value_new
from trades.services.words import note_unindexed

LONGEST_REASON = 500
FIXED = ("book", "external_id", "to_book")
Row = TypeVar("Row", Fill, Transfer)
Event: TypeAlias = FillEvent | TransferEvent
Changes: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """What was done: the event, the row that it ends with (what was voided, or what
    stands now) and whether everything that follows is done, or a job has yet to match
    again. `held` are the quantities open of the instruments it touches."""

    event: Event
    fact: Fill | Transfer
    matched: bool
    held: Sequence[QuantityMove]


@dataclass(frozen=True, kw_only=True)
class QuantityMove:
    """How much of an instrument was open in a book before an amendment, and after it."""

    book: str
    symbol: str
    before: Decimal
    after: Decimal


def void_fill(pk: int, reason: str, by: User) -> Amendment:
    """Take a trade out. Raises NotFound, Forbidden, Invalid without a reason, and
    Conflict where it does not stand."""
    return _amend(Fill, pk, reason, by, None)


def correct_fill(pk: int, changes: Changes, reason: str, by: User) -> Amendment:
    """Put corrected values in a trade's place: `changes` are fields of POST
    /api/trades. Raises as void_fill, and Invalid for values that cannot be."""
    return _amend(Fill, pk, reason, by, changes)


def void_transfer(pk: int, reason: str, by: User) -> Amendment:
    """Take a transfer out; as void_fill."""
    return _amend(Transfer, pk, reason, by, None)


def correct_transfer(pk: int, changes: Changes, reason: str, by: User) -> Amendment:
    """Put corrected values in a transfer's place: fields of POST /api/transfers."""
    return _amend(Transfer, pk, reason, by, changes)


def rehearse(amend: Callable[[], Amendment]) -> Amendment:
    """What an amendment would do: it is done, looked at and taken back."""
    with transaction.atomic():
        amendment = amend()
        transaction.set_rollback(True)
    return amendment


def amendable_fill(pk: int, by: User) -> Fill:
    """The trade that a person may mend, as it stands. Raises NotFound, Forbidden and
    Conflict as mending does."""
    return _amendable(Fill, pk, by)


def amendable_transfer(pk: int, by: User) -> Transfer:
    """As amendable_fill."""
    return _amendable(Transfer, pk, by)


def _amend(
    model: type[Row], pk: int, reason: str, by: User, changes: Changes | None
) -> Amendment:
    reason = stated_reason(reason)
    with transaction.atomic():
        sides = _Sides.locked_of(_amendable(model, pk, by))
        book = sides.book
        fact = _amendable(model, pk, by)  # as it is under the lock
        now = sides.moment()
        fact.becomes = FactStatus.VOIDED
        facts = [fact]
        if changes is not None:
            fact.becomes = FactStatus.REPLACED
            facts.append(_replacement(sides, fact, changes, now))
        assets = BookAssets(book).load(assets_of(facts))
        pairs = {pair for each in facts for pair in touched(each, assets)}
        event = _new_event(fact, reason, by, now)
        event.pnl_before, before = pair_pnl(book, pairs, now), sides.held(pairs)
        event.save()
        matched = sides.settle(facts)
        if matched:
            event.pnl_after = pair_pnl(book, pairs, now)
            event.save(update_fields=["pnl_after"])
        _say_amended(event, facts[-1], by)
        after = sides.held(pairs)
    return Amendment(
        event=event,
        fact=facts[-1],
        matched=matched,
        held=[
            QuantityMove(
                book=name, symbol=symbol, before=before[name, symbol], after=left
            )
            for (name, symbol), left in sorted(after.items())
        ],
    )


def stated_reason(reason: str) -> str:
    """The reason of whoever mends. Raises Invalid for none, or a very long one."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        detail = "is required" if not reason else f"has at most {LONGEST_REASON} signs"
        raise Invalid(
            f"A reason {detail}.",
            code="invalid",
            errors=[FieldError("/reason", "required", detail)],
        )
    return reason


def _amendable(model: type[Row], pk: int, by: User) -> Row:
    """The newest version of the fact, its book and instrument loaded."""
    fact = newest_version(model, pk)
    if fact is None or not entrusted_books(by).filter(pk=fact.book_id).exists():
        raise NotFound("There is no such fact that you may see.", code="not_found")
    if fact.book.owner_id != by.pk or not by.has_perm("trading.own"):
        raise Forbidden("Only the owner writes in a book.", code="not_owner")
    if fact.status not in STANDING or fact.becomes:
        state = "is being matched again" if fact.becomes else f"is {fact.status}"
        raise Conflict(f"It {state}: there is nothing to mend.", code="not_standing")
    return fact


def _new_event(fact: Fill | Transfer, reason: str, by: User, now: datetime) -> Event:
    kind = FillEvent.Kind
    said = {
        "kind": kind.VOID if fact.becomes == FactStatus.VOIDED else kind.CORRECT,
        "reason": reason,
        "author": by,
        "recorded_at": now,
    }
    if isinstance(fact, Fill):
        return FillEvent(fill=fact, **said)
    return TransferEvent(transfer=fact, **said)


@dataclass(frozen=True)
class _Sides:
    """The locked book of a fact, and the one where it went to, if it went to one."""

    book: Book
    there: Book | None

    @classmethod
    def locked_of(cls, fact: Fill | Transfer) -> _Sides:
        if isinstance(fact, Transfer) and fact.to_book is not None:
            return cls(*locked_pair(fact.book, fact.to_book))
        return cls(locked(fact.book), None)

    def moment(self) -> datetime:
        if self.there is None:
            return moment(self.book)
        return moment_of_both(self.book, self.there)

    def held(self, pairs: Iterable[Instrument]) -> dict[tuple[str, str], Decimal]:
        """{(book, symbol): quantity open}."""
        books = [self.book] if self.there is None else [self.book, self.there]
        return {
            (book.name, symbol): quantity
            for book in books
            for symbol, quantity in held(book, pairs).items()
        }

    def settle(self, facts: Sequence[Fill | Transfer]) -> bool:
        """Let what was there cease to count, and what comes in its place count, in
        both books at once. Answers as settle."""
        moves = [fact for fact in facts if isinstance(fact, Transfer)]
        fills = [fact for fact in facts if isinstance(fact, Fill)]
        if self.there is None:
            return settle(self.book, fills=fills, transfers=moves)
        gone, comes = moves[0], moves[1] if len(moves) > 1 else None
        return settle_both(self.book, self.there, gone, comes)


# corrections ------------------------------------------------------------------


def _replacement(sides: _Sides, fact: Row, changes: Changes, now: datetime) -> Row:
    """The saved row that comes to stand in the fact's place. Raises Invalid, and
    Conflict where it says that already, as for the second of two that correct it."""
    fixed = [name for name in FIXED if name in changes]
    if fixed:
        raise _invalid([FieldError(f"/{fixed[0]}", "fixed", "cannot be corrected")])
    book = sides.book
    try:
        row = _row(sides, fact, changes, now)
    except NotAFact as error:
        raise _invalid(error.errors) from None
    if _content(row) == _content(fact):
        raise Conflict(
            "It says that already: a correction changes something.",
            code="unchanged",
        )
    row.replaces, row.batch = fact, fact.batch
    row.recorded_at, row.sequence = fact.recorded_at, fact.sequence
    row.status, row.becomes = FactStatus.REMATCHING, FactStatus.CORRECTED
    row.save()
    if isinstance(row, Fill):
        note_unindexed(book, [row])
        assets = BookAssets(book).trading([row.instrument])
        value_new(book, [row], [], assets, now)
    else:
        value_new(book, [], [row], BookAssets(book), now)
    save_strategies([row])
    return row


def _row(sides: _Sides, fact: Row, changes: Changes, now: datetime) -> Row:
    book = sides.book
    if isinstance(fact, Fill):
        given = fill_fields(fact) | dict(changes)
        new = read_fill(given, now=now)
        if (new.quantity, new.price) == (fact.quantity, fact.price):
            new = replace(new, amount=fact.amount)  # as its source stated it
        instruments = instruments_of(book, [new], [])
        return fill_rows(book, [new], instruments, None, now, [""])[0]
    given = transfer_fields(fact) | dict(changes)
    moved = read_transfer(given, now=now)
    if sides.there is not None:
        moved = naming_lots(moved, book, sides.there)
    instruments = instruments_of(book, [], [moved])
    return transfer_rows(book, [moved], instruments, None, now)[0]


def fill_fields(fill: Fill) -> dict[str, Any]:
    """A trade as the body of a POST that would book it."""
    fields = {
        "external_id": fill.external_id,
        "symbol": fill.instrument.symbol,
        "side": fill.side,
        "quantity": text(fill.quantity),
        "price": text(fill.price),
        "fee": text(fill.fee),
        "fee_currency": fill.fee_currency,
        "executed_at": fill.executed_at.isoformat(),
        "order_id": fill.order_id,
        "order_type": fill.order_type,
        "liquidity": fill.liquidity,
        "strategy": fill.strategy,
        "note": fill.note,
    }
    if fill.decision is not None:
        fields["decision_id"] = fill.decision.external_id
    return fields


def transfer_fields(transfer: Transfer) -> dict[str, Any]:
    """A transfer as the body of a POST that would book it."""
    fields = {
        "external_id": transfer.external_id,
        "kind": transfer.kind,
        "asset": transfer.asset,
        "amount": text(transfer.amount),
        "at": transfer.at.isoformat(),
        "symbol": transfer.instrument.symbol if transfer.instrument else "",
        "strategy": transfer.strategy,
        "note": transfer.note,
    }
    if transfer.cost is not None:
        fields["cost"] = text(transfer.cost)
    if transfer.to_book_id is not None:
        fields["to_book"] = str(transfer.to_book_id)
    return fields


def _content(fact: Fill | Transfer) -> tuple[Any, ...]:
    """All that a correction may change."""
    content = fill_content(fact) if isinstance(fact, Fill) else transfer_content(fact)
    return (*content, fact.instrument_id, fact.note)


def _invalid(errors: Sequence[FieldError]) -> Invalid:
    return Invalid(summary(errors), code="invalid", errors=errors)


def _say_amended(event: Event, stands: Fill | Transfer, by: User) -> None:
    of_fill = isinstance(event, FillEvent)
    noun, done = "fill" if of_fill else "transfer", {"void": "voided"}
    audit.append(
        f"trades.{noun}.{done.get(event.kind, 'corrected')}",
        actor=by.actor,
        object=f"{'trade' if of_fill else 'transfer'}:{stands.pk}",
        data={
            "book": stands.book.name,
            "external_id": stands.external_id,
            "reason": event.reason,
            "pnl_before": text_or_none(event.pnl_before) or "",
            "pnl_after": text_or_none(event.pnl_after) or "",
        },
    )
