"""What is searched by words is found alike, whatever the index of words knows."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import substrings
from kernel.registry import JOBS
from tests.trades.conftest import START
from trades.models import Decision, Fill, UnindexedFills
from trades.queries import words
from trades.queries.trades import TradeFilter, trade_page
from trades.services import words as indexing
from trades.services.amending import correct_fill, void_fill
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills

pytestmark = pytest.mark.django_db
LETTERS = "aAbB12-" * 3 + '_%" ' + "éßıİ\n⟦"
SYMBOLS = ("AB-USD", "BAB1-USD", "B1A-USD")


def drawn(draw: random.Random, most: int) -> str:
    return "".join(draw.choices(LETTERS, k=draw.randint(0, most)))


def searched(draw: random.Random) -> list[str]:
    """Parts of what is there in either case, and what may be nowhere."""
    held = [
        str(text)
        for row in Fill.objects.values_list(*words.WORDS)
        for text in row
        if len(text) > 2
    ]
    parts = []
    for text in draw.sample(held, min(5, len(held))):
        start = draw.randrange(len(text) - 2)
        part = text[start : start + draw.randint(3, 6)]
        parts.append(draw.choice((part, part.upper(), part.lower())))
    # The same as links with groups of another field, or in another order.
    return [
        *parts,
        "abab1",
        "1ba",
        f"d-{Decision.objects.get().pk}",
        "DEC-7",
        "dec-7",
        drawn(draw, 5),
        "ab",
    ]


def everything(user, q: str, **chosen) -> list[list[int]]:
    pages: list[list[int]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = trade_page(user, TradeFilter(q=q, **chosen), limit=3, cursor=cursor)
        pages.append([trade.pk for trade in page.trades])
        cursor = page.older
    return pages


@pytest.fixture
def without_index(monkeypatch):
    def ask(*given, **chosen):
        with monkeypatch.context() as patched:
            patched.setattr("trades.queries.trades.may_fit", lambda q: None)
            return everything(*given, **chosen)

    return ask


@pytest.mark.parametrize("seed", range(3))
def test_the_index_changes_no_answer_however_far_it_is(
    ada, mallory, book, make_fill, without_index, monkeypatch, seed
):
    draw = random.Random(seed)
    monkeypatch.setattr(words, "MOST_FOUND", 9)
    monkeypatch.setattr(words, "MOST_UNINDEXED", 15)
    monkeypatch.setattr(indexing, "AT_ONCE", 4)
    create_book(NewBook("ada-other", "USD"), ada)
    create_book(NewBook("mallory-main", "USD"), mallory)
    told: Counter[str] = Counter()
    why = Decision.objects.create(
        book=book,
        external_id="DEC-7",
        model="m",
        symbol="AB-USD",
        direction="long",
        decided_at=START,
        recorded_at=START,
    )
    for number in range(8):
        owner, name = draw.choice(
            [(ada, "ada-main"), (ada, "ada-other"), (mallory, "mallory-main")]
        )
        new = [
            make_fill(
                f"{number}-{index}{drawn(draw, 8)}".replace("\n", ""),
                "buy",
                "1",
                "100",
                draw.randint(0, 300),
                book=name,
                symbol=draw.choice(SYMBOLS),
                order_id=drawn(draw, 8).replace("\n", ""),
                note=drawn(draw, 8),
                strategy=drawn(draw, 5).replace("\n", ""),
            )
            for index in range(draw.randint(1, 5))
        ]
        booked = book_fills(new, owner)
        if name == "ada-main":
            Fill.objects.filter(pk=booked.fills[0].pk).update(decision=why)
        if number % 3 == 2:
            correct_fill(booked.fills[0].pk, {"note": f"Baba{number}"}, "typo", owner)
        if number % 4 == 3:
            void_fill(booked.fills[-1].pk, "twice", owner)
        if number == 5:
            with connection.cursor() as cursor:
                cursor.execute('DROP TABLE IF EXISTS "trades_words"')
        if number in (0, 6) or draw.random() < 0.4:
            indexing.index_words()
        elif draw.random() < 0.5 and words.INDEX.is_whole():
            indexing._index_some()
        for q in searched(draw):
            fitting = words.may_fit(q)
            told["decided" if fitting is not None else "not"] += 1
            assert everything(ada, q) == without_index(ada, q), (number, q)
        chosen = {"symbol": "AB-USD", "book": "ada-main"}
        assert everything(ada, "aba", **chosen) == without_index(ada, "aba", **chosen)
    assert told["decided"] >= 0.3 * told.total(), told


@pytest.fixture
def desk(ada, book, make_fill):
    book_fills(
        [make_fill(f"f{n}", "buy", "1", "1", n, note=f"Note {n}") for n in range(30)],
        ada,
    )


def notes(user, q: str) -> list[str]:
    return [trade.note for trade in trade_page(user, TradeFilter(q=q), limit=50).trades]


def test_a_job_takes_in_what_was_booked_and_the_index_then_decides(ada, desk):
    assert words.may_fit("nowhere") is None
    assert "is yet to be made" in words.index_state()
    said = JOBS["trades-words"].function({})
    assert said == "30 trades looked at for the index of words"
    assert words.may_fit("nowhere") == []
    assert words.may_fit("NOTE 17") == [Fill.objects.get(note="Note 17").pk]
    assert words.index_state() == "the index of words knows every trade"
    assert JOBS["trades-words"].function({}).startswith("0 trades")


def test_what_the_index_has_not_seen_is_looked_at_one_by_one(ada, desk, make_fill):
    indexing.index_words()
    new = book_fills([make_fill("late", "buy", "1", "1", note="Note 17 too")], ada)
    assert set(words.may_fit("note 17") or ()) >= {new.fills[0].pk}
    assert notes(ada, "note 17") == ["Note 17", "Note 17 too"]
    assert words.index_state() == "the index of words is behind in 1 book"


@pytest.mark.parametrize("lost", ["emptied", "absent", "impossible"])
def test_without_its_index_a_search_finds_the_same(ada, desk, lost, monkeypatch):
    indexing.index_words()
    with connection.cursor() as cursor:
        if lost == "absent":
            cursor.execute('DROP TABLE "trades_words"')
        elif connection.vendor == "sqlite":
            cursor.execute(
                "INSERT INTO trades_words(trades_words) VALUES('delete-all')"
            )
        else:
            cursor.execute("TRUNCATE trades_words")
    if lost == "impossible":
        monkeypatch.setattr(
            substrings.SubstringIndex, "missing", lambda self: "no such means"
        )
    assert words.may_fit("note 17") is None
    assert notes(ada, "note 17") == ["Note 17"]
    indexing.index_words()
    assert (words.may_fit("note 17") is None) is (lost == "impossible")
    assert notes(ada, "note 17") == ["Note 17"]
    assert "row by row" in words.index_state() or lost != "impossible"


def test_a_frequent_word_is_looked_for_among_the_newest(ada, desk, monkeypatch):
    monkeypatch.setattr(words, "MOST_FOUND", 10)
    indexing.index_words()
    assert words.may_fit("note") is None
    assert len(notes(ada, "note")) == 30


@pytest.mark.embedded
def test_few_that_may_fit_are_read_by_their_ids(ada, desk):
    """Whatever else narrows them: SQLite would rather walk all of the symbol's."""
    indexing.index_words()
    chosen = TradeFilter(q="note 17", symbol="BTC-USD", book="ada-main")
    with CaptureQueriesContext(connection) as seen:
        trade_page(ada, chosen, limit=50)
    rows = [q["sql"] for q in seen.captured_queries if "LIKE" in q["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {rows[-1].replace('%', '%%')}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "SEARCH trades_fill USING INTEGER PRIMARY KEY (rowid=?)" in plan


def test_what_is_not_booked_after_all_is_not_noted(ada, desk, make_fill):
    indexing.index_words()
    bad = make_fill("f1", "buy", "2", "1", 1)
    with pytest.raises(Exception, match="f1"):
        book_fills([make_fill("new", "buy", "1", "1"), bad], ada)
    assert not UnindexedFills.objects.exists()
