"""A desk that never was: two years of prices, decisions and fills, from one seed.

Deterministic: whole numbers from one generator, no clock. The desk follows its
models with a small edge, loses it for eight weeks some eleven months before the end, and goes on;
so there are losing months and one drawdown that hurts. Every figure that pages show
is then computed from these facts like from anybody's.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from trades.domain.facts import NewDecision, NewFill, NewPrice, NewTransfer

DAYS = 730
MILLION = 1_000_000
SEED = 20260301
SOURCE = "demo"
CRISIS = range(410, 467)
RECOVERY = range(467, 595)
HOURLY_DAYS = 3
OPEN_DAYS = 6


@dataclass(frozen=True)
class Traded:
    """An instrument of the desk: start price in cents, daily noise and share of the
    market's move in millionths, and how it is traded."""

    symbol: str
    asset_class: str
    cents: int
    noise: int
    beta: int
    decimals: int
    strategies: tuple[str, ...]

    @property
    def weekdays_only(self) -> bool:
        return self.asset_class == "equity"

    @property
    def step(self) -> Decimal:
        return Decimal(1).scaleb(-self.decimals)


INSTRUMENTS = (
    Traded(
        "BTC-USD", "crypto", 6_180_000, 19_000, 900, 4, ("momentum-4h", "basis-carry")
    ),
    Traded(
        "ETH-USD", "crypto", 312_000, 23_000, 1_100, 3, ("momentum-4h", "sentiment")
    ),
    Traded("SOL-USD", "crypto", 13_900, 30_000, 1_250, 2, ("meanrev-1h", "sentiment")),
    Traded("NVDA", "equity", 11_800, 19_000, 800, 0, ("momentum-4h", "meanrev-1h")),
    Traded("AAPL", "equity", 20_900, 11_000, 450, 0, ("meanrev-1h", "basis-carry")),
    Traded("SPY", "equity", 56_100, 6_000, 400, 0, ("basis-carry", "sentiment")),
)


@dataclass(frozen=True)
class Model:
    """A model behind a strategy: how it speaks, and since which day which version."""

    strategy: str
    name: str
    versions: tuple[tuple[int, str], ...]
    horizon: int
    words: tuple[str, str]
    title: str

    def version(self, day: int) -> str:
        return [text for since, text in self.versions if day >= since][-1]


MODELS = {
    model.strategy: model
    for model in (
        Model(
            "momentum-4h",
            "trend-net",
            ((0, "2.1.0"), (260, "2.2.0"), (540, "2.3.1")),
            4 * 3600,
            (
                "The ten-day move and the volume behind it point the same way; "
                "the entry waits for a pause in the hourly bars.",
                "The move has lost its volume; what was earned is taken.",
            ),
            "Follows moves of several days",
        ),
        Model(
            "meanrev-1h",
            "revert-gbm",
            ((0, "1.6.2"), (310, "1.8.0")),
            3600,
            (
                "The price stands far from its hourly mean without news that explains "
                "it; a return is likelier than a continuation.",
                "The distance to the mean is closed, or it took too long.",
            ),
            "Fades moves that nothing explains",
        ),
        Model(
            "basis-carry",
            "carry-rules",
            ((0, "1.1.4"),),
            8 * 3600,
            (
                "Financing pays more than the position is expected to move against it.",
                "Financing no longer pays for the risk.",
            ),
            "Earns financing, avoids direction",
        ),
        Model(
            "sentiment",
            "news-llm",
            ((0, "0.7.0"), (400, "0.9.2")),
            24 * 3600,
            (
                "The tone of the last day's reports moved away from the price, and "
                "several independent sources agree.",
                "The tone is back where the price is.",
            ),
            "Reads reports for a change of tone",
        ),
    )
}


@dataclass(frozen=True)
class Account:
    """A book of the desk: who owns it, what it trades and how large."""

    name: str
    owner: str
    capital: int
    symbols: tuple[str, ...]
    since: int
    flows: tuple[tuple[int, str, int], ...]
    seed: int


