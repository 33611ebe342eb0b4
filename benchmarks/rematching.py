"""`.venv/bin/python -m benchmarks.rematching`: how long a fact that comes late to a
long pair, a split of it, a rate for its fees, or what moves between it and another own
book holds the book's lock: the longest transaction of each step, on a database of its
own (DATABASE_URL: an empty one).
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.installation import locks, prepare, trader
from trades.domain.facts import NewFill, NewTransfer

if TYPE_CHECKING:
    from accounts.models import User
    from trades.models import Book

START = datetime(2025, 1, 1, tzinfo=UTC)


def history(fills: int, by: User, fee_currency: str = "USD") -> Book:
    """A bot that is never flat: buys two, sells one, and so on."""
    from trades.services.books import NewBook, create_book
    from trades.services.recording import record_history

    named = f"bot-{fills}-{fee_currency}-{secrets.token_hex(2)}"
    book = create_book(NewBook(named, "USD"), by)
    money = NewTransfer(
        external_id="d1",
        kind="deposit",
        asset="USD",
        amount=Decimal(10**9),
        at=START - timedelta(days=2),
    )
    made = [
        NewFill(
            external_id=f"f{number}",
            symbol="BTC-USD",
            side="sell" if number % 3 == 2 else "buy",
            quantity=Decimal(1) if number % 3 else Decimal(2),
            price=Decimal(100 + number % 17),
            executed_at=START + timedelta(minutes=number),
            fee=Decimal("0.1"),
            fee_currency=fee_currency,
        )
        for number in range(fills)
    ]
    record_history(book, made, [money], [], [], by)
    return book


def timed(what: str, act: Callable[[], object]) -> None:
    started = time.perf_counter()
    with locks() as lasted:
        act()
    took = time.perf_counter() - started
    print(f"| {what} | {took:.2f} | {max(lasted):.3f} | {len(lasted)} |", flush=True)


def late_fill(book: Book) -> NewFill:
    return NewFill(
        book=str(book.pk),
        external_id="late",
        symbol="BTC-USD",
        side="buy",
        quantity=Decimal(1),
        price=Decimal(90),
        executed_at=START - timedelta(days=1),
    )


def measure(fills: int, by: User) -> None:
    from trades.domain.facts import NewSplit
    from trades.models import Fill, Split
    from trades.services.amending import void_fill
    from trades.services.fills import book_fills
    from trades.services.rebuilding import differences
    from trades.services.regenerating import regenerate
    from trades.services.splits import record_split, void_split

    book = history(fills, by)
    late = late_fill(book)
    first = Fill.objects.filter(book=book).order_by("id")[0]
    timed(f"{fills:,} | late fill", lambda: book_fills([late], by))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    timed(f"{fills:,} | void of the first", lambda: void_fill(first.pk, "late", by))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    split = NewSplit(
        symbol="BTC-USD",
        at=START + timedelta(days=1, seconds=fills),
        numerator=2,
        denominator=1,
    )
    timed(f"{fills:,} | split", lambda: record_split(split, by))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    recorded = Split.objects.get(withdrawn_at=None)
    timed(f"{fills:,} | void of the split", lambda: void_split(recorded.pk, "no", by))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    if wrong := differences(book):
        sys.exit("\n".join(wrong))


def measure_rate(fills: int, by: User) -> None:
    """Every fee was charged in another coin, and what that is worth comes last."""
    from trades.domain.facts import NewPrice
    from trades.services.healing import heal
    from trades.services.prices import set_prices
    from trades.services.rebuilding import differences
    from trades.services.regenerating import regenerate

    coin = f"COIN{fills}"
    book = history(fills, by, coin)
    at = START - timedelta(days=1)
    rate = NewPrice(symbol=f"{coin}-USD", at=at, price=Decimal(3), scope="own")
    set_prices([rate], by)
    timed(f"{fills:,} | rate for its fees", lambda: heal(book))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    if wrong := differences(book):
        sys.exit("\n".join(wrong))


def measure_moves(fills: int, by: User) -> None:
    """Coins come from another own book, and leave for it; before any deposit, a trade of
    another pair comes late, too."""
    from trades.models import Transfer
    from trades.services.amending import void_transfer
    from trades.services.between_books import book_between
    from trades.services.books import NewBook, create_book
    from trades.services.fills import book_fills
    from trades.services.rebuilding import differences
    from trades.services.regenerating import regenerate

    book = history(fills, by)
    vault = create_book(NewBook(f"vault-{fills}", "USD"), by)
    bought = replace(late_fill(vault), quantity=Decimal(9))
    book_fills([bought], by)
    latest = START + timedelta(minutes=fills)

    def move(name: str, sender: Book, receiver: Book, at: datetime) -> None:
        new = NewTransfer(
            external_id=name,
            kind="transfer",
            asset="BTC",
            amount=Decimal(-1),
            at=at,
            book=str(sender.pk),
            to_book=str(receiver.pk),
        )
        timed(f"{fills:,} | {name}", lambda: book_between(new, by))

    move("the newest comes from an own book", vault, book, latest)
    move("the newest leaves for one", book, vault, latest)
    move("a late one comes", vault, book, START - timedelta(hours=12))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    move("a late one leaves", book, vault, START + timedelta(hours=12))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    came = Transfer.objects.get(book=vault, external_id="a late one comes")
    timed(f"{fills:,} | void of it", lambda: void_transfer(came.pk, "late", by))
    timed(f"{fills:,} | its job", lambda: regenerate(book))
    deposit = Transfer.objects.get(book=book, external_id="d1")
    void_transfer(deposit.pk, "nobody deposits", by)
    other = replace(late_fill(book), symbol="ETH-USD")
    what = f"{fills:,} | late fill of a short pair, no deposit"
    timed(what, lambda: book_fills([other], by))
    if wrong := [*differences(book), *differences(vault)]:
        sys.exit("\n".join(wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fills", nargs="*", type=int, default=[20_000, 100_000])
    sizes = parser.parse_args().fills
    with tempfile.TemporaryDirectory(prefix="rrr-rematch-") as folder:
        prepare(Path(folder))
        by = trader()
        print("| fills | what | seconds | longest lock, s | transactions |")
        print("|---:|---|---:|---:|---:|")
        for fills in sizes:
            measure(fills, by)
            measure_rate(fills, by)
            measure_moves(fills, by)


if __name__ == "__main__":
    main()
