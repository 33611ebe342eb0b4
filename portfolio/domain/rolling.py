"""Volatility and Sharpe ratio of the returns of each last so many days."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portfolio.domain import statistics as stats
from portfolio.domain.statistics import Undefined

Statistic = Callable[[Sequence[float]], float]


def rolling(
    returns: Sequence[float], window: int, statistic: Statistic
) -> list[float | None]:
    """One value for each return from the `window`th on; None where it is undefined."""
    return [
        _or_none(statistic, returns[end - window : end])
        for end in range(window, len(returns) + 1)
    ]


def _or_none(statistic: Statistic, returns: Sequence[float]) -> float | None:
    try:
        return statistic(returns)
    except Undefined:
        return None


def sharpe(returns: Sequence[float], window: int, ppy: int) -> list[float | None]:
    return rolling(returns, window, lambda part: stats.sharpe(part, ppy))


def volatility(returns: Sequence[float], window: int, ppy: int) -> list[float | None]:
    return rolling(returns, window, lambda part: stats.volatility(part, ppy))
