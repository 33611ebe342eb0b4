"""Which book a text means: one answer on every page, for every import and command."""

import io
import json
import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import User
from kernel.errors import Forbidden, Invalid
from portfolio.queries.books import scope
from portfolio.services import equity
from trades.models import Book, Fill
from trades.queries.books import (
    book_named,
    chosen_book,
    entrusted_books,
    is_entrusted,
    is_meant,
    readable_books,
)
from trades.queries.trades import TradeFilter, trade_page
from trades.services.books import NewBook, create_book, writable_book
from trades.services.fills import book_fills
from trades.services.importing import import_for
from trades.services.imports import look_for
from trades.services.previewing import Source

pytestmark = pytest.mark.django_db
HEADER = "symbol,side,quantity,price,executed_at"
CSV = f"{HEADER}\nBTC-USD,buy,1,100,2026-01-05T12:00:00Z\n"


@pytest.fixture
def zeta(ada):
    return create_book(NewBook("Zeta", "USD"), ada)


@pytest.fixture
def named_by_its_id(ada, zeta):
    """A book from before names of digits were refused, called as Zeta's id."""
    other = create_book(NewBook("other", "USD"), ada)
    Book.objects.filter(pk=other.pk).update(name=str(zeta.pk))
    other.refresh_from_db()
    return other


@pytest.fixture
def fill_in(ada, make_fill):
    """fill_in(book, "ZETA-USD") books a trade of that symbol in it."""

    def make(book, symbol):
        row = make_fill(
            "f1", "buy", "1", "1", symbol=symbol, book=str(book.pk), fee=Decimal("0.1")
        )
        book_fills([row], ada)
        equity.catch_up(timezone.now())

    return make


@pytest.mark.parametrize(
    "path",
    [
        "/api/trades?book={}",
        "/api/portfolio/lots?book={}",
        "/api/portfolio/positions?book={}",
        "/api/portfolio/allocation?book={}",
        "/api/performance/by-symbol?period=all&book={}",
        "/portfolio/?book={}",
        "/performance/?period=all&book={}",
    ],
)
def test_digits_are_the_id_on_every_surface(
    path, ada, zeta, named_by_its_id, fill_in, client_of
):
    fill_in(zeta, "ZETA-USD")
    fill_in(named_by_its_id, "OTHER-USD")
    client = client_of(ada)
    first = client.get(path.format(zeta.pk)).content.decode()
    second = client.get(path.format(named_by_its_id.pk)).content.decode()
    assert ("ZETA-USD" in first, "OTHER-USD" in first) == (True, False)
    assert ("ZETA-USD" in second, "OTHER-USD" in second) == (False, True)


def test_every_offered_choice_of_a_book_means_that_book(
    ada, zeta, named_by_its_id, client_of
):
    assert zeta.reference == "Zeta"
    for book in (zeta, named_by_its_id):
        assert scope(ada, book.reference).one == book
        assert writable_book(book.reference, ada) == book
    client = client_of(ada)
    for page in ("/portfolio/", "/trades/import/"):
        offered = re.findall(
            r'<option value="([^"]+)"', client.get(page).content.decode()
        )
        assert {chosen_book(ada, text) for text in offered if text} >= {
            zeta,
            named_by_its_id,
        }, page


@pytest.mark.parametrize("blanks", [" {}", "{} ", "\u00a0{}\t"])
def test_blanks_around_a_book_count_on_no_surface(blanks, ada, zeta, client_of):
    client = client_of(ada)
    for text in (zeta.name, zeta.pk):
        query = {"book": blanks.format(text)}
        assert client.get("/api/trades", query).status_code == 200
        assert client.get("/api/portfolio", query).status_code == 200
        assert client.get("/performance/", query).status_code == 200
        assert scope(ada, query["book"]).one == zeta
    assert scope(ada, "\u00a0").one is None


def test_trades_and_portfolio_read_the_same_book(ada, zeta, named_by_its_id, fill_in):
    fill_in(zeta, "ZETA-USD")
    text = str(zeta.pk)
    trades = trade_page(ada, TradeFilter(book=text), limit=9).trades
    assert {trade.book for trade in trades} == {zeta.name}
    assert scope(ada, text).one == zeta
    assert writable_book(text, ada) == zeta
    assert chosen_book(ada, text) == zeta


