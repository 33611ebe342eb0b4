"""Two years of two books, told as facts, and what they came to by sums that share no
code with the product: deposits, a split, a short, and a month with nothing in it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import empyrical
import numpy as np
import pyxirr
from django.utils import timezone

from tests.portfolio.conftest import deposit, fill, price
from trades.domain.facts import NewFill, NewPrice, NewTransfer

LENGTH = 730
SPLIT_ON, RATIO = 250, 4
EMPTIED, REFILLED = 400, 431
OWNERS = {
    "BTC-USD": "trend",
    "AAPL-USD": "trend",
    "ETH-USD": "fade",
    "TSLA-USD": "fade",
}
FIRST = timezone.now().date() - timedelta(days=LENGTH)
D = Decimal
ZERO = D(0)
Key = tuple[str, str]  # symbol, strategy


def day_of(n: int) -> date:
    return FIRST + timedelta(days=n)


def at(n: int, clock: str) -> str:
    return f"{day_of(n)}T{clock}"


@dataclass
class Told:
    """One day of one book: the sums before a return is made of them."""

    start: D = ZERO
    paid_in: D = ZERO
    taken: D = ZERO
    end: D = ZERO
    gross: D = ZERO
    net: D = ZERO
    by: dict[Key, D] = field(default_factory=dict)


@dataclass
class BookStory:
    """The facts of one book, and its days and round trips (symbol, day, net)."""

    fills: list[NewFill] = field(default_factory=list)
    transfers: list[NewTransfer] = field(default_factory=list)
    days: list[Told] = field(default_factory=list)
    trips: list[tuple[str, int, D]] = field(default_factory=list)


def quotes(seed: int) -> dict[str, list[D]]:
    chance = random.Random(seed)
    result: dict[str, list[D]] = {}
    for symbol, start in (
        *zip(OWNERS, (300, 160, 20, 80), strict=True),
        ("IDX-USD", 50),
    ):
        level, listed = float(start), []
        for n in range(LENGTH):
            level *= 1 + chance.gauss(0.0004, 0.02)
            shown = level / RATIO if symbol == "AAPL-USD" and n >= SPLIT_ON else level
            listed.append(D(f"{shown:.4f}"))
        result[symbol] = listed
    return result


QUOTES = quotes(7)


def is_weekday(n: int) -> bool:
    return day_of(n).weekday() < 5


def prices() -> list[NewPrice]:
    """Of each day at 22:00; the index has no weekends."""
    return [
        price(symbol, str(listed[n]), at(n, "22:00:00"))
        for symbol, listed in QUOTES.items()
        for n in range(LENGTH)
        if symbol != "IDX-USD" or is_weekday(n)
    ]


def story(name: str, capital: int, *, emptied: bool) -> BookStory:
    """Trades at noon by chance, half a percent from the day's price, a fee of 1."""
    chance, told = random.Random(name), BookStory()
    cash, equity = D(0), D(0)
    held: dict[str, D] = defaultdict(D)
    spent: dict[str, D] = defaultdict(D)
    moves = {0: D(capital), 200: D(capital) / 2, 300: -D(capital) / 5}
    for n in range(LENGTH):
        today = Told(start=equity)
        value_before = {symbol: _worth(held, symbol, n - 1) for symbol in OWNERS}
        flow: dict[str, D] = defaultdict(D)
        if n == SPLIT_ON:
            held["AAPL-USD"] *= RATIO
        if emptied and n == REFILLED:
            moves[n] = D(capital)
        if n in moves:
            cash += moves[n]
            _pay(told, today, f"{name}-{n}", moves[n], at(n, "09:00:00"))
        is_empty = emptied and EMPTIED < n < REFILLED
        for symbol, strategy in OWNERS.items():
            if is_empty:
                continue
            amount = _wanted(chance, held[symbol], symbol)
            if emptied and n == EMPTIED:
                amount = -held[symbol]
            if not amount:
                continue
            unit = (QUOTES[symbol][n] * D("1.005")).quantize(D("0.0001"))
            told.fills.append(
                fill(
                    f"{name}-{symbol}-{n}",
                    "buy" if amount > 0 else "sell",
                    str(abs(amount)),
                    str(unit),
                    at(n, "12:00:00"),
                    symbol=symbol,
                    strategy=strategy,
                    fee="1",
                )
            )
            paid = amount * unit + 1
            cash, flow[symbol] = cash - paid, flow[symbol] - paid
            spent[symbol] -= paid
            held[symbol] += amount
            if not held[symbol]:
                told.trips.append((symbol, n, spent.pop(symbol)))
        if emptied and n == EMPTIED:
            _pay(told, today, f"{name}-out", -cash, at(n, "18:00:00"))
            cash = D(0)
        worths = {symbol: _worth(held, symbol, n) for symbol in OWNERS}
        equity = cash + sum(worths.values())
        today.end, today.net = equity, sum(worths.values(), D(0))
        today.gross = sum(map(abs, worths.values()), D(0))
        for symbol, strategy in OWNERS.items():
            gained = worths[symbol] - value_before[symbol] + flow[symbol]
            today.by[symbol, strategy] = gained
        told.days.append(today)
    return told


def _worth(held: dict[str, D], symbol: str, n: int) -> D:
    return held[symbol] * QUOTES[symbol][n] if n >= 0 else D(0)


