"""What somebody else says that a book holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

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
    row = _to_mend(pk, by)
    with transaction.atomic():
        now = _withdraw(row)
        BalanceEvent.objects.create(
            statement=row, reason=reason, author=by, recorded_at=now
        )
        _say(row, "voided", reason, by)
    return row


def correct_balance(
    pk: int, change: Callable[[NewBalance], NewBalance], reason: str, by: User
) -> BalanceStatement:
    """Put another statement in the place of one; returns it. `change` makes it from
    what stands; book and source stay. Raises as void_balance, what `change` raises, and
    Conflict where its place is taken or nothing would change."""
    row = _to_mend(pk, by)
    old = NewBalance(
        asset=row.asset,
        amount=row.amount,
        at=row.at,
        book=row.book.name,
        source=row.source,
    )
    new = replace(change(old), book=old.book, source=old.source)
    if new == old:
        raise Conflict("The balance says that already.", code="unchanged")
    with transaction.atomic():
        now = _withdraw(row)
        taken = _known(row.book, [new]).get(_key(new))
        if taken is not None:
            raise Conflict(
                contradiction(taken),
                code="balance",
                errors=[FieldError("/at", "taken", "is stated already")],
            )
        stands = BalanceStatement.objects.create(
            book=row.book,
            asset=new.asset,
            amount=new.amount,
            at=new.at,
            source=new.source,
            batch=row.batch,  # it goes with its file
            recorded_at=now,
        )
        BalanceEvent.objects.create(
            statement=row,
            replacement=stands,
            reason=reason,
            author=by,
            recorded_at=now,
        )
        _say(
            row,
            "corrected",
            reason,
            by,
            instead=f"{stands.asset} {text(stands.amount)}",
        )
    return stands


def _to_mend(pk: int, by: User) -> BalanceStatement:
    row = visible_statements(by).filter(pk=pk).select_related("book").first()
    if row is None:
        raise NotFound("There is no such balance that you may see.", code="balance")
    if row.book.owner_id != by.pk or not by.has_perm("trading.own"):
        raise Forbidden("Only the owner writes in a book.", code="not_owner")
    return row


def _withdraw(row: BalanceStatement) -> datetime:
    """Let it count no more, under the book's lock; when that is recorded."""
    now = moment(locked(row.book))
    if not BalanceStatement.objects.standing().filter(pk=row.pk).update(undone=True):
        raise _withdrawn()
    row.undone = True
    return now


def _withdrawn() -> Conflict:
    return Conflict("This balance counts no more already.", code="withdrawn")


def _say(row: BalanceStatement, done: str, reason: str, by: User, **more: str) -> None:
    audit.append(
        f"trades.balance.{done}",
        actor=by.actor,
        object=f"book:{row.book_id}",
        data={
            "asset": row.asset,
            "amount": text(row.amount),
            "reason": reason,
            **more,
        },
    )


def save_statements(
    book: Book, new: Sequence[NewBalance], batch: ImportBatch | None, now: datetime
) -> int:
    """Store statements; returns how many are new. What a file states that was voided
    or corrected stays so. Raises Conflict where the same source states another amount
    for the same time."""
    if batch is not None:
        new = _not_withdrawn(book, new)
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
    """Those of a file to which the same source stated another amount for the same
    time, each with what it stated."""
    known = _known(book, new)
    told = _not_withdrawn(book, new)
    pairs = ((stated, known.get(_key(stated))) for stated in told)
    return [
        (stated, booked)
        for stated, booked in pairs
        if booked is not None and booked.amount != stated.amount
    ]


def contradiction(booked: BalanceStatement) -> str:
    when = f"{booked.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{booked.asset} at {when} is stated already as {text(booked.amount)}."


def _not_withdrawn(book: Book, new: Sequence[NewBalance]) -> Sequence[NewBalance]:
    """Without what a person took back. One query."""
    if not new:
        return new
    rows = BalanceStatement.objects.filter(book=book, event__isnull=False)
    withdrawn = set(rows.values_list("asset", "at", "source", "amount"))
    return [row for row in new if (*_key(row), row.amount) not in withdrawn]


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
