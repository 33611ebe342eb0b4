"""What others state that books hold, as a person may read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from kernel.paging import Page, newest_first
from trades.models import BalanceEvent, BalanceStatement
from trades.queries.books import Reader, asked_book, readable_books, reads_every_book
from trades.queries.market import mending_history


@dataclass(frozen=True, kw_only=True)
class StatementFilter:
    """What the list is narrowed to; "" does not."""

    book: str = ""
    asset: str = ""


def statement_page(
    user: Reader, chosen: StatementFilter, *, limit: int, cursor: str = ""
) -> Page[BalanceStatement]:
    """The statements that stand, newest first by their time. One query, two with a
    book. Raises NotFound for one that they may not see."""
    rows = visible_statements(user).filter(undone=False).select_related("book")
    if chosen.book:
        rows = rows.filter(book=asked_book(user, chosen.book))
    if chosen.asset:
        rows = rows.filter(asset=chosen.asset.upper())
    return newest_first(rows, field="at", limit=limit, cursor=cursor)


def statement_history(
    statements: Iterable[BalanceStatement],
) -> dict[int, list[BalanceEvent]]:
    """{statement: the events that made it what it is, the first first}. Queries as
    for prices."""
    return mending_history(statements, BalanceEvent.objects.all(), "statement")


def visible_statements(user: Reader) -> QuerySet[BalanceStatement]:
    """Those of the books that a person reads, voided ones too."""
    rows = BalanceStatement.objects.all()
    if reads_every_book(user):
        return rows
    return rows.filter(book__in=readable_books(user).values("pk"))
