"""A curve is walked from the first day that is not what it was, and is to the last
digit what a walk from the beginning says, whatever happened since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from kernel.errors import ProductError
from portfolio.models import EquityPoint, EquityState
from portfolio.queries.history import history, history_behind
from portfolio.queries.points import walked_days
from portfolio.services import equity
from tests.reach import LEAST
from trades.domain.facts import NewFill, NewPrice, NewSplit, NewTransfer
from trades.models import Book, Fill, Price, Split, Transfer
from trades.services.amending import void_fill, void_transfer
from trades.services.between_books import book_between
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.healing import heal
from trades.services.mending_prices import void_price
from trades.services.prices import set_prices
from trades.services.splits import record_split, void_split
from trades.services.transfers import book_transfers

NOW = datetime(2025, 9, 20, 15, tzinfo=UTC)
DAYS = 45
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-EUR", "BNB-USD", "ACORN")


def stored(book: Book) -> list[tuple[Any, ...]]:
    rows = EquityPoint.objects.filter(book=book).order_by("day")
    return list(rows.values_list("day", *equity.FIELDS))


def from_the_beginning(book: Book) -> list[tuple[Any, ...]]:
    points = walked_days(history(book), NOW).points
    return [
        (point.day, *(getattr(point, name) for name in equity.FIELDS))
        for point in points
    ]


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each rebuild went on from a kept day."""
    seen: list[bool] = []

    def behind(book: Book, state: EquityState) -> Any:
        found = history_behind(book, state)
        seen.append(found is not None)
        return found

    monkeypatch.setattr("portfolio.services.equity.history_behind", behind)
    return seen


@dataclass
class Desk:
    """Somebody who does whatever one can do, mostly of today, sometimes long ago."""

    by: Any
    draw: Random
    count: int = 0
    done: dict[str, int] = field(default_factory=dict)

    def at(self) -> datetime:
        back = self.draw.choice((0.2, 0.2, 0.2, 0.2, 0.2, 1, 3, 12, DAYS))
        return NOW - timedelta(days=back * self.draw.random(), seconds=1)

    def name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def amount(self, least: int = 1, most: int = 400) -> Decimal:
        return Decimal(self.draw.randint(least, most)) / 8

    def fill(self) -> None:
        new = NewFill(
            external_id=self.name(),
            symbol=self.draw.choice(SYMBOLS),
            side=self.draw.choice(("buy", "buy", "sell")),
            quantity=self.amount(),
            price=self.amount(),
            executed_at=self.at(),
            fee=self.amount(0, 3),
            fee_currency=self.draw.choice(("", "BNB", "EUR", "USD")),
            strategy=self.draw.choice(("", "slow")),
            book="Main",
        )
        book_fills([new], self.by)

    def move(self) -> None:
        kind, sign = self.draw.choice((("deposit", 1), ("withdrawal", -1)))
        if self.draw.random() < 0.3:
            kind, sign = "interest", 1
        new = NewTransfer(
            external_id=self.name(),
            kind=kind,
            asset=self.draw.choice(("USD", "EUR", "BTC", "BNB")),
            amount=sign * self.amount(),
            at=self.at(),
            book="Main",
        )
        book_transfers([new], self.by)

    def send(self) -> None:
        new = NewTransfer(
            external_id=self.name(),
            kind="transfer",
            asset="BTC",
            amount=-self.amount(),
            at=self.at(),
            book=self.draw.choice(("Main", "Other")),
            to_book=self.draw.choice(("Main", "Other")),
        )
        book_between(new, self.by)

    def price(self) -> None:
        symbol = self.draw.choice((*SYMBOLS, "EUR-USD", "LATE-USD"))
        new = NewPrice(
            symbol=symbol,
            at=self.at(),
            price=self.amount(),
            source="test",
            currency="USD" if symbol == "ACORN" else "",
        )
        set_prices([new], self.by)

    def split(self) -> None:
        new = NewSplit(
            symbol=self.draw.choice(SYMBOLS),
            at=self.at(),
            numerator=self.draw.choice((2, 3, 10)),
            denominator=1,
            scope="own",
        )
        record_split(new, self.by)

    def void(self) -> None:
        kinds: tuple[tuple[Any, Callable[..., object]], ...] = (
            (Fill.objects.standing().filter(book__name="Main"), void_fill),
            (Transfer.objects.standing().filter(book__name="Main"), void_transfer),
            (Price.objects.standing(), void_price),
            (Split.objects.standing(), void_split),
        )
        rows, void = self.draw.choice(kinds)
        ids = list(rows.values_list("pk", flat=True))
        if ids:
            void(self.draw.choice(ids), "a typo", self.by)

    def late_symbol(self) -> None:
        """The first of a symbol that was priced before."""
        new = NewFill(
            external_id=self.name(),
            symbol="LATE-USD",
            side="buy",
            quantity=Decimal(1),
            price=Decimal(7),
            executed_at=self.at(),
            book="Main",
        )
        book_fills([new], self.by)

    def act(self) -> None:
        what = self.draw.choices(
            ("fill", "move", "send", "price", "split", "void", "late_symbol"),
            (9, 4, 2, 4, 1, 3, 1),
        )[0]
        try:
            getattr(self, what)()
        except ProductError:
            return
        self.done[what] = self.done.get(what, 0) + 1


