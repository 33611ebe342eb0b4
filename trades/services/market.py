"""What prices and splits share: whose they are, and who may keep the desk's."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import User
from kernel.errors import Forbidden
from trades.models import MarketScope

KEEP_PRICES = "trades.keep_prices"


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