ACCOUNTS = (
    Account(
        "Alpha desk",
        "trader",
        1_000_000,
        tuple(one.symbol for one in INSTRUMENTS),
        0,
        (
            (207, "deposit", 250_000),
            (455, "withdrawal", -90_000),
            (610, "deposit", 120_000),
        ),
        1,
    ),
    Account(
        "Beta sleeve",
        "trader2",
        150_000,
        ("ETH-USD", "SPY"),
        430,
        ((600, "withdrawal", -10_000),),
        2,
    ),
)


@dataclass
class DemoBook:
    """One account's facts, in order of time."""

    account: Account
    fills: list[NewFill] = field(default_factory=list)
    transfers: list[NewTransfer] = field(default_factory=list)
    decisions: list[NewDecision] = field(default_factory=list)


@dataclass(frozen=True)
class Desk:
    """Everything: books, the prices all share, and how instruments are traded."""

    books: Sequence[DemoBook]
    prices: Sequence[NewPrice]
    instruments: Sequence[Traded]
    models: Mapping[str, Model]


def desk(until: datetime) -> Desk:
    """The two years that end at `until` (UTC); nothing happens after it."""
    first = until.date() - timedelta(days=DAYS)
    paths = {one.symbol: path for one, path in zip(INSTRUMENTS, _paths(), strict=True)}
    market = Market(first, until, paths)
    books = [_book(account, market) for account in ACCOUNTS]
    return Desk(books, list(market.prices()), INSTRUMENTS, MODELS)


