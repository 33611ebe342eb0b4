"""A desk that never was: two years of decisions and fills in its two books.

Deterministic: whole numbers from one seed, no clock. The desk follows its models
with a small edge and loses it in the market's crisis; so there are losing months
and one drawdown that hurts. Every figure that pages show is then computed from
these facts like from anybody's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from rrr_dashboard.demo.decisions import Call, decision
from rrr_dashboard.demo.market import (
    CRISIS,
    DAYS,
    INSTRUMENTS,
    MILLION,
    SEED,
    Listing,
    Market,
    market_until,
    money,
)
from trades.domain.facts import NewDecision, NewFill, NewPrice, NewTransfer

RECOVERY = range(467, 595)
OPEN_DAYS = 6


@dataclass(frozen=True)
class Account:
    """A book of the desk: who owns it, what it trades and how large. `flows` are
    (day, kind, amount)."""

    name: str
    owner: str
    capital: int
    symbols: tuple[str, ...]
    since: int
    flows: tuple[tuple[int, str, int], ...]
    seed: int

    def paid_in(self, day: int) -> int:
        """What sizes are taken from, in cents: paid in so far, not what was earned."""
        paid = sum(amount for since, _, amount in self.flows if day >= since)
        return (self.capital + paid) * 100


ACCOUNTS = (
    Account(
        name="Alpha desk",
        owner="trader",
        capital=1_000_000,
        symbols=tuple(instrument.symbol for instrument in INSTRUMENTS),
        since=0,
        flows=(
            (207, "deposit", 250_000),
            (455, "withdrawal", -90_000),
            (610, "deposit", 120_000),
        ),
        seed=1,
    ),
    Account(
        name="Beta sleeve",
        owner="trader2",
        capital=150_000,
        symbols=("ETH-USD", "SPY"),
        since=430,
        flows=((600, "withdrawal", -10_000),),
        seed=2,
    ),
)


@dataclass
class DemoBook:
    """One account's facts, in order of time."""

    account: Account
    fills: list[NewFill] = field(default_factory=list)
    transfers: list[NewTransfer] = field(default_factory=list)
    decisions: list[NewDecision] = field(default_factory=list)


def history(until: datetime) -> tuple[list[DemoBook], list[NewPrice]]:
    """The books and the prices they share of the two years that end at `until`
    (UTC); nothing happens after it."""
    market = market_until(until)
    return [_book(account, market) for account in ACCOUNTS], list(market.prices())


def _book(account: Account, market: Market) -> DemoBook:
    book = DemoBook(account)
    book.transfers.extend(_cash(account, market))
    for position, instrument in enumerate(INSTRUMENTS):
        if instrument.symbol in account.symbols:
            draw = random.Random(SEED + 100 * account.seed + position)  # noqa: S311
            _trade(book, instrument, market, draw)
    book.fills.sort(key=lambda fill: (fill.executed_at, fill.external_id))
    book.decisions.sort(key=lambda call: (call.decided_at, call.external_id))
    return book


