"""What lists of trades, lots and prices read: found by an index, and no more of it
where there is more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from kernel import paging
from tests.trades.conftest import START
from trades.domain.facts import NewPrice
from trades.models import Fill
from trades.queries import logged, trades
from trades.services.amending import correct_fill, void_fill
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices

pytestmark = pytest.mark.django_db
LARGE = {"trades_fill", "trades_lot", "trades_match", "trades_price"}
FEW, MANY, MORE = 400, 1_600, 1.3  # fills, and how much more may be read for four times
FIRST = "2026-01-05T12:00:00Z"
LISTS = [
    "/api/trades?limit=20",
    "/api/trades?limit=20&symbol=BTC-USD",
    "/api/trades?limit=20&side=sell",
    "/api/trades?limit=20&strategy=trend",
    "/api/trades?limit=20&book=ada-main",
    "/api/trades?limit=20&status=booked",
    "/api/trades?limit=20&status=voided",
    "/api/trades?limit=20&status=corrected",
    "/api/trades?limit=20&external_id=f7",
    f"/api/trades?limit=20&from={FIRST}&to=2026-01-05T13:00:00Z",
    "/api/trades?limit=20&q=seven",
    "/api/trades?limit=20&q=f",
    "/api/trades?limit=20&q=nowhere",
    "/api/trades?limit=20&book=ada-main&symbol=ETH-USD",
    "/api/trades?limit=20&book=ada-main&strategy=trend",
    "/api/trades?limit=20&book=ada-main&symbol=BTC-USD&strategy=trend&side=buy",
    "/trades/",
    "/trades/?symbol=BTC-USD&side=buy",
    "/api/portfolio/lots?limit=20",
    "/api/portfolio/lots?limit=20&book=ada-main&symbol=BTC-USD",
    "/api/portfolio/positions",
    "/api/prices?limit=20",
    "/api/prices?limit=20&scope=own",
    "/api/prices?limit=20&symbol=BTC-USD",
    "/prices/?symbol=BTC-USD",
]
# Ends when it has counted so many of rows that nearly all fit.
COUNTED = re.compile(r"SELECT COUNT\(\*\) FROM \(.* LIMIT \d+\) subquery$")
SCANNED = re.compile(r"SCAN (\w+)(?! USING)\b(?!.* USING)")
NAMED = re.compile(r'"(trades_\w+)"(?: ([A-Z]\w*))?')


@dataclass
class Work:
    """What statements read: steps of SQLite's machine, or rows that PostgreSQL's scans
    came across. `scans` are those that read a whole table without an index."""

    amount: int = 0
    scans: list[str] = field(default_factory=list)


@contextmanager
def measured() -> Iterator[Work]:
    work = Work()
    look = _look_at_sqlite if connection.vendor == "sqlite" else _look_at_postgresql

    def watch(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        answer = execute(sql, params, many, context)
        if COUNTED.match(sql):
            return answer
        if sql.startswith("SELECT") and any(f'"{name}"' in sql for name in LARGE):
            look(work, sql, params)
        return answer

    def step() -> int:
        work.amount += 1
        return 0

    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(step, 20)
    try:
        with connection.execute_wrapper(watch):
            yield work
    finally:
        if connection.vendor == "sqlite":
            connection.connection.set_progress_handler(None, 0)


def _look_at_sqlite(work: Work, sql: str, params: Any) -> None:
    tables = {alias or table: table for table, alias in NAMED.findall(sql)}
    with connection.cursor() as cursor:
        cursor.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = cursor.cursor.fetchall()
    for *_, detail in steps:
        scanned = SCANNED.match(detail)
        if scanned and tables.get(scanned[1]) in LARGE:
            work.scans.append(f"{detail}: {sql[:300]}")


def _look_at_postgresql(work: Work, sql: str, params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        [[told]] = cursor.cursor.fetchall()
    plans = [json.loads(told)[0] if isinstance(told, str) else told[0]]
    nodes = [plan["Plan"] for plan in plans]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if node.get("Relation Name") not in LARGE:
            continue
        rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        work.amount += int(rows * node["Actual Loops"])
        if node["Node Type"] == "Seq Scan":
            work.scans.append(f"{node['Relation Name']}: {sql[:300]}")


@pytest.fixture
def grow(ada, book, make_fill) -> Callable[[int, int], None]:
    """Bought and sold in turn, so that most lots are closed; every eighth is bought and
    kept. A price a fill."""

    def symbol(number: int) -> str:
        if number % 8 == 6:
            return "SOL-USD"
        return "ETH-USD" if number % 4 > 1 else "BTC-USD"

    def facts(number: int) -> dict[str, Any]:
        return {
            "book": "ada-main",
            "symbol": symbol(number),
            "strategy": ("trend", "carry", "")[number % 3],
            "executed_at": START + timedelta(minutes=number),
            "note": "seven" if number % 7 == 0 else "",
        }

    def make(start: int, end: int) -> None:
        fills = [
            make_fill(f"f{n}", ("buy", "sell")[n % 2], "1", "100", **facts(n))
            for n in range(start, end)
        ]
        for first in range(0, len(fills), 1_000):
            book_fills(fills[first : first + 1_000], ada)
        prices = [
            NewPrice(
                symbol=symbol(n),
                at=START + timedelta(minutes=n),
                price=Decimal(100),
                source="test",
                scope="own",
            )
            for n in range(start, end)
        ]
        set_prices(prices, ada)
        if connection.vendor == "postgresql":  # as its own housekeeping does
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")

    return make


def ask(client: Any, path: str) -> Work:
    with measured() as work:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.content[:300]}"
    return work


def first_of_many(ada, make_fill) -> None:
    """A second book, so that lists are merged, and what was voided and corrected."""
    create_book(NewBook("ada-other", "USD"), ada)
    book_fills([make_fill("o1", "buy", "1", "100", book="ada-other")], ada)
    void_fill(Fill.objects.get(external_id="f8").pk, "typed twice", ada)
    correct_fill(Fill.objects.get(external_id="f9").pk, {"price": "99"}, "typo", ada)


@pytest.fixture
def by_indexes(monkeypatch) -> None:
    """PostgreSQL reads a small table whole, however good its indexes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    monkeypatch.setattr(paging, "EXAMINED", (60,))
    monkeypatch.setattr(paging, "EXAMINED_OF_EACH", (10, 40))
    monkeypatch.setattr(trades, "COUNTED", 30)
    monkeypatch.setattr(logged, "AT_ONCE", 30)