@pytest.mark.parametrize("seed", range(3))
def test_it_equals_a_walk_from_the_beginning(ada, resumed, seed):
    for name in ("Main", "Other"):
        create_book(NewBook(name, "USD", "America/New_York"), ada)
    desk = Desk(ada, Random(seed))
    main = Book.objects.get(name="Main")
    rebuilds = 0
    for step in range(40):
        desk.act()
        if step % 5 == 0:
            heal(main)
        if step % 2:
            equity.rebuild(main.pk, NOW + timedelta(microseconds=step))
            rebuilds += 1
            assert stored(main) == from_the_beginning(main), (seed, step)
    assert {"fill", "move", "price", "void"} <= set(desk.done)
    assert sum(resumed) / rebuilds >= LEAST, resumed


def test_the_newest_fact_reads_nothing_of_before(ada, record, resumed, monkeypatch):
    desk = Desk(ada, Random(1))
    create_book(NewBook("Main", "USD"), ada)
    main = Book.objects.get()
    for back in range(20, 0, -1):
        new = NewFill(
            external_id=desk.name(),
            symbol="BTC-USD",
            side="buy",
            quantity=Decimal(1),
            price=Decimal(back),
            executed_at=NOW - timedelta(days=back),
            book="Main",
        )
        book_fills([new], ada)
    equity.rebuild(main.pk, NOW)
    assert not resumed
    read: list[int] = []

    def walked(past: Any, *rest: Any) -> Any:
        read.append(len(past.entries))
        return walked_days(past, *rest)

    monkeypatch.setattr("portfolio.services.equity.walked_days", walked)
    today = NewFill(
        external_id="today",
        symbol="BTC-USD",
        side="sell",
        quantity=Decimal(2),
        price=Decimal(5),
        executed_at=NOW - timedelta(hours=1),
        book="Main",
    )
    book_fills([today], ada)
    assert equity.rebuild(main.pk, NOW + timedelta(seconds=1)) == 1
    assert resumed == [True]
    assert read[0] <= 4  # its cash and its matches, of 60 entries
    assert stored(main) == from_the_beginning(main)


def test_a_rebuild_afresh_asks_no_kept_day(ada, record, resumed):
    desk = Desk(ada, Random(2))
    create_book(NewBook("Main", "USD"), ada)
    main = Book.objects.get()
    for _ in range(5):
        desk.fill()
    equity.rebuild(main.pk, NOW)
    EquityState.objects.update(walk={"not": "to be read"})
    equity.rebuild(main.pk, NOW + timedelta(seconds=1), afresh=True)
    assert not resumed
    assert stored(main) == from_the_beginning(main)


def test_another_zone_is_another_days_end(ada, record, resumed):
    desk = Desk(ada, Random(3))
    create_book(NewBook("Main", "USD"), ada)
    main = Book.objects.get()
    for _ in range(8):
        desk.fill()
    equity.rebuild(main.pk, NOW)
    Book.objects.update(zone="Asia/Tokyo")
    equity.rebuild(main.pk, NOW + timedelta(seconds=1))
    assert not resumed
    assert stored(main) == from_the_beginning(Book.objects.get())
