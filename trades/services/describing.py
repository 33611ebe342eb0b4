"""What an instrument is, beside what happened in it."""

from __future__ import annotations

from decimal import Decimal

from trades.models import Instrument


def describe_instrument(
    symbol: str, quote: str, *, step: Decimal, tick: Decimal, asset_class: str
) -> None:
    """Set the smallest quantity, the smallest price move and the class of an
    instrument that was traded."""
    Instrument.objects.filter(symbol=symbol, quote=quote).update(
        step=step, tick=tick, asset_class=asset_class
    )