@pytest.mark.parametrize("reader", ["ada", "vera"])
def test_every_list_is_read_by_an_index_and_no_further_where_there_is_more(
    ada, grow, make_fill, person, client_of, by_indexes, reader
):
    """By who reads their own books, and by who reads every book."""
    grow(0, FEW)
    first_of_many(ada, make_fill)
    client = client_of(ada if reader == "ada" else person("vera", "Viewer"))
    deep = client.get("/api/trades?limit=20").json()["next_cursor"]
    quoted = client.get("/api/prices?limit=20").json()["next_cursor"]
    opened = client.get("/api/portfolio/lots?limit=20").json()["next_cursor"]
    paths = [
        *LISTS,
        f"/api/trades?limit=20&cursor={deep}",
        f"/api/trades?limit=20&before={deep}",
        f"/api/trades?limit=20&symbol=BTC-USD&cursor={deep}",
        "/api/trades?limit=20&offset=100&cursor=",
        f"/api/prices?limit=20&cursor={quoted}",
        f"/api/portfolio/lots?limit=20&cursor={opened}",
        f"/api/trades/{Fill.objects.get(external_id='f10').pk}",
    ]
    for path in paths:  # what is loaded once is loaded
        client.get(path)
    few = {path: ask(client, path) for path in paths}
    grow(FEW, MANY)
    many = {path: ask(client, path) for path in paths}
    assert {path: work.scans for path, work in many.items() if work.scans} == {}
    more = {
        path: (few[path].amount, work.amount)
        for path, work in many.items()
        if work.amount > MORE * few[path].amount + 100
    }
    assert more == {}


def test_a_fill_is_booked_without_a_look_at_all_the_others(
    ada, grow, make_fill, by_indexes
):
    """Also one that is there already, and a file of many ids."""

    def work(first):
        with measured() as seen:
            for numbers in ([first], [first], range(first + 1, first + 30)):
                fills = [
                    make_fill(f"n{n}", "buy", "1", "5", symbol="NEW-USD", day=400 + n)
                    for n in numbers
                ]
                book_fills(fills, ada)
        return seen

    grow(0, FEW)
    work(0)
    few = work(100)
    grow(FEW, MANY)
    many = work(200)
    assert many.scans == []
    assert many.amount <= MORE * few.amount + 100


def test_the_measure_sees_what_is_read_whole(ada, grow, by_indexes):
    """The test above can fail."""
    grow(0, FEW)
    with measured() as few:
        list(Fill.objects.filter(note="seven").order_by("note"))
    grow(FEW, MANY)
    with measured() as many:
        list(Fill.objects.filter(note="seven").order_by("note"))
    assert many.amount > 2 * few.amount
    assert many.scans
