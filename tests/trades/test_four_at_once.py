"""Two processes post to one book while a third imports its file again and again and a
fourth voids: nothing is lost, doubled or left half-matched."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.db.models import QuerySet

from accounts.models import User
from audit import queries as audit
from tests.domain.oracle import FractionLedger, Row
from trades.domain.facts import NewFill
from trades.models import Balance, Book, Fill, FillEvent, Match, Position
from trades.services.amending import void_fill
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.importing import import_for
from trades.services.previewing import Source
from trades.services.rebuilding import differences

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 1, 1, tzinfo=UTC)
POSTS, IMPORTS, VOIDS, ROWS = 12, 6, 8, 20
PATIENCE = 120


@pytest.fixture
def ada(transactional_db: None) -> User:
    user = User.objects.create_user("ada", password="x")
    user.groups.add(Group.objects.get(name="Trader"))
    create_book(NewBook("main", "USD"), user)
    return user


def fill(name: str, side: str, minute: int) -> NewFill:
    return NewFill(
        external_id=name,
        symbol="BTC-USD",
        side=side,
        quantity=Decimal(1),
        price=Decimal(100 + minute % 7),
        executed_at=START + timedelta(minutes=minute),
        fee=Decimal("0.01"),
    )


def post(worker: int, ada: User) -> None:
    """Buys and sells, some older than what is booked."""
    for number in range(POSTS):
        minute = (worker * 31 + number * 17) % 90
        side = ("buy", "sell")[number % 3 == 2]
        book_fills([fill(f"p{worker}-{number}", side, minute)], ada)


def import_again(ada: User) -> None:
    rows = "".join(
        f"i{n},BTC-USD,{('buy', 'sell')[n % 2]},1,{90 + n},2026-01-01T00:{n:02}:30Z\n"
        for n in range(ROWS)
    )
    content = f"external_id,symbol,side,quantity,price,executed_at\n{rows}".encode()
    for _ in range(IMPORTS):
        import_for(Source(content=content, file_name="x.csv", book="main"), ada)


def void_some(ada: User) -> None:
    for pk in Fill.objects.filter(external_id__startswith="v").values_list(
        "pk", flat=True
    ):
        void_fill(pk, "never was", ada)


def in_processes(*work: Callable[[], None]) -> list[int | None]:
    """Each in a process of its own, all at once; their exit codes."""

    def run(job: Callable[[], None]) -> None:
        connections.close_all()
        job()
        connections.close_all()

    connections.close_all()
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=run, args=(job,)) for job in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    return [process.exitcode for process in processes]


def in_fractions(fills: QuerySet[Fill]) -> FractionLedger:
    """What must come out, by a ledger that shares no code with the matcher."""
    rows = [
        Row(
            kind="fill",
            quantity=Fraction(fill.quantity if fill.side == "buy" else -fill.quantity),
            value=Fraction(fill.quantity) * Fraction(fill.price),
            fee=Fraction(fill.fee),
        )
        for fill in fills.order_by("executed_at", "recorded_at", "sequence", "id")
    ]
    return FractionLedger(shorts=False, dust=Fraction(1, 10**12)).run(rows)


def test_four_processes_leave_one_true_book(ada):
    book_fills([fill(f"v{n}", "buy", 3 * n) for n in range(VOIDS)], ada)
    codes = in_processes(
        lambda: post(1, ada),
        lambda: post(2, ada),
        lambda: import_again(ada),
        lambda: void_some(ada),
    )
    assert codes == [0, 0, 0, 0]
    book = Book.objects.get()
    standing = Fill.objects.standing()
    assert Fill.objects.count() == VOIDS + 2 * POSTS + ROWS
    assert standing.count() == 2 * POSTS + ROWS
    assert FillEvent.objects.exclude(pnl_after=None).count() == VOIDS
    assert differences(book) == []
    assert audit.check().ok
    bought, sold = (
        sum(one.quantity for one in standing.filter(side=side))
        for side in ("buy", "sell")
    )
    unheld = sum(m.quantity for m in Match.objects.filter(lot=None))
    held = sum(position.quantity for position in Position.objects.all())
    assert held == bought - sold + unheld
    told = in_fractions(standing)
    assert (held, unheld) == (told.held, told.missing)
    realised = sum(match.realised for match in Match.objects.all())
    assert Fraction(realised) == told.realised[""]
    cost = sum(position.amount + position.fee for position in Position.objects.all())
    assert Fraction(cost) == told.cost
    legs = sum(
        (-1 if one.side == "buy" else 1) * one.amount - one.fee for one in standing
    )
    assert Balance.objects.get().cash == legs
    moments = list(Fill.objects.order_by("id").values_list("recorded_at", flat=True))
    assert moments == sorted(moments)
