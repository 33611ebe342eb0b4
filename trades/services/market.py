"""What prices and splits share: whose they are, and how one is taken back.

Nothing is changed or deleted: an event says who withdrew a row and why, and names the
one that stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from accounts.models import User
from kernel.errors import Conflict, Forbidden, NotFound
from trades.models import MarketScope, Price, Split
from trades.queries.books import Reader
from trades.queries.market import visible

KEEP_PRICES = "trades.keep_prices"
Row = TypeVar("Row", Price, Split)


def check_scopes(scopes: Iterable[str], by: User) -> None:
    """Raises Forbidden for the desk's facts without the permission, and for own ones
    of a person who has no books of their own."""
    for scope in set(scopes):
        if scope == MarketScope.DESK and not by.has_perm(KEEP_PRICES):
            raise Forbidden(
                "What the desk says counts for every book: that needs the permission "
                "to keep prices. Without scope it counts for your own books.",
                code="keep_prices",
            )
        if scope == MarketScope.OWN and not by.has_perm("trading.own"):
            raise Forbidden(
                "Own prices and splits count for books of one's own.", code="not_owner"
            )


def scopes_of(user: Reader) -> list[str]:
    """For whom what a person enters may count; none: they enter nothing."""
    own = [MarketScope.OWN.value] if user.has_perm("trading.own") else []
    desk = [MarketScope.DESK.value] if user.has_perm(KEEP_PRICES) else []
    return own + desk


def may_mend(row: Price | Split, by: Reader) -> bool:
    if row.scope == MarketScope.DESK:
        return by.has_perm(KEEP_PRICES)
    return row.author_id == by.pk and by.has_perm("trading.own")


def to_mend(model: type[Row], pk: int, by: User) -> Row:
    """The standing row, locked. Raises NotFound where the person may not see it,
    Forbidden where it is not theirs, Conflict where it was withdrawn already."""
    rows = model._default_manager.select_for_update()
    row = visible(rows, by).filter(pk=pk).first()
    noun = model._meta.verbose_name
    if row is None:
        raise NotFound(f"There is no such {noun} that you may see.", code=str(noun))
    if not may_mend(row, by):
        if row.scope == MarketScope.DESK:
            check_scopes([row.scope], by)
        raise Forbidden(f"Only its author mends a {noun}.", code="not_owner")
    if row.withdrawn_at is not None:
        raise Conflict(
            f"This {noun} was voided or corrected already: look at its history.",
            code="withdrawn",
        )
    return row


def withdraw(row: Price | Split, now: datetime) -> None:
    """Let a row count no more, so that its place is free for another."""
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])


def nothing_changed(noun: str) -> Conflict:
    return Conflict(f"The {noun} says that already.", code="unchanged")
