"""What an asset is in a book: cash, or lots of an instrument.

Derived from the facts known and never stored, so that a transfer's meaning does not
depend on what was booked before it (LEDGER.md §1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Quoted(Protocol):
    """`base` priced in `quote`."""

    symbol: str
    base: str
    quote: str


Q = TypeVar("Q", bound=Quoted)


def moved_instrument(
    asset: str, base_currency: str, traded: Iterable[Q], named: Q | None = None
) -> Q | None:
    """The instrument whose lots the asset moves; None where it is cash.

    The book's base currency is always cash. Any other asset moves lots of the
    instrument `named`, if that is one of it, else of those `traded` in the book the
    one that is quoted in the base currency, else the first by symbol; else it is cash.
    """
    if asset == base_currency:
        return None
    if named is not None and named.base == asset:
        return named
    choices = [instrument for instrument in traded if instrument.base == asset]
    return min(
        choices,
        key=lambda choice: (choice.quote != base_currency, choice.symbol, choice.quote),
        default=None,
    )