# --- prices ------------------------------------------------------------------------


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
    closes = [[one.cents] for one in INSTRUMENTS]
    for day in range(DAYS + 1):
        move = _market_move(draw, day)
        for one, path in zip(INSTRUMENTS, closes, strict=True):
            own = move * one.beta // 1000 + _noise(draw, one.noise)
            path.append(max(100, path[-1] * (MILLION + own) // MILLION))
    return closes


@dataclass(frozen=True)
class Market:
    """Prices by day and hour. Day 0 is two years before the last, day DAYS."""

    first: date
    until: datetime
    paths: Mapping[str, Sequence[int]]

    def at(self, day: int, seconds: int) -> datetime:
        midnight = datetime.combine(self.first + timedelta(days=day), time(), UTC)
        return midnight + timedelta(seconds=seconds)

    def open(self, traded: Traded, day: int) -> bool:
        return not traded.weekdays_only or self.at(day, 0).weekday() < 5

    def cents(self, symbol: str, day: int, seconds: int) -> int:
        """Between the day's two closes, in proportion to the time passed."""
        path = self.paths[symbol]
        before, after = path[day], path[day + 1]
        return before + (after - before) * seconds // 86_400

    def prices(self) -> Iterator[NewPrice]:
        """A mark at each day's end, hourly ones on the last days, none ahead."""
        for traded in INSTRUMENTS:
            for day in range(DAYS + 1):
                if not self.open(traded, day):
                    continue
                hours = range(1, 24) if day > DAYS - HOURLY_DAYS else ()
                for seconds in (*(hour * 3600 for hour in hours), 86_340):
                    at = self.at(day, seconds)
                    if at <= self.until:
                        cents = self.cents(traded.symbol, day, seconds)
                        yield NewPrice(
                            symbol=traded.symbol,
                            at=at,
                            price=_money(cents),
                            source=SOURCE,
                        )


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


# --- a book ------------------------------------------------------------------------


def _book(account: Account, market: Market) -> DemoBook:
    book = DemoBook(account)
    book.transfers.extend(_cash(account, market))
    for position, traded in enumerate(INSTRUMENTS):
        if traded.symbol in account.symbols:
            draw = random.Random(SEED + 100 * account.seed + position)  # noqa: S311
            _trade(book, traded, market, draw)
    book.fills.sort(key=lambda one: (one.executed_at, one.external_id))
    book.decisions.sort(key=lambda one: (one.decided_at, one.external_id))
    return book


def _cash(account: Account, market: Market) -> Iterator[NewTransfer]:
    flows = [(account.since, "deposit", account.capital * 100)]
    flows += [(day, kind, amount * 100) for day, kind, amount in account.flows]
    for day in range(account.since + 30, DAYS, 30):
        flows.append((day, "fee", -account.capital // 1000 * 90))
        flows.append((day, "interest", account.capital // 1000 * 60 + day * 11))
    for day, kind, cents in sorted(flows):
        at = market.at(day, 8 * 3600 if kind == "deposit" else 21 * 3600)
        if at <= market.until:
            name = f"{account.seed}-{kind}-{day:04d}"
            note = {"fee": "data and connectivity", "interest": "on idle cash"}
            yield NewTransfer(
                external_id=name,
                kind=kind,
                asset="USD",
                amount=_money(cents),
                at=at,
                note=note.get(kind, ""),
            )


def _capital(account: Account, day: int) -> int:
    """What sizes are taken from, in cents: paid in so far, not what was earned."""
    paid = sum(amount for since, _, amount in account.flows if day >= since)
    return (account.capital + paid) * 100


def _skill(day: int) -> int:
    """How often of 1000 a call is right."""
    if day in CRISIS:
        return 185
    return 640 if day in RECOVERY else 620


@dataclass(frozen=True)
class _Trip:
    """One idea: when in, when out, which way."""

    number: int
    strategy: str
    long: bool
    enter: int
    leave: int
    size: int  # in thousandths of the capital


def _trips(
    book: DemoBook, traded: Traded, market: Market, draw: random.Random
) -> Iterator[_Trip]:
    day, number = book.account.since + 1 + draw.randint(0, 3), 0
    path = market.paths[traded.symbol]
    luck = draw.randint(0, 999)
    while day <= DAYS:
        strategy = traded.strategies[draw.randint(0, 9) > 5]
        hold = draw.choice((1, 1, 2, 2, 3, 3, 4, 5, 7, 11))
        luck += _skill(day)  # spread evenly, so that every start day tells one story
        right = luck >= 1000
        luck -= 1000 * right
        doubts = draw.randint(1, 100)
        size = draw.randint(80, 195)
        gap = draw.choice((0, 0, 1, 1, 2))
        enter = _next_open(market, traded, day)
        if enter > DAYS - OPEN_DAYS:  # the last ideas are still running
            hold = 2 * OPEN_DAYS
        leave = _next_open(market, traded, enter + hold)
        if enter > DAYS:
            return
        rises = path[min(leave, DAYS) + 1] >= path[enter]
        running = leave > DAYS
        long = doubts <= 80 if running else rises == right
        if running or long or doubts > 60:
            number += 1
            yield _Trip(number, strategy, long, enter, leave, size)
        day = leave + 1 + gap


def _next_open(market: Market, traded: Traded, day: int) -> int:
    while not market.open(traded, day):
        day += 1
    return day


def _trade(book: DemoBook, traded: Traded, market: Market, draw: random.Random) -> None:
    for trip in _trips(book, traded, market, draw):
        capital = _capital(book.account, trip.enter)
        price = market.cents(traded.symbol, trip.enter, 43_200)
        units = capital * trip.size // 1000 * 10**traded.decimals // price
        held = _order(book, traded, market, trip, units, opening=True)
        if held and trip.leave <= DAYS:
            _order(book, traded, market, trip, held, opening=False)


def _order(
    book: DemoBook,
    traded: Traded,
    market: Market,
    trip: _Trip,
    units: int,
    *,
    opening: bool,
) -> int:
    """Decide, then fill in two or three parts; returns the units filled by now."""
    day = trip.enter if opening else trip.leave
    buying = trip.long == opening
    name = f"{book.account.seed}-{traded.symbol}-{trip.number:04d}-{'in' if opening else 'out'}"
    draw = random.Random(f"{SEED} {name}")  # noqa: S311 - of this order alone
    start = (
        draw.randint(14 * 3600, 18 * 3600)
        if traded.weekdays_only
        else draw.randint(2 * 3600, 20 * 3600)
    )
    confidence = draw.randint(505, 835)
    pieces = draw.choice((2, 3, 4, 5, 6, 6))
    slices = [units // pieces] * (pieces - 1)
    slices.append(units - sum(slices))
    moments = sorted(draw.randint(20, 5400) for _ in slices)
    slips = [draw.randint(20, 420) for _ in slices]
    makers = [draw.randint(1, 10) <= 4 for _ in slices]
    if market.at(day, start) > market.until:
        return 0
    book.decisions.append(
        _decision(name, traded, market, trip, day, start, confidence, opening=opening)
    )
    filled = 0
    for number, (part, moment, slip, maker) in enumerate(
        zip(slices, moments, slips, makers, strict=True), 1
    ):
        at = market.at(day, start + moment)
        if not part or at > market.until:
            continue
        cents = market.cents(traded.symbol, day, start + moment)
        cents = cents * (MILLION + (slip if buying else -slip)) // MILLION
        quantity = Decimal(part).scaleb(-traded.decimals)
        price = _money(cents)
        book.fills.append(
            NewFill(
                external_id=f"{name}-{number}",
                symbol=traded.symbol,
                side="buy" if buying else "sell",
                quantity=quantity,
                price=price,
                executed_at=at,
                fee=_fee(traded, quantity, price, maker=maker),
                fee_currency="USD",
                order_id=name,
                order_type="limit" if maker else "market",
                liquidity="maker" if maker else "taker",
                strategy=trip.strategy,
                decision=name,
            )
        )
        filled += part
    return filled


def _fee(traded: Traded, quantity: Decimal, price: Decimal, *, maker: bool) -> Decimal:
    """Crypto by value, equities by share with a least charge; whole cents."""
    cent = Decimal("0.01")
    if traded.weekdays_only:
        return max(Decimal("0.35"), quantity * Decimal("0.005")).quantize(cent)
    rate = Decimal("0.0002") if maker else Decimal("0.0004")
    return (quantity * price * rate).quantize(cent)


# --- decisions -----------------------------------------------------------------------


def _decision(
    name: str,
    traded: Traded,
    market: Market,
    trip: _Trip,
    day: int,
    start: int,
    confidence: int,
    *,
    opening: bool,
) -> NewDecision:
    model = MODELS[trip.strategy]
    cents = market.cents(traded.symbol, day, start)
    path = market.paths[traded.symbol]
    week = (cents - path[max(0, day - 7)]) * 10_000 // path[max(0, day - 7)]
    month = (cents - path[max(0, day - 30)]) * 10_000 // path[max(0, day - 30)]
    features = {
        "price": str(_money(cents)),
        "move_7d_percent": str(Decimal(week).scaleb(-2)),
        "move_30d_percent": str(Decimal(month).scaleb(-2)),
        "size_percent": str(Decimal(trip.size).scaleb(-1)),
        "spread_bp": str(Decimal(8 + confidence % 23).scaleb(-1)),
    }
    lines = "\n".join(f"{key}={value}" for key, value in features.items())
    direction = ("long" if trip.long else "short") if opening else "flat"
    aim = cents * (1000 + (35 if trip.long else -35)) // 1000
    return NewDecision(
        external_id=name,
        model=model.name,
        model_version=model.version(day),
        strategy=trip.strategy,
        symbol=traded.symbol,
        direction=direction,
        decided_at=market.at(day, start),
        confidence=Decimal(confidence).scaleb(-3),
        price_target=_money(aim) if opening else None,
        horizon=model.horizon,
        features=features,
        inputs_digest=hashlib.sha256(lines.encode()).hexdigest(),
        reasoning=_reasoning(model, week, month, opening=opening),
        risk_checks=_checks(trip, confidence, opening=opening),
    )


def _reasoning(model: Model, week: int, month: int, *, opening: bool) -> str:
    moves = (
        f"Seven days {Decimal(week).scaleb(-2):+} %, thirty days "
        f"{Decimal(month).scaleb(-2):+} %."
    )
    return f"{model.words[0 if opening else 1]} {moves}"


def _checks(trip: _Trip, confidence: int, *, opening: bool) -> list[dict[str, object]]:
    share = Decimal(trip.size).scaleb(-1)
    checks: list[dict[str, object]] = [
        {
            "name": "mark is fresh",
            "passed": True,
            "value": f"{1 + confidence % 9} s",
            "limit": "60 s",
        },
        {
            "name": "spread",
            "passed": True,
            "value": f"{Decimal(8 + confidence % 23).scaleb(-1)} bp",
            "limit": "5 bp",
        },
    ]
    if opening:
        checks.append(
            {
                "name": "position of capital",
                "passed": True,
                "value": f"{share} %",
                "limit": "20 %",
            }
        )
        checks.append(
            {
                "name": "confidence",
                "passed": True,
                "value": f"{Decimal(confidence).scaleb(-3)}",
                "limit": "0.5",
            }
        )
    return checks
