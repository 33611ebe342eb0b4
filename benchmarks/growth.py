"""`.venv/bin/python -m benchmarks.growth`: what a book's size costs those who read it and
those who book into it, in CPU time of one process, on a database of its own
(DATABASE_URL: an empty one). Each row is held against its neighbour of the same run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.installation import prepare, trader
from benchmarks.rematching import START, history

if TYPE_CHECKING:
    from django.test import Client

    from accounts.models import User
    from trades.domain.facts import NewFill
    from trades.models import Book

TIMES = 7
NOW = datetime.now(UTC).replace(microsecond=0)


def cpu(act: Callable[[], object]) -> float:
    """CPU milliseconds of one run."""
    began = time.process_time()
    act()
    return (time.process_time() - began) * 1000


def usual(act: Callable[[], object]) -> float:
    """The median of several."""
    return statistics.median(cpu(act) for _ in range(TIMES))


def peak_memory() -> float:
    """MB that this process held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(what: str, before: float, after: float, most: str) -> None:
    ratio = after / before if before else 0
    print(f"| {what} | {before:.1f} | {after:.1f} | {ratio:.2f} | {most} |", flush=True)


def fill(book: Book, name: str, side: str, at: datetime, **more: Any) -> NewFill:
    from trades.domain.facts import NewFill

    return NewFill(
        book=str(book.pk),
        external_id=name,
        symbol="BTC-USD",
        side=side,
        quantity=more.get("quantity", Decimal(1)),
        price=Decimal(100),
        executed_at=at,
    )


def client_of(by: User) -> Client:
    """In this process: no other load is counted, and nothing is cached."""
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(by)
    return client


def reading_after_a_fill(fills: int, by: User) -> None:
    from portfolio.services import equity
    from trades.services.fills import book_fills

    book, client = history(fills, by), client_of(by)
    equity.rebuild(book.pk, datetime.now(UTC))
    path = f"/api/portfolio?book={book.pk}"

    def read() -> None:
        answer = client.get(path)
        assert answer.status_code == 200, answer.content

    read()
    before = usual(read)
    after = []
    for number in range(TIMES):
        at = datetime.now(UTC) - timedelta(seconds=TIMES - number)
        book_fills([fill(book, f"new-{number}", "buy", at)], by)
        after.append(cpu(read))
    name = f"GET /api/portfolio at {fills:,} fills, after a new one"
    row(name, before, statistics.median(after), "1.5, 20 ms")


def booking_at_open_lots(lots: int, by: User) -> float:
    """CPU milliseconds of a newest sale where so many lots are open."""
    from trades.services.books import NewBook, create_book
    from trades.services.fills import book_fills
    from trades.services.recording import record_history

    book = create_book(NewBook(f"lots-{lots}", "USD"), by)
    made = [
        fill(book, f"b{number}", "buy", START + timedelta(minutes=number))
        for number in range(lots)
    ]
    record_history(book, made, [], [], [], by)
    names = iter(range(TIMES))

    def book_one() -> None:
        number = next(names)
        at = NOW - timedelta(seconds=TIMES - number)
        new = fill(book, f"s{number}", "sell", at, quantity=Decimal("0.5"))
        book_fills([new], by)

    return usual(book_one)


def a_foreign_price(books: int, by: User) -> None:
    """Books that do not hold a symbol, before and after its price."""
    from portfolio.services import equity
    from trades.domain.facts import NewPrice
    from trades.services.books import NewBook, create_book
    from trades.services.fills import book_fills
    from trades.services.prices import set_prices

    made = [create_book(NewBook(f"small-{n}", "USD"), by) for n in range(books)]
    day = NOW - timedelta(days=3)
    for book in made:
        book_fills([fill(book, "f1", "buy", day)], by)
    equity.catch_up(datetime.now(UTC))
    client = client_of(by)

    def read() -> None:
        answer = client.get("/api/portfolio")
        assert json.loads(answer.content)["day_pnl"] is not None, answer.content

    read()
    before = usual(read)
    price = NewPrice(
        symbol="XYZ-USD", price=Decimal(5), at=NOW - timedelta(days=1), source="desk"
    )
    set_prices([price], by)
    after = usual(read)
    row(
        f"GET /api/portfolio of {books} books, after a foreign price",
        before,
        after,
        "1.5",
    )
    recomputed, days = equity.catch_up(datetime.now(UTC))
    print(f"| its job: {recomputed} books recomputed, {days} days changed | | | | 0 |")
    print(f"| memory at most, MB | | {peak_memory():.0f} | | 300 |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fills", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--lots", type=int, default=20_000)
    parser.add_argument("--books", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rrr-growth-") as folder:
        prepare(Path(folder))
        print("| what | before, CPU ms | after, CPU ms | ratio | most |")
        print("|---|---:|---:|---:|---:|")
        # First: what the books of the other rows take is not theirs who read these.
        a_foreign_price(options.books, trader())
        for fills in options.fills:
            reading_after_a_fill(fills, trader())
        by = trader()
        few, many = booking_at_open_lots(20, by), booking_at_open_lots(options.lots, by)
        row(f"newest fill at 20 and {options.lots:,} open lots", few, many, "1.5")


if __name__ == "__main__":
    main()
