"""Books from before transfers had a class and facts a worth: the migrations keep every
fact and figure, and the job that they ask for brings what is derived to the rules of
now."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from kernel.registry import JOBS
from operations.models import JobRun
from tests.trades.conftest import START
from trades.models import (
    Balance,
    Book,
    Fill,
    Lot,
    Match,
    Position,
    Price,
    Split,
    Valuation,
)
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences, rebuild
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("trades", "0002_strategy_is_a_name")]
DIGEST = "0123456789abcdef" * 2


@pytest.fixture
def old(ada, book, make_fill, make_move) -> Iterator[Any]:
    """The models of before, with two books whose derived rows agree with their facts:
    in one BTC bought twice, one sold, half a coin named and paid out."""
    create_book(NewBook("ada-coins", "USD"), ada)
    moves = [make_move("d1", "deposit", "USD", "1000")]
    book_transfers([replace(move, book=book.name) for move in moves], ada)
    fills = [
        make_fill("f1", "buy", "2", "100", day=1, fee=Decimal(3)),
        make_fill("f2", "buy", "1", "130", day=2),
        make_fill("f3", "sell", "1", "150", day=3),
    ]
    book_fills([replace(fill, book=book.name) for fill in fills], ada)
    out = make_move("w1", "withdrawal", "BTC", "-0.5", day=4, symbol="BTC-USD")
    book_transfers([replace(out, book=book.name)], ada)
    bought = make_fill("c1", "buy", "2", "100", day=1, book="ada-coins")
    book_fills([bought], ada)
    apps = _migrated(BEFORE)
    try:
        yield apps
    finally:
        _migrated(_newest())


class LongWay(MigrationLoader):
    """The migrations that databases from before the squash go through."""

    def load_disk(self) -> None:
        super().load_disk()
        for key, migration in list(self.disk_migrations.items()):
            if migration.replaces:
                del self.disk_migrations[key]


def _executor() -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.loader = LongWay(connection)
    return executor


def _newest() -> list[tuple[str, str]]:
    return list(_executor().loader.graph.leaf_nodes())


def _migrated(targets: list[tuple[str, str]]) -> Any:
    _executor().migrate(targets)
    return _executor().loader.project_state(targets).apps


def figures(book: Book) -> dict[str, Any]:
    """What people see of a book."""
    lots = (
        Lot.objects.filter(book=book)
        .order_by("id")
        .values_list(
            "quantity", "amount", "fee", "remaining_quantity", "remaining_amount"
        )
    )
    matches = (
        Match.objects.filter(book=book)
        .order_by("id")
        .values_list("kind", "quantity", "cost", "proceeds", "fee", "realised")
    )
    positions = Position.objects.filter(book=book).values_list(
        "quantity", "amount", "fee", "opened_at"
    )
    balances = (
        Balance.objects.filter(book=book)
        .order_by("currency")
        .values_list("currency", "cash", "realised", "fees", "implied")
    )
    return {
        "lots": list(lots),
        "matches": list(matches),
        "positions": list(positions),
        "balances": list(balances),
    }


def charge_bnb(old: Any) -> None:
    """The first fee was one of a third currency, worth 3 USD by the column of then."""
    fills = old.get_model("trades", "Fill").objects
    fills.filter(external_id="f1").update(fee=Decimal("0.01"), fee_currency="BNB")
    balances = old.get_model("trades", "Balance").objects
    usd = balances.get(book__name="ada-main", currency="USD")
    usd.cash += 3
    usd.save()
    balances.create(book=usd.book, currency="BNB", cash=Decimal("-0.01"))


def send_coins(old: Any) -> None:
    """Coins whose transfer named no instrument were cash, traded or not."""
    book = old.get_model("trades", "Book").objects.get(name="ada-coins")
    at = START + timedelta(days=6)
    old.get_model("trades", "Transfer").objects.create(
        book=book,
        external_id="w2",
        kind="withdrawal",
        asset="BTC",
        amount=Decimal("-0.25"),
        at=at,
        recorded_at=at,
    )
    balances = old.get_model("trades", "Balance").objects
    balances.create(book=book, currency="BTC", cash=Decimal("-0.25"))


def quote(old: Any) -> None:
    """A row known by its file's text, a price and a split, as they were."""
    fills = old.get_model("trades", "Fill").objects
    fills.filter(external_id="f2").update(external_id=f"csv:{DIGEST}:1")
    old.get_model("trades", "Price").objects.create(
        symbol="BTC-USD", at=START, price=Decimal(90), recorded_at=START
    )
    old.get_model("trades", "Split").objects.create(
        instrument=old.get_model("trades", "Instrument").objects.get(symbol="BTC-USD"),
        at=START,
        numerator=2,
        denominator=1,
        recorded_at=START,
    )


def test_books_of_before_keep_their_figures_and_come_to_the_rules_by_a_job(old):
    charge_bnb(old)
    send_coins(old)
    quote(old)
    _migrated(_newest())
    facts_are_kept()
    main = Book.objects.get(name="ada-main")
    kept = figures(main)
    assert [row[:3] for row in kept["balances"]] == [
        ("BNB", Decimal("-0.01"), 0),
        ("USD", 1000 - 200 - 130 + 150, Decimal("48.5")),
    ]
    assert [row[-1] for row in kept["matches"]] == [Decimal("48.5"), 0]
    assert differences(main) == []
    coins = Book.objects.get(name="ada-coins")
    assert differences(coins)
    run = JobRun.objects.get(job__name="portfolio-rederive", state="queued")
    rederive = JOBS["portfolio-rederive"].function
    assert rederive(run.params) == "1 of 2 books derived again"
    assert differences(coins) == []
    assert Position.objects.get(book=coins).quantity == Decimal("1.75")
    assert not Balance.objects.filter(currency="BTC").exclude(cash=0).exists()
    rebuild(main)
    assert figures(main) == kept


def facts_are_kept() -> None:
    fill = Fill.objects.get(external_id="f1")
    [worth] = Valuation.objects.filter(fill=fill)
    assert (worth.value, worth.currency, fill.fee_value) == (3, "USD", 3)
    assert (worth.priced_at, worth.recorded_at) == (fill.executed_at, fill.recorded_at)
    hashed = Fill.objects.get(price=130).external_id
    assert hashed.startswith("csv:")
    assert DIGEST not in hashed
    price = Price.objects.get()
    assert (price.scope, price.author, price.currency) == ("desk", None, "USD")
    split = Split.objects.get()
    assert (split.scope, split.symbol, split.numerator) == ("desk", "BTC-USD", 2)
    for book in Book.objects.all():
        times = [
            *book.fills.values_list("recorded_at", flat=True),
            *book.transfers.values_list("recorded_at", flat=True),
        ]
        assert book.recorded_at == max(times)
