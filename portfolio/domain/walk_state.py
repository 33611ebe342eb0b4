"""The state of a walk at the end of a day as plain values, and the walk that goes on
from there: to the last digit as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portfolio.domain.equity import SliceState, Walk


def state_of(walk: Walk) -> dict[str, Any]:
    """Plain lists and texts. A walk that `waits` has more than these hold."""
    return {
        "held": [
            [*key, str(held.quantity), str(held.cost), str(held.earned)]
            for key, held in walk.held.items()
        ],
        "earned": [[*key, str(earned)] for key, earned in walk.earned.items()],
        "cash": {currency: str(amount) for currency, amount in walk.cash.items()},
        "moved": str(walk.funding.moved),
        "implied": str(walk.funding.implied),
        "deposited": walk.funding.deposited,
        "equity": str(walk.equity),
    }


def go_on(walk: Walk, state: Mapping[str, Any]) -> Walk:
    """A walk that has not begun, put where `state_of` was asked."""
    for symbol, strategy, quantity, cost, earned in state["held"]:
        walk.held[symbol, strategy] = SliceState(
            quantity=Decimal(quantity), cost=Decimal(cost), earned=Decimal(earned)
        )
    walk.earned = {
        (symbol, strategy): Decimal(earned)
        for symbol, strategy, earned in state["earned"]
    }
    for currency, amount in state["cash"].items():
        walk.cash[currency] = Decimal(amount)
    walk.funding.moved = Decimal(state["moved"])
    walk.funding.implied = Decimal(state["implied"])
    walk.funding.deposited = state["deposited"]
    walk.equity = Decimal(state["equity"])
    return walk