def _pay(told: BookStory, today: Told, name: str, amount: D, when: str) -> None:
    told.transfers.append(deposit(name, str(amount), when))
    if amount > 0:
        today.paid_in += amount
    else:
        today.taken -= amount


def _wanted(chance: random.Random, held: D, symbol: str) -> D:
    """Opens on one day in nine, closes on one in six; TSLA is only ever sold short."""
    roll = chance.random()
    if held:
        return -held if roll < 1 / 6 else D(0)
    sign = -1 if symbol == "TSLA-USD" else 1
    return D(sign * chance.randint(1, 40)) if roll < 1 / 9 else D(0)


# --- what it came to --------------------------------------------------------------------------


def oracle(
    books: Iterable[BookStory],
    first: int,
    last: int,
    holds: Callable[[str, str], bool],
    *,
    whole: bool,
) -> dict[str, float]:
    """Every figure of the days `first` to `last`, by other people's libraries."""
    books = list(books)
    rows = [[book.days[n] for book in books] for n in range(first, last + 1)]
    bases = [float(sum(d.start + d.paid_in for d in row)) for row in rows]
    pnls = [
        float(sum(gain for d in row for key, gain in d.by.items() if holds(*key)))
        for row in rows
    ]
    seen = [bool(base) for base in bases]
    every = [pnl / base if base else 0.0 for pnl, base in zip(pnls, bases, strict=True)]
    r = np.array([x for x, ok in zip(every, seen, strict=True) if ok])
    began = next(n for n, ok in enumerate(seen) if ok)
    calendar = len(seen) - began
    total = float(np.prod(1 + r) - 1)
    nets = [
        float(net)
        for book in books
        for symbol, n, net in book.trips
        if first <= n <= last and holds(symbol, OWNERS[symbol])
    ]
    won, lost = [x for x in nets if x > 0], [x for x in nets if x < 0]
    curve = np.concatenate([[1.0], np.cumprod(1 + r)])
    deepest = float((curve / np.maximum.accumulate(curve) - 1).min())
    cagr = (1 + total) ** (365 / calendar) - 1
    line = np.cumsum(np.log1p(r))
    figures = {
        "total_return": total,
        "cagr": cagr,
        "calmar": cagr / abs(deepest),
        "max_drawdown": deepest,
        "volatility": empyrical.annual_volatility(r, annualization=365),
        "sharpe": empyrical.sharpe_ratio(r, annualization=365),
        "sortino": empyrical.sortino_ratio(r, annualization=365),
        "omega": empyrical.omega_ratio(r),
        "value_at_risk": empyrical.value_at_risk(r),
        "expected_shortfall": empyrical.conditional_value_at_risk(r),
        "tail_ratio": empyrical.tail_ratio(r),
        "stability": np.corrcoef(np.arange(len(line)), line)[0, 1] ** 2,
        "win_rate": len(won) / len(nets),
        "profit_factor": sum(won) / -sum(lost),
        "expectancy": sum(nets) / len(nets),
        "pnl": sum(pnls),
        **_beside(every, seen, first, last),
    }
    if whole:
        figures["money_weighted"] = _xirr(rows, first)
        parts = [(sum(d.gross for d in row), sum(d.net for d in row)) for row in rows]
        ends = [float(sum(d.end for d in row)) for row in rows]
        shares = [
            (float(gross) / end, float(net) / end) if end else (0.0, 0.0)
            for (gross, net), end in zip(parts, ends, strict=True)
        ]
        figures["gross_exposure"], figures["net_exposure"] = np.mean(
            shares[began:], axis=0
        )
    return figures


def _xirr(rows: list[list[Told]], first: int) -> float:
    flows: dict[date, float] = defaultdict(float)
    for n, row in enumerate(rows):
        today = day_of(first + n)
        start = 0 if n else sum(d.start for d in row)
        flows[today] -= float(start + sum(d.paid_in for d in row))
        flows[today + timedelta(days=1)] += float(sum(d.taken for d in row))
    end = sum(d.end for d in rows[-1])
    flows[day_of(first + len(rows))] += float(end)
    dated = sorted((when, amount) for when, amount in flows.items() if amount)
    return float(pyxirr.xirr(dated) or 0)


def _beside(
    every: list[float], seen: list[bool], first: int, last: int
) -> dict[str, float]:
    """Against the index, from close to close."""
    index = QUOTES["IDX-USD"]
    closes = [n for n in range(first - 5, last + 1) if n >= 0 and is_weekday(n)]
    before = [n for n in closes if n < first]
    closes = [*before[-1:], *(n for n in closes if n >= first)]
    own, other = [], []
    for start, end in pairwise(closes):
        days = range(max(start + 1, first) - first, end - first + 1)
        if any(seen[n] for n in days):
            own.append(float(np.prod([1 + every[n] for n in days]) - 1))
            other.append(float(index[end] / index[start] - 1))
    r, b = np.array(own), np.array(other)
    return {
        "benchmark_return": float(index[closes[-1]] / index[closes[0]] - 1),
        "beta": empyrical.beta(r, b),
        "alpha": empyrical.alpha(r, b, annualization=252),
        "information_ratio": empyrical.excess_sharpe(r, b) * np.sqrt(252),
        "up_capture": empyrical.up_capture(r, b),
        "down_capture": empyrical.down_capture(r, b),
    }
