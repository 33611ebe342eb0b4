"""Random people, rights, facts and queries: each kept answer equals one that Django
computes at that moment. Entity tags are compared: they are digests of the person and
of everything in a body but its own time and the ages that count up to it."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from kernel.errors import ProductError
from kernel.versions import BELIEVED_SECONDS
from portfolio.services import equity
from rrr_dashboard.reads import marks
from tests.reads.conftest import Desk
from trades.domain.facts import (
    NewBalance,
    NewFill,
    NewPrice,
    NewSplit,
    NewTransfer,
)
from trades.models import Book, Fill, Price, Split, Transfer
from trades.services import amending, mending_prices
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.splits import record_split, void_split
from trades.services.statements import state_balance
from trades.services.transfers import book_transfers

# test_hot_reads.py and test_two_processes.py ask what another database may do otherwise.
pytestmark = [pytest.mark.alike, pytest.mark.django_db(transaction=True)]
START = datetime(2026, 3, 2, tzinfo=UTC)
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD")
READS = 8
OF_A_WORLD = 500
# `make evidence` compares 10,000: a world of its own for each 500.
WORLDS = -(-int(os.environ.get("CACHE_COMPARISONS", OF_A_WORLD)) // OF_A_WORLD)
QUERIES = (
    "/api/trades",
    "/api/trades?limit=5",
    "/api/trades?symbol=BTC-USD",
    "/api/trades?side=sell&limit=20",
    "/api/trades?status=voided",
    "/api/trades?book=ada-1",
    "/api/portfolio",
    "/api/portfolio?book=ada-2",
    "/api/portfolio/positions",
    "/api/portfolio/positions?book=mallory-1",
    "/api/performance",
    "/api/performance?book=ada-1",
)


@dataclass
class World:
    """The people, and what is done to their ledgers."""

    dice: random.Random
    ada: User
    mallory: User
    keeper: User
    made: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}"

    def moment(self) -> datetime:
        return START + timedelta(minutes=self.dice.randrange(200 * 24 * 60))

    def amount(self) -> Decimal:
        return Decimal(self.dice.randrange(1, 500)) / 10

    def write(self) -> None:
        """Something, by somebody; what the product refuses was nothing."""
        act = self.dice.choice(ACTS)
        try:
            act(self, self.dice.choice([self.ada, self.mallory]))
            self.done[act.__name__] += 1
        except ProductError:
            self.done["refused"] += 1

    def row(self, model: type[Model]) -> int:
        rows = model._default_manager.order_by("pk").values_list("pk", flat=True)
        return int(self.dice.choice([0, *rows]))


def fill(world: World, who: User) -> None:
    book = world.dice.choice(list(Book.objects.filter(owner=who)))
    new = NewFill(
        external_id=world.name(),
        symbol=world.dice.choice(SYMBOLS),
        side=world.dice.choice(["buy", "buy", "sell"]),
        quantity=world.amount(),
        price=world.amount(),
        executed_at=world.moment(),
        fee=Decimal("0.1"),
        book=book.name,
    )
    book_fills([new], who)


def transfer(world: World, who: User) -> None:
    books = list(Book.objects.filter(owner=who))
    book = world.dice.choice(books)
    new = NewTransfer(
        external_id=world.name(),
        kind="deposit",
        asset=world.dice.choice(["USD", "BTC", "EUR"]),
        amount=world.amount(),
        at=world.moment(),
        book=book.name,
    )
    book_transfers([new], who)


def void(world: World, who: User) -> None:
    if world.dice.random() < 0.5:
        amending.void_fill(world.row(Fill), "a typo", who)
    else:
        amending.void_transfer(world.row(Transfer), "a typo", who)


def correct(world: World, who: User) -> None:
    changes = {"price": str(world.amount())}
    amending.correct_fill(world.row(Fill), changes, "a typo", who)


def quote(world: World, who: User) -> None:
    scope = world.dice.choice(["own", "desk"])
    by = world.keeper if scope == "desk" else who
    new = NewPrice(
        symbol=world.dice.choice([*SYMBOLS, "EUR-USD"]),
        at=world.moment(),
        price=world.amount(),
        scope=scope,
    )
    set_prices([new], by)


def unquote(world: World, who: User) -> None:
    price = Price.objects.filter(withdrawn_at=None).order_by("symbol", "at").first()
    if price is not None:
        by = world.keeper if price.scope == "desk" else price.author
        mending_prices.void_price(price.pk, "a typo", by or world.keeper)


def split(world: World, who: User) -> None:
    new = NewSplit(
        symbol=world.dice.choice(SYMBOLS),
        at=world.moment(),
        numerator=world.dice.randrange(2, 5),
        denominator=1,
    )
    record_split(new, who)


def unsplit(world: World, who: User) -> None:
    void_split(world.row(Split), "a typo", who)


def state(world: World, who: User) -> None:
    book = world.dice.choice(list(Book.objects.filter(owner=who)))
    new = NewBalance(
        asset="USD", amount=world.amount(), at=world.moment(), book=book.name
    )
    state_balance(new, who)


def open_book(world: World, who: User) -> None:
    create_book(NewBook(f"{who.username}-{world.name()}", "USD"), who)


def walk(world: World, who: User) -> None:
    equity.catch_up(timezone.now())


def grant(world: World, who: User) -> None:
    """Rights may lag behind, by less than a second."""
    viewer = Group.objects.get(name="Viewer")
    change = who.groups.remove if viewer in who.groups.all() else who.groups.add
    change(viewer)
    Clock.passed += BELIEVED_SECONDS


ACTS: tuple[Callable[[World, User], None], ...] = (
    fill,
    fill,
    fill,
    transfer,
    void,
    correct,
    quote,
    unquote,
    split,
    unsplit,
    state,
    open_book,
    walk,
    grant,
)


class Clock:
    passed = 0.0

    @classmethod
    def monotonic(cls) -> float:
        return time.monotonic() + cls.passed


@pytest.mark.parametrize("number", range(WORLDS))
def test_a_kept_answer_is_what_django_says_now(
    number: int,
    desk: Desk,
    person: Callable[..., User],
    token_of: Callable[[User], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(marks, "time", Clock)
    ada, mallory = person("ada", "Trader"), person("mallory", "Trader")
    people = [ada, mallory, person("kay", "Administrator")]
    world = World(random.Random(20261129 + number), ada, mallory, people[2])
    for who in people[:2]:
        for book in (1, 2):
            create_book(NewBook(f"{who.username}-{book}", "USD"), who)
    tokens = [token_of(who) for who in people]
    compared = asked = 0
    while compared < OF_A_WORLD:
        world.write()
        assert asked < 2 * OF_A_WORLD, "too much was refused"
        chosen = world.dice.choices(range(len(people)), k=READS // 2)
        wanted = [(world.dice.choice(QUERIES), tokens[who]) for who in chosen]
        # Nothing is written between: what Django says holds for both times.
        truths = {asking: desk.fresh(*asking) for asking in wanted}
        for path, token in [*wanted, *wanted]:
            fresh, hot = truths[path, token], desk.hot(path, token)
            asked += 1
            assert hot.code == fresh.code, path
            assert hot.headers.get("ETag") == fresh.headers.get("ETag"), path
            compared += hot.code == 200
    assert desk.computed < 0.7 * asked, "too little of it was kept"
    if number == 0:
        missing = {act.__name__ for act in ACTS} - world.done.keys()
        assert not missing, "this was never done"
