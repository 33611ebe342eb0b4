"""What somebody else says that a book holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict, FieldError, Forbidden, NotFound
from kernel.numbers import text
from trades.domain.facts import NewBalance
from trades.models import BalanceEvent, BalanceStatement, Book, ImportBatch
from trades.queries.facts import IDS, ROWS
from trades.queries.statements import visible_statements
from trades.services.books import locked, moment, writable_book


def state_balance(new: NewBalance, by: User) -> tuple[BalanceStatement, bool]:
    """Record what somebody else says that a book holds; False: it was stated before.
    Raises Conflict where the same source states another amount for the same time."""
    book = writable_book(new.book, by)
    with transaction.atomic():
        book = locked(book)
        now = moment(book)
        fresh = bool(save_statements(book, [new], None, now))
        if fresh:
            audit.append(
                "trades.balance.stated",
                actor=by.actor,
                object=f"book:{book.pk}",
                data={"asset": new.asset, "amount": text(new.amount)},
            )
        statement = BalanceStatement.objects.standing().get(
            book=book, asset=new.asset, at=new.at, source=new.source
        )
    return statement, fresh


def void_balance(pk: int, reason: str, by: User) -> BalanceStatement:
    """Let a statement count no more. Raises NotFound where the person may not see it,
    Forbidden where the book is another's, Conflict where it counts no more already."""
    row = visible_statements(by).filter(pk=pk).select_related("book").first()
    if row is None:
        raise NotFound("There is no such balance that you may see.", code="balance")
    if row.book.owner_id != by.pk or not by.has_perm("trading.own"):
        raise Forbidden("Only the owner writes in a book.", code="not_owner")
    with transaction.atomic():
        now = moment(locked(row.book))
        if not BalanceStatement.objects.standing().filter(pk=pk).update(undone=True):
            raise Conflict("This balance counts no more already.", code="withdrawn")
        BalanceEvent.objects.create(
            statement=row, reason=reason, author=by, recorded_at=now
        )
        audit.append(
            "trades.balance.voided",
            actor=by.actor,
            object=f"book:{row.book_id}",
            data={"asset": row.asset, "amount": text(row.amount), "reason": reason},
        )
    return row


def save_statements(
    book: Book, new: Sequence[NewBalance], batch: ImportBatch | None, now: datetime
) -> int:
    """Store statements; returns how many are new. What a file states that was voided
    stays so. Raises Conflict where the same source states another amount for the same
    time."""
    known = _known(book, new)
    for stated in new:
        booked = known.get(_key(stated))
        if booked is not None and booked.amount != stated.amount:
            raise Conflict(
                contradiction(booked),
                code="balance",
                errors=[FieldError("/amount", "other_content", "differs")],
            )
    fresh = {_key(stated): stated for stated in new if _key(stated) not in known}
    if batch is not None and fresh:
        voided = _voided(book)
        fresh = {
            key: stated
            for key, stated in fresh.items()
            if (*key, stated.amount) not in voided
        }
    BalanceStatement.objects.bulk_create(
        (
            BalanceStatement(
                book=book,
                asset=stated.asset,
                amount=stated.amount,
                at=stated.at,
                source=stated.source,
                batch=batch,
                recorded_at=now,
            )
            for stated in fresh.values()
        ),
        batch_size=ROWS,
    )
    return len(fresh)


def contradicted(
    book: Book, new: Sequence[NewBalance]
) -> list[tuple[NewBalance, BalanceStatement]]:
    """Those to which the same source stated another amount for the same time, each
    with what it stated."""
    known = _known(book, new)
    pairs = ((stated, known.get(_key(stated))) for stated in new)
    return [
        (stated, booked)
        for stated, booked in pairs
        if booked is not None and booked.amount != stated.amount
    ]


def contradiction(booked: BalanceStatement) -> str:
    when = f"{booked.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{booked.asset} at {when} is stated already as {text(booked.amount)}."


def _voided(book: Book) -> set[tuple[str, datetime, str, Decimal]]:
    """What a person took back. One query."""
    rows = BalanceStatement.objects.filter(book=book, event__isnull=False)
    return set(rows.values_list("asset", "at", "source", "amount"))


def _key(stated: NewBalance | BalanceStatement) -> tuple[str, datetime, str]:
    return stated.asset, stated.at, stated.source


def _known(
    book: Book, new: Sequence[NewBalance]
) -> dict[tuple[str, datetime, str], BalanceStatement]:
    """The standing statements of these times, in bounded queries."""
    known: dict[tuple[str, datetime, str], BalanceStatement] = {}
    times = sorted({stated.at for stated in new})
    for start in range(0, len(times), IDS):
        rows = BalanceStatement.objects.standing().filter(
            book=book, at__in=times[start : start + IDS]
        )
        known.update((_key(row), row) for row in rows)
    return known
