"""What somebody else says that a book holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError
from kernel.numbers import text
from trades.domain.facts import NewBalance
from trades.models import BalanceStatement, Book, ImportBatch
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
            bump(f"book:{book.pk}")
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


def save_statements(
    book: Book, new: Sequence[NewBalance], batch: ImportBatch | None, now: datetime
) -> int:
    """Store statements; returns how many are new. Raises Conflict where the same
    source states another amount for the same time."""
    keys = {(stated.asset, stated.at, stated.source): stated for stated in new}
    if not keys:
        return 0
    known = BalanceStatement.objects.standing().filter(
        book=book, at__in={stated.at for stated in new}
    )
    for row in known:
        stated = keys.pop((row.asset, row.at, row.source), None)
        if stated is not None and stated.amount != row.amount:
            raise Conflict(
                f"{row.asset} at that time is stated already as {text(row.amount)}.",
                code="balance",
                errors=[FieldError("/amount", "other_content", "differs")],
            )
    BalanceStatement.objects.bulk_create(
        BalanceStatement(
            book=book,
            asset=stated.asset,
            amount=stated.amount,
            at=stated.at,
            source=stated.source,
            batch=batch,
            recorded_at=now,
        )
        for stated in keys.values()
    )
    return len(keys)
