"""What an instrument or a strategy is, beside what happened in it."""

from __future__ import annotations

from decimal import Decimal

from trades.models import Instrument, Strategy


def describe_instrument(
    symbol: str, quote: str, *, step: Decimal, tick: Decimal, asset_class: str
) -> None:
    """Set the smallest quantity, the smallest price move and the class of an
    instrument that was traded."""
    Instrument.objects.filter(symbol=symbol, quote=quote).update(
        step=step, tick=tick, asset_class=asset_class
    )


def describe_strategy(name: str, title: str) -> None:
    """Say in a few words what a strategy, in whichever book, does."""
    Strategy.objects.filter(name=name).update(title=title)