@pytest.mark.parametrize("name", ["1", "007", "\uff12\uff10", " 12 "])
def test_a_name_of_digits_is_refused_and_says_so(name, ada, client_of):
    body = json.dumps({"name": name, "base_currency": "USD"})
    answer = client_of(ada).post("/api/books", body, content_type="application/json")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/name"]
    assert "id" in answer.json()["errors"][0]["detail"]
    assert not Book.objects.exists()


def test_spaces_around_digits_hide_no_id(ada):
    with pytest.raises(Invalid, match="read as an id"):
        create_book(NewBook(" 12 ", "USD"), ada)


@pytest.mark.parametrize("public", [False, True], ids=["closed", "public"])
def test_an_owner_who_trades_no_more_is_entrusted_with_nothing(
    public, ada, zeta, settings
):
    settings.PUBLIC_READ = public
    ada.groups.clear()
    gone = User.objects.get(pk=ada.pk)
    assert not is_entrusted(gone, zeta)
    assert list(entrusted_books(gone)) == []
    assert list(readable_books(gone)) == ([zeta] if public else [])
    with pytest.raises(Forbidden if public else Invalid):
        writable_book("Zeta", gone)


@pytest.mark.parametrize("name", ["2026 Q1", "1a", "v1", "-1", "1.5"])
def test_a_name_with_digits_among_others_is_one(name, ada):
    book = create_book(NewBook(name, "USD"), ada)
    assert chosen_book(ada, name) == book
    assert is_meant(book, name)


@pytest.mark.parametrize("text", ["", "no such", "9" * 18, "9" * 40, "²", "0"])
def test_a_text_that_means_no_book(text, zeta):
    assert book_named(Book.objects.all(), text) is None


def test_a_file_goes_by_the_same_rule(ada, zeta, named_by_its_id):
    done = import_for(
        Source(content=CSV.encode(), file_name="a.csv", book=str(zeta.pk)), ada
    )
    assert done.book == zeta
    assert done.preview.book_name == "Zeta"
    assert Fill.objects.get().book == zeta


def test_rows_name_the_book_by_id_or_name(ada, zeta, named_by_its_id):
    def broken(text):
        row = f"{HEADER},book\nBTC-USD,buy,1,100,2026-01-05T12:00:00Z,{text}\n"
        seen = look_for(
            Source(content=row.encode(), file_name="a.csv", book="Zeta"), ada
        )
        return [str(line) for line in seen.parsed.broken]

    assert broken("Zeta") == broken(zeta.pk) == []
    assert broken("other") == ["line 2: book: 'other' is not Zeta"]
    assert broken(named_by_its_id.pk) != []


def test_a_file_makes_no_book_of_digits(ada, client_of):
    answer = client_of(ada).post(
        "/api/trades/import",
        {"file": SimpleUploadedFile("a.csv", CSV.encode()), "book": "12345678"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/book"
    assert not Book.objects.exists()


def test_the_page_says_it_too(ada, client_of):
    file = SimpleUploadedFile("a.csv", CSV.encode())
    answer = client_of(ada).post("/trades/import/", {"file": file, "book": "12345678"})
    assert answer.status_code == 422
    assert "a new one needs a name" in answer.content.decode()


def test_the_command_goes_by_the_same_rule(ada, zeta, named_by_its_id, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    call_command(
        "import_trades", path, book=str(zeta.pk), owner="ada", stdout=io.StringIO()
    )
    assert Fill.objects.get().book == zeta
    with pytest.raises(CommandError, match="a new one needs a name"):
        call_command("import_trades", path, book="87654321", owner="ada")


def test_somebody_elses_id_is_not_told_apart_from_none(ada, mallory, zeta):
    for text in (str(zeta.pk), "87654321"):
        with pytest.raises(Invalid) as refused:
            look_for(
                Source(content=CSV.encode(), file_name="a.csv", book=text), mallory
            )
        assert refused.value.code == "book"
    with pytest.raises(Invalid) as taken:
        look_for(Source(content=CSV.encode(), file_name="a.csv", book="Zeta"), mallory)
    assert taken.value.code == "name_taken"


def test_who_may_read_a_book_is_told_whose_it_is(person, zeta):
    viewer = person("vera", "Viewer")
    with pytest.raises(Forbidden):
        writable_book("Zeta", viewer)
    with pytest.raises(Forbidden):
        look_for(Source(content=CSV.encode(), file_name="a.csv", book="Zeta"), viewer)
