"""All trades that fit a filter as a file, streamed page by page."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.csv_files import csv_rows as rows_of_csv
from tests.trades.conftest import START
from tests.trades.files import booked
from tests.trades.files import rows as file_rows
from trades.domain.facts import NewPrice, NewSplit, NewTransfer
from trades.queries.trades import trade_page
from trades.services.prices import set_prices
from trades.services.recording import record_history
from trades.services.splits import record_split
from trades.services.transfers import book_transfers
from trades.views import files

pytestmark = pytest.mark.django_db
MANY = 1_100  # more than two pages of a file


@pytest.fixture
def client(client_of, ada, book, make_fill):
    rows = [
        make_fill(f"f{n}", ("buy", "sell")[n % 2], "1", "0.00000001", n / 900)
        for n in range(MANY)
    ]
    noted = make_fill("n", "buy", "2", "90", 2, symbol="ETH-USD", note="=cmd()")
    record_history(book, [*rows, noted], [], [], [], ada)
    return client_of(ada)


def csv_rows(client, query=""):
    return rows_of_csv(client, f"/trades/trades.csv{query}")


def test_every_trade_stands_there_once_newest_first(client):
    rows = csv_rows(client)
    assert len({row["id"] for row in rows}) == len(rows) == MANY + 1
    times = [row["timestamp"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert rows[-1]["price"] == "0.00000001"


def test_filters_of_the_page_narrow_the_file(client):
    [row] = csv_rows(client, "?symbol=ETH-USD&side=buy&book=ada-main")
    assert (row["quantity"], row["note"]) == ("2", "'=cmd()")
    assert csv_rows(client, "?symbol=NONE") == []


def test_lines_of_json_are_what_the_api_answers(client):
    lines = client.get("/trades/trades.jsonl?symbol=ETH-USD").getvalue().splitlines()
    assert [json.loads(line) for line in lines] == client.get(
        "/api/trades?symbol=ETH-USD"
    ).json()["trades"]


def test_a_page_is_in_memory_at_a_time(client, monkeypatch):
    asked = []

    def watched(*args, **named):
        asked.append(named["limit"])
        return trade_page(*args, **named)

    monkeypatch.setattr(files, "trade_page", watched)
    answer = client.get("/trades/trades.csv")
    next(iter(answer))
    assert asked == [files.AT_ONCE]
    answer.getvalue()
    assert asked == [files.AT_ONCE] * 3


def test_the_page_leads_to_both_with_its_filters(client):
    page = client.get("/trades/?symbol=ETH-USD").content.decode()
    for form in ("csv", "jsonl"):
        assert f"/trades/trades.{form}?symbol=ETH-USD" in page


def test_transfers_are_signed_numbers_with_the_names_of_their_books(client, ada):
    book_transfers(
        [
            NewTransfer(
                external_id=f"t{n}",
                kind="withdrawal",
                asset="USD",
                amount=Decimal("-1.000000000000000001"),
                at=START + timedelta(hours=n),
                book="ada-main",
                note="@home",
            )
            for n in range(3)
        ],
        ada,
    )
    rows = rows_of_csv(client, "/transfers/transfers.csv")
    assert [row["external_id"] for row in rows] == ["t2", "t1", "t0"]
    assert {row["amount"] for row in rows} == {"-1.000000000000000001"}
    assert {(row["note"], row["book_name"]) for row in rows} == {("'@home", "ada-main")}
    other = client.get("/transfers/transfers.csv", {"book": "other"})
    assert other.status_code == 404


def test_prices_and_splits_are_files_of_what_a_symbol_has(client, ada):
    for symbol in ("BTC-USD", "ETH-USD"):
        set_prices([NewPrice(symbol=symbol, at=START, price=Decimal("1E-18"))], ada)
        record_split(NewSplit(symbol=symbol, at=START, numerator=3, denominator=2), ada)
    asked = {"symbol": "ETH-USD"}
    [price] = rows_of_csv(client, "/prices/prices.csv", asked)
    assert (price["price"], price["author"]) == ("0.000000000000000001", "ada")
    [split] = rows_of_csv(client, "/splits/splits.csv", asked)
    assert (split["numerator"], split["denominator"]) == ("3", "2")
    for noun in ("prices", "splits"):
        page = client.get(f"/{noun}/", asked).content.decode()
        assert f"/{noun}/{noun}.csv?symbol=ETH-USD" in page
        assert len(rows_of_csv(client, f"/{noun}/{noun}.csv")) == 2


def test_books_are_a_file(client):
    [row] = rows_of_csv(client, "/books/books.csv")
    assert (row["name"], row["owner"]) == ("ada-main", "ada")
    assert "/books/books.csv" in client.get("/books/").content.decode()


def test_a_file_holds_the_rows_behind_its_first_page(client, ada, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 2)
    prices = [
        NewPrice(symbol="BTC-USD", at=START + timedelta(hours=n), price=Decimal(1 + n))
        for n in range(5)
    ]
    set_prices(prices, ada)
    rows = rows_of_csv(client, "/prices/prices.csv")
    assert [row["price"] for row in rows] == ["5", "4", "3", "2", "1"]


def test_own_imports_go_out_and_nobody_elses(client, client_of, ada, person):
    booked(file_rows(3), ada)
    [row] = rows_of_csv(client, "/trades/imports/imports.csv")
    assert (row["file"], row["state"], row["new"]) == ("a.csv", "booked", "3")
    page = client.get("/trades/import/").content.decode()
    assert 'href="/trades/imports/imports.csv"' in page
    other = client_of(person("tina", "Trader"))
    assert rows_of_csv(other, "/trades/imports/imports.csv") == []
