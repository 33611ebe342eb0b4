"""Prices that never were: two years of closes of six instruments, from one seed.

Whole numbers from one generator, no clock. The market falls for eight weeks some
eleven months before the end, and goes on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from trades.domain.facts import NewPrice

DAYS = 730
MILLION = 1_000_000
SEED = 20260301
SOURCE = "demo"
CRISIS = range(410, 467)
HOURLY_DAYS = 3
DAY_END = 86_340


@dataclass(frozen=True)
class Listing:
    """What the desk trades: start price in cents, daily noise and share of the
    market's move in millionths, and by which strategies."""

    symbol: str
    asset_class: str
    cents: int
    noise: int
    beta: int
    decimals: int
    strategies: tuple[str, str]

    @property
    def weekdays_only(self) -> bool:
        return self.asset_class == "equity"

    @property
    def step(self) -> Decimal:
        return Decimal(1).scaleb(-self.decimals)


CURRENCY = "USD"  # of every account and symbol here
INSTRUMENTS = (
    Listing(
        "BTC-USD", "crypto", 6_180_000, 19_000, 900, 4, ("momentum-4h", "basis-carry")
    ),
    Listing(
        "ETH-USD", "crypto", 312_000, 23_000, 1_100, 3, ("momentum-4h", "sentiment")
    ),
    Listing("SOL-USD", "crypto", 13_900, 30_000, 1_250, 2, ("meanrev-1h", "sentiment")),
    Listing("NVDA", "equity", 11_800, 19_000, 800, 0, ("momentum-4h", "meanrev-1h")),
    Listing("AAPL", "equity", 20_900, 11_000, 450, 0, ("meanrev-1h", "basis-carry")),
    Listing("SPY", "equity", 56_100, 6_000, 400, 0, ("basis-carry", "sentiment")),
)


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _noise(draw: random.Random, size: int) -> int:
    """About normal, with standard deviation `size`."""
    return sum(draw.randint(-1000, 1000) for _ in range(6)) * size // 1414


def _market_move(draw: random.Random, day: int) -> int:
    """The market's move of a day, in millionths: mostly calm, falling in the crisis."""
    if day in CRISIS:
        return -6_500 + _noise(draw, 17_000)
    return 650 + _noise(draw, 9_500)


def _paths() -> list[list[int]]:
    """Daily closes in cents of each instrument, one more than DAYS."""
    draw = random.Random(SEED)  # noqa: S311 - a demonstration, not a secret
    paths = [[instrument.cents] for instrument in INSTRUMENTS]
    for day in range(DAYS + 1):
        move = _market_move(draw, day)
        for instrument, path in zip(INSTRUMENTS, paths, strict=True):
            own = move * instrument.beta // 1000 + _noise(draw, instrument.noise)
            path.append(max(100, path[-1] * (MILLION + own) // MILLION))
    return paths


@dataclass(frozen=True)
class Market:
    """Prices by day and hour. Day 0 is two years before the last, day DAYS."""

    first: date
    until: datetime
    paths: Mapping[str, Sequence[int]]

    def at(self, day: int, seconds: int) -> datetime:
        midnight = datetime.combine(self.first + timedelta(days=day), time(), UTC)
        return midnight + timedelta(seconds=seconds)

    def open(self, instrument: Listing, day: int) -> bool:
        return not instrument.weekdays_only or self.at(day, 0).weekday() < 5

    def next_open(self, instrument: Listing, day: int) -> int:
        while not self.open(instrument, day):
            day += 1
        return day

    def cents(self, symbol: str, day: int, seconds: int) -> int:
        """Between the day's two closes, in proportion to the time passed."""
        before, after = self.paths[symbol][day : day + 2]
        return before + (after - before) * seconds // 86_400

    def prices(self) -> Iterator[NewPrice]:
        """A mark at each day's end, hourly ones on the last days, none ahead."""
        for instrument in INSTRUMENTS:
            for day in range(DAYS + 1):
                if not self.open(instrument, day):
                    continue
                hours = range(1, 24) if day > DAYS - HOURLY_DAYS else ()
                for seconds in (*(hour * 3600 for hour in hours), DAY_END):
                    at = self.at(day, seconds)
                    if at <= self.until:
                        price = money(self.cents(instrument.symbol, day, seconds))
                        yield NewPrice(
                            symbol=instrument.symbol,
                            at=at,
                            price=price,
                            source=SOURCE,
                            currency=CURRENCY,
                            scope="desk",
                        )


def market_until(until: datetime) -> Market:
    """The two years that end at `until` (UTC)."""
    symbols = [instrument.symbol for instrument in INSTRUMENTS]
    paths = dict(zip(symbols, _paths(), strict=True))
    return Market(until.date() - timedelta(days=DAYS), until, paths)
