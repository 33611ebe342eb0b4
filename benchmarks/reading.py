"""`.venv/bin/python -m benchmarks.reading`: what a page of 50 trades costs among a million,
with each filter and deep in the list, in CPU time of this process, on a database of its
own (DATABASE_URL: an empty one). Each row is held against the first page of one book.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from benchmarks.growth import client_of
from benchmarks.installation import prepare, trader

if TYPE_CHECKING:
    from django.test import Client

    from accounts.models import User

BOOKS, OWN, SYMBOLS = 100, 69, 200
START, APART = datetime(2020, 1, 1, tzinfo=UTC), timedelta(seconds=150)
WRITTEN = 20_000
TIMES = 5


def write(fills: int, by: User, others: User) -> None:
    """Fills alone, of a hundred books in turn: what is derived of them is not read."""
    from django.db import transaction

    from kernel.inserting import insert_columns
    from trades.models import Fill, Instrument
    from trades.services.books import NewBook, create_book

    owners = [by if number < OWN else others for number in range(BOOKS)]
    books = [
        create_book(NewBook(f"book-{number}", "USD"), owner).pk
        for number, owner in enumerate(owners)
    ]
    instruments = [
        Instrument.objects.create(symbol=f"S{n}-USD", base=f"S{n}", quote="USD").pk
        for n in range(SYMBOLS)
    ]
    names = [
        each.attname for each in Fill._meta.concrete_fields if not each.primary_key
    ]
    empty = {
        **dict.fromkeys(names, ""),
        **dict.fromkeys(("lot_choice", "decision_id", "batch_id", "replaces_id")),
        "sequence": 0,
    }
    rows = _rows(fills, books, instruments)
    for start in range(0, fills, WRITTEN):
        part = [{**empty, **next(rows)} for _ in range(min(WRITTEN, fills - start))]
        with transaction.atomic():
            insert_columns(Fill, {name: [row[name] for row in part] for name in names})


def _rows(
    fills: int, books: list[int], instruments: list[int]
) -> Iterator[dict[str, Any]]:
    draw, one = random.Random(3), 10**18  # units
    for number in range(fills):
        at = START + number * APART
        yield {
            "book_id": draw.choice(books),
            "instrument_id": instruments[min(SYMBOLS - 1, int(draw.expovariate(0.05)))],
            "external_id": f"x{number}",
            "order_id": f"o{number // 2}",
            "side": "buy" if draw.random() < 0.6 else "sell",
            "status": "booked" if number % 500 else "voided",
            "strategy": f"strategy-{number % 7}",
            "quantity": one,
            "price": one,
            "amount": one,
            "fee": one,
            "fee_currency": "USD",
            "fee_value": one,
            "executed_at": at,
            "recorded_at": at,
        }


def asked(fills: int) -> dict[str, dict[str, str]]:
    middle = START + fills // 2 * APART
    span = {
        "from": middle.isoformat().replace("+00:00", "Z"),
        "to": (middle + fills // 10 * APART).isoformat().replace("+00:00", "Z"),
    }
    book, symbol = {"book": "book-0"}, {"symbol": "S3-USD"}
    strategy = {"strategy": "strategy-3"}
    return {
        "one book": book,
        f"own books ({OWN})": {},
        "symbol": symbol,
        "rare symbol": {"symbol": "S150-USD"},
        "side": {"side": "sell"},
        "strategy": strategy,
        "status": {"status": "voided"},
        "external id": {"external_id": f"x{fills // 2}"},
        "range": span,
        "book and symbol": {**book, **symbol},
        "book and strategy": {**book, **strategy},
        "symbol and range": {**symbol, **span},
        "strategy and range": {**strategy, **span},
        "q, near": {"q": f"x{(fills - 30) // 10}"},
        "q, far": {"q": f"x{fills // 3}"},
        "q, nothing": {"q": "nowhere"},
        "q, a seventh": {"q": "strategy-3"},
    }


def measured(client: Client, query: dict[str, str]) -> tuple[float, Any]:
    """CPU milliseconds of a page, the median of several, and the page."""
    spent, page = [], {}
    for _ in range(TIMES):
        began = time.process_time()
        answer = client.get(f"/api/trades?{urlencode({'limit': 50, **query})}")
        spent.append((time.process_time() - began) * 1000)
        page = answer.json()
    return statistics.median(spent), page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fills", nargs="?", type=int, default=1_000_000)
    fills = parser.parse_args().fills
    with tempfile.TemporaryDirectory(prefix="rrr-reading-") as folder:
        prepare(Path(folder))
        by, others = trader(), trader()
        write(fills, by, others)
        indexing = indexed_words()
        client = client_of(by)
        measured(client, {})
        deep = _deep(fills)
        print(f"| 50 of {fills:,} trades | rows | CPU ms | x one book |")
        print("|---|---:|---:|---:|")
        first = 0.0
        for name, query in {**asked(fills), **deep}.items():
            cost, page = measured(client, query)
            first = first or cost
            rows = len(page["trades"])
            print(f"| {name} | {rows} | {cost:.1f} | {cost / first:.2f} |", flush=True)
        print(f"\nThe index of words: {indexing}")


def indexed_words() -> str:
    """Take all of them into the index of words; how quickly."""
    from trades.services.words import index_words

    began = time.process_time()
    count = index_words()
    return f"{count / (time.process_time() - began):,.0f} trades a CPU second"


def _deep(fills: int) -> dict[str, dict[str, str]]:
    """Own books from the middle of the list on, older and newer."""
    from kernel.paging import encode

    place = encode(((START + fills // 2 * APART).isoformat(), fills // 2))
    return {
        "own books, deep": {"cursor": place},
        "own books, deep, newer": {"before": place},
        "a book, deep": {"cursor": place, "book": "book-0"},
    }


if __name__ == "__main__":
    main()
