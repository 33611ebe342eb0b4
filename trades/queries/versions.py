"""Which state of the ledger a person reads: a number that each write changes.

An answer that was computed for one version of a person's books is right for as long
as they have it. Every writer locks its book, and that makes a new version of it
(`trades.services.books.locked`); prices and splits are events of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from kernel.prepared import prepared

# The name of what changes with any book at all, where books are too many to name.
LEDGER = "ledger"
MOST_NAMED = 16
# What every answer about money may depend on: which books there are, and what things
# were worth.
FOR_ALL = ("books", "prices")
MARKET = """SELECT
    (SELECT max(id) FROM trades_price), (SELECT max(id) FROM trades_priceevent),
    (SELECT max(id) FROM trades_split), (SELECT max(id) FROM trades_splitevent)
"""


@dataclass(frozen=True, slots=True)
class LedgerVersion:
    """`names` are those that the writers of these books change
    (`kernel.versions`), `numbers` what the database holds."""

    names: tuple[str, ...]
    numbers: tuple[int | None, ...]


def ledger_version(owner_id: int | None) -> LedgerVersion:
    """The version of this person's own books; of all books for None. Two statements,
    none of which reads a fact."""
    with prepared(connection) as cursor:
        cursor.execute(MARKET)
        market = cursor.fetchone()
        if owner_id is None:
            cursor.execute("SELECT count(*), sum(version) FROM trades_book")
            return LedgerVersion((*FOR_ALL, LEDGER), (*market, *cursor.fetchone()))
        cursor.execute(
            "SELECT id, version FROM trades_book WHERE owner_id = %s ORDER BY id",
            [owner_id],
        )
        books = cursor.fetchall()
    names = names_of([book for book, _ in books])
    return LedgerVersion((*FOR_ALL, *names), (*market, *sum(books, ())))


def names_of(book_ids: Sequence[int]) -> list[str]:
    """What the writers of these books change."""
    if len(book_ids) > MOST_NAMED:
        return [LEDGER]
    return [f"{kind}:{book}" for book in book_ids for kind in ("book", "equity")]
