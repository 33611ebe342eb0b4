"""What of the books an answer about performance measures."""

from __future__ import annotations

from dataclasses import dataclass

from portfolio.domain.periods import Period

UNASSIGNED = "unassigned"


def stored_strategy(name: str) -> str:
    """The strategy as facts carry it: "" is the row `unassigned`."""
    return "" if name == UNASSIGNED else name


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A range, and a strategy or symbol or both ("" is all)."""

    period: Period
    strategy: str = ""
    symbol: str = ""

    @property
    def sliced(self) -> bool:
        return bool(self.strategy or self.symbol)

    def holds(self, symbol: str, strategy: str) -> bool:
        return (not self.symbol or symbol == self.symbol) and (
            not self.strategy or (strategy or UNASSIGNED) == self.strategy
        )