def _cash(account: Account, market: Market) -> Iterator[NewTransfer]:
    flows = [(account.since, "deposit", account.capital * 100)]
    flows += [(day, kind, amount * 100) for day, kind, amount in account.flows]
    for day in range(account.since + 30, DAYS, 30):
        flows.append((day, "fee", -account.capital // 1000 * 90))
        flows.append((day, "interest", account.capital // 1000 * 60 + day * 11))
    notes = {"fee": "data and connectivity", "interest": "on idle cash"}
    for day, kind, cents in sorted(flows):
        at = market.at(day, 8 * 3600 if kind == "deposit" else 21 * 3600)
        if at <= market.until:
            yield NewTransfer(
                external_id=f"{account.seed}-{kind}-{day:04d}",
                kind=kind,
                asset="USD",
                amount=money(cents),
                at=at,
                note=notes.get(kind, ""),
            )


def _skill(day: int) -> int:
    """How often of 1000 a call is right."""
    if day in CRISIS:
        return 185
    return 640 if day in RECOVERY else 620


@dataclass(frozen=True)
class Idea:
    """One idea: when in, when out, which way."""

    number: int
    strategy: str
    long: bool
    enter: int
    leave: int
    size: int  # in thousandths of the capital


def _trips(
    account: Account, instrument: Listing, market: Market, draw: random.Random
) -> Iterator[Idea]:
    day, number = account.since + 1 + draw.randint(0, 3), 0
    path = market.paths[instrument.symbol]
    luck = draw.randint(0, 999)
    while day <= DAYS:
        strategy = instrument.strategies[draw.randint(0, 9) > 5]
        hold = draw.choice((1, 1, 2, 2, 3, 3, 4, 5, 7, 11))
        luck += _skill(day)  # spread evenly, so that every start day tells one story
        right = luck >= 1000
        luck -= 1000 * right
        doubts = draw.randint(1, 100)
        size = draw.randint(80, 195)
        gap = draw.choice((0, 0, 1, 1, 2))
        enter = market.next_open(instrument, day)
        if enter > DAYS - OPEN_DAYS:  # the last ideas are still running
            hold = 2 * OPEN_DAYS
        leave = market.next_open(instrument, enter + hold)
        if enter > DAYS:
            return
        rises = path[min(leave, DAYS) + 1] >= path[enter]
        running = leave > DAYS
        long = doubts <= 80 if running else rises == right
        if running or long or doubts > 60:
            number += 1
            yield Idea(number, strategy, long, enter, leave, size)
        day = leave + 1 + gap


def _trade(
    book: DemoBook, instrument: Listing, market: Market, draw: random.Random
) -> None:
    for trip in _trips(book.account, instrument, market, draw):
        capital = book.account.paid_in(trip.enter)
        price = market.cents(instrument.symbol, trip.enter, 43_200)
        units = capital * trip.size // 1000 * 10**instrument.decimals // price
        entry = Order(book.account, instrument, trip, opening=True)
        held = _execute(entry, units, book, market)
        if held and trip.leave <= DAYS:
            leaving = Order(book.account, instrument, trip, opening=False)
            _execute(leaving, held, book, market)


@dataclass(frozen=True)
class Order:
    """One way of a trip: in or out."""

    account: Account
    instrument: Listing
    trip: Idea
    opening: bool

    @property
    def day(self) -> int:
        return self.trip.enter if self.opening else self.trip.leave

    @property
    def buying(self) -> bool:
        return self.trip.long == self.opening

    @property
    def name(self) -> str:
        way = "in" if self.opening else "out"
        return (
            f"{self.account.seed}-{self.instrument.symbol}-{self.trip.number:04d}-{way}"
        )


@dataclass(frozen=True)
class Slice:
    """A piece of an order: how much, how many seconds later, with which slip (in
    millionths), and whether it waited in the book."""

    units: int
    later: int
    slip: int
    maker: bool


def _parts(units: int, draw: random.Random) -> list[Slice]:
    pieces = draw.choice((2, 3, 4, 5, 6, 6))
    slices = [units // pieces] * (pieces - 1)
    slices.append(units - sum(slices))
    moments = sorted(draw.randint(20, 5400) for _ in slices)
    slips = [draw.randint(20, 420) for _ in slices]
    makers = [draw.randint(1, 10) <= 4 for _ in slices]
    return [Slice(*part) for part in zip(slices, moments, slips, makers, strict=True)]


def _execute(order: Order, units: int, book: DemoBook, market: Market) -> int:
    """Decide, then fill in parts; returns the units filled by now."""
    draw = random.Random(f"{SEED} {order.name}")  # noqa: S311 - of this order alone
    weekdays_only = order.instrument.weekdays_only
    first, last = (14, 18) if weekdays_only else (2, 20)
    start = draw.randint(first * 3600, last * 3600)
    confidence = draw.randint(505, 835)
    parts = _parts(units, draw)
    if market.at(order.day, start) > market.until:
        return 0
    call = Call(
        name=order.name,
        symbol=order.instrument.symbol,
        strategy=order.trip.strategy,
        day=order.day,
        seconds=start,
        long=order.trip.long,
        opening=order.opening,
        size=order.trip.size,
        confidence=confidence,
    )
    book.decisions.append(decision(call, market))
    filled = 0
    for number, part in enumerate(parts, 1):
        if part.units and market.at(order.day, start + part.later) <= market.until:
            book.fills.append(_fill(order, part, number, start, market))
            filled += part.units
    return filled


def _fill(
    order: Order, part: Slice, number: int, start: int, market: Market
) -> NewFill:
    instrument, seconds = order.instrument, start + part.later
    slip = part.slip if order.buying else -part.slip
    cents = market.cents(instrument.symbol, order.day, seconds)
    price = money(cents * (MILLION + slip) // MILLION)
    quantity = Decimal(part.units).scaleb(-instrument.decimals)
    return NewFill(
        external_id=f"{order.name}-{number}",
        symbol=instrument.symbol,
        side="buy" if order.buying else "sell",
        quantity=quantity,
        price=price,
        executed_at=market.at(order.day, seconds),
        fee=_fee(instrument, quantity, price, maker=part.maker),
        fee_currency="USD",
        order_id=order.name,
        order_type="limit" if part.maker else "market",
        liquidity="maker" if part.maker else "taker",
        strategy=order.trip.strategy,
        decision=order.name,
    )


def _fee(
    instrument: Listing, quantity: Decimal, price: Decimal, *, maker: bool
) -> Decimal:
    """Crypto by value, equities by share with a least charge; whole cents."""
    cent = Decimal("0.01")
    if instrument.weekdays_only:
        return max(Decimal("0.35"), quantity * Decimal("0.005")).quantize(cent)
    rate = Decimal("0.0002") if maker else Decimal("0.0004")
    return (quantity * price * rate).quantize(cent)
