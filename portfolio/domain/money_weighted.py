"""The return of the money that was there: what came late counts from when it came."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pyxirr import InvalidPaymentsError, xirr

from kernel.numbers import ZERO
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import ONE_DAY, Day
from portfolio.domain.statistics import Undefined, floats


def flows(days: Sequence[Day]) -> list[tuple[date, Decimal]]:
    """What the owner paid (negative) and took (positive), by the day that it began on.

    As in `returns`, an inflow counts at the start of its day and an outflow at its end,
    the start of the next; the equity at the end is taken out then.
    """
    by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for n, day in enumerate(days):
        by_day[day.day] -= day.inflow if n else day.base
        by_day[day.day + ONE_DAY] += day.outflow
    if days:
        by_day[days[-1].day + ONE_DAY] += days[-1].equity
    return sorted((at, amount) for at, amount in by_day.items() if amount)


def rate(days: Sequence[Day]) -> float:
    """The yearly rate (act/365) at which all that was paid in is worth all that was
    taken out (XIRR). Raises Undefined where no one rate does that."""
    paid = flows(days)
    try:
        yearly = xirr([at for at, _ in paid], floats(amount for _, amount in paid))
    except InvalidPaymentsError as error:  # one sign only
        raise Undefined(Reason.NO_SOLUTION) from error
    if yearly is None or not math.isfinite(yearly):
        raise Undefined(Reason.NO_SOLUTION)
    return yearly
