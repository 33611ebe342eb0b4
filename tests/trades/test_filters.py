"""Which trades a filter finds, and in which order pages give them."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import paging
from kernel.paging import encode
from tests.trades.conftest import START
from trades.models import Book, Fill
from trades.queries import trades
from trades.queries.trades import (
    TradeFilter,
    latest_decisions,
    realised_by,
    strategies_of,
    trade_detail,
    trade_page,
)
from trades.services.amending import correct_fill
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(ada, mallory, book, make_fill):
    """Five trades of Ada's in two books, and one of Mallory's."""
    create_book(NewBook("ada-swing", "USD"), ada)
    create_book(NewBook("mallory-main", "USD"), mallory)
    main, swing = {"book": "ada-main"}, {"book": "ada-swing"}
    book_fills(
        [
            make_fill("alpha-1", "buy", "2", "100", day=0, order_id="ord-77", **main),
            make_fill("alpha-2", "sell", "1", "120", day=1, note="took profit", **main),
            make_fill("beta-1", "buy", "1", "9", day=2, symbol="ETH-USD", **main),
            make_fill("beta-2", "buy", "1", "8", day=3, symbol="ETH-USD", **swing),
            make_fill("x", "sell", "1", "7", day=4, strategy="slow", **swing),
        ],
        ada,
    )
    book_fills([make_fill("m-1", "buy", "1", "1", day=9)], mallory)


def ids(user, limit=50, **chosen):
    page = trade_page(user, TradeFilter(**chosen), limit=limit)
    return [fill.external_id for fill in page.trades]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "x beta-2 beta-1 alpha-2 alpha-1"),
        ({"book": "ada-main"}, "beta-1 alpha-2 alpha-1"),
        ({"symbol": "ETH-USD"}, "beta-2 beta-1"),
        ({"symbol": "eth/usd"}, "beta-2 beta-1"),
        ({"symbol": "XRP-USD"}, ""),
        ({"side": "sell"}, "x alpha-2"),
        ({"strategy": "slow"}, "x"),
        ({"status": "voided"}, ""),
        ({"external_id": "beta-1"}, "beta-1"),
        ({"external_id": "beta"}, ""),
        ({"q": "be"}, "beta-2 beta-1"),  # short: the beginning of id or symbol
        ({"q": "ta"}, ""),
        ({"q": "et"}, "beta-2 beta-1"),
        ({"q": "X"}, "x"),
        ({"q": "eta"}, "beta-2 beta-1"),  # long: anywhere in id, order or note
        ({"q": "ORD-7"}, "alpha-1"),
        ({"q": "profit"}, "alpha-2"),
        ({"q": "BTC"}, "x alpha-2 alpha-1"),
        ({"q": "%"}, ""),
        ({"q": "a_p"}, ""),
        ({"start": START + timedelta(days=3)}, "x beta-2"),
        ({"end": START + timedelta(days=1)}, "alpha-1"),
        ({"start": START, "end": START}, ""),
        ({"side": "buy", "symbol": "ETH-USD", "book": "ada-swing"}, "beta-2"),
    ],
)
def test_every_field_narrows(ada, desk, chosen, expected):
    assert ids(ada, **chosen) == expected.split()


def test_each_sees_their_own_and_a_viewer_all(ada, mallory, person, desk):
    assert ids(mallory) == ["m-1"]
    assert len(ids(person("vera", "Viewer"))) == 6
    assert ids(person("otto", "Operator")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_pages_neither_skip_nor_repeat_and_lead_back(ada, desk, limit):
    forward, page = [], trade_page(ada, TradeFilter(), limit=limit)
    pages = [page]
    while page.older:
        page = trade_page(ada, TradeFilter(), limit=limit, cursor=page.older)
        pages.append(page)
    for page in pages:
        forward += [fill.external_id for fill in page.trades]
    assert forward == ids(ada)
    for earlier, later in pairwise(pages):
        assert later.newer is not None
        back = trade_page(ada, TradeFilter(), limit=limit, before=later.newer)
        assert back.trades == earlier.trades
    assert pages[0].newer is None


def test_equal_times_are_told_apart_by_their_ids(ada, book, make_fill):
    book_fills([make_fill(f"f{n}", "buy", "1", "1") for n in range(7)], ada)
    first = trade_page(ada, TradeFilter(), limit=4)
    assert first.older is not None
    second = trade_page(ada, TradeFilter(), limit=4, cursor=first.older)
    shown = [fill.external_id for fill in (*first.trades, *second.trades)]
    assert shown == [f"f{n}" for n in reversed(range(7))]


@pytest.mark.parametrize(("offset", "expected"), [(0, 2), (3, 2), (4, 1), (5, 0)])
def test_an_offset_skips_rows_for_old_clients(ada, desk, offset, expected):
    page = trade_page(ada, TradeFilter(), limit=2, offset=offset)
    assert len(page.trades) == expected


def test_how_many_there_are_is_counted_up_to_a_bound(ada, desk, monkeypatch):
    assert trade_page(ada, TradeFilter(), limit=1, counted=True).about == 5
    assert trade_page(ada, TradeFilter(), limit=1).about is None
    monkeypatch.setattr("trades.queries.trades.COUNTED", 4)
    assert trade_page(ada, TradeFilter(), limit=1, counted=True).about is None


def test_what_was_realised_stands_at_the_closing_fill(ada, desk):
    sale = Fill.objects.get(external_id="alpha-2")
    assert realised_by([fill.pk for fill in Fill.objects.all()])[sale.pk] == 20
    assert realised_by([]) == {}


def test_a_trade_is_found_by_who_may_read_it(ada, mallory, desk):
    theirs = Fill.objects.get(external_id="m-1")
    assert trade_detail(mallory, theirs.pk) is not None
    assert trade_detail(ada, theirs.pk) is None
    assert trade_detail(ada, 10**9) is None


def test_strategies_are_listed_once_by_name_and_only_those_of_the_books(
    ada, mallory, desk, make_fill
):
    book_fills(
        [make_fill("s2", "buy", "1", "1", strategy="fast", book="ada-main")], ada
    )
    assert strategies_of(list(Book.objects.all())) == ["fast", "slow"]
    assert strategies_of(list(Book.objects.filter(owner=mallory))) == []


def test_without_decisions_there_are_none(ada, desk):
    assert latest_decisions(ada, 5) == []


@pytest.fixture
def looking_not_far(monkeypatch):
    """A page looks at three trades of a list, and at two of each of many."""
    monkeypatch.setattr(paging, "EXAMINED", (3,))
    monkeypatch.setattr(paging, "EXAMINED_OF_EACH", (1, 2))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("books", [1, 5])
def test_what_no_index_knows_is_found_by_looking_further(
    ada, make_fill, looking_not_far, books, backwards
):
    """However far apart: pages may be short or empty, and lead on to all of them."""
    for number in range(books):
        create_book(NewBook(f"b{number}", "USD"), ada)
    book_fills(
        [
            make_fill(
                f"f{n:02}",
                ("buy", "sell")[n % 8 == 0],
                "1",
                "1",
                n,
                book=f"b{n % books}",
            )
            for n in range(40)
        ],
        ada,
    )
    chosen = TradeFilter(side="sell")
    found: list[str] = []
    lengths: list[int] = []
    place: str | None = encode(("0001-01-01T00:00:00+00:00", 0)) if backwards else ""
    while place is not None and len(lengths) < 60:
        back, forth = (place, "") if backwards else ("", place)
        page = trade_page(ada, chosen, limit=1, before=back, cursor=forth)
        place = page.newer if backwards else page.older
        lengths.append(len(page.trades))
        found += [fill.external_id for fill in page.trades]
    assert found == sorted(["f00", "f08", "f16", "f24", "f32"], reverse=not backwards)
    assert 0 in lengths


def test_a_page_that_found_none_of_many_says_that_there_are_more(
    client_of, ada, desk, looking_not_far, monkeypatch
):
    monkeypatch.setattr(trades, "COUNTED", 2)
    page = client_of(ada).get("/trades/?q=took profit&book=ada-main").content.decode()
    assert "alpha-2" in page
    page = client_of(ada).get("/trades/?q=alpha-1").content.decode()
    assert "None of the trades looked at fits" in page
    assert "cursor=" in page


def plan_of(queries):
    """How the database would answer what was asked of fills, outer and inner reads."""
    asked = [q["sql"] for q in queries if "ORDER BY" in q["sql"]]
    fills = [sql for sql in asked if 'FROM "trades_fill"' in sql]
    with connection.cursor() as cursor:
        explain = "QUERY PLAN " if connection.vendor == "sqlite" else ""
        cursor.execute(f"EXPLAIN {explain}{fills[0].replace('%', '%%')}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("chosen", "index"),
    [
        ({}, "trades_fill_book"),
        ({"symbol": "BTC-USD"}, "trades_fill_pair"),
        ({"strategy": "slow"}, "trades_fill_strategy"),
        ({"start": START}, "trades_fill_book"),
    ],
)
@pytest.mark.embedded
def test_own_books_are_read_by_an_index_that_begins_with_the_book(
    ada, desk, chosen, index
):
    with CaptureQueriesContext(connection) as seen:
        trade_page(ada, TradeFilter(**chosen), limit=50)
    plan = plan_of(seen.captured_queries)
    assert f"USING INDEX {index} (book_id=?" in plan, plan
    assert "SCAN" not in plan, plan


def test_an_id_finds_what_was_corrected_since(ada, desk):
    first = Fill.objects.get(external_id="alpha-1")
    once = correct_fill(first.pk, {"price": "90"}, "a slip", ada).fact
    correct_fill(once.pk, {"price": "80"}, "another", ada)
    page = trade_page(ada, TradeFilter(external_id="alpha-1"), limit=5)
    assert [fill.price for fill in page.trades] == [80]
