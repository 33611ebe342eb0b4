"""What POSTs answer, to the letter: names, order, texts of numbers and times."""

import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import AuditEvent
from kernel.json import dumps
from trades.answers.books import BookAnswer
from trades.answers.imports import ImportAnswer
from trades.answers.trades import TradeAnswer, TradeDetailAnswer, TradeLot
from trades.models import Fill, Lot
from trades.queries.listed import listed_fill
from trades.queries.trades import log_of, trade_detail
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
AT = "2026-01-05T12:00:00Z"


@pytest.fixture
def client(client_of, ada):
    return client_of(ada)


def post(client, path, body):
    answer = client.post(path, json.dumps(body), content_type="application/json")
    return answer, answer.json()


def wire(answer):
    return json.loads(dumps(answer))


def test_a_trade(client, book):
    body = {
        "external_id": "x1",
        "symbol": "btc/usd",
        "side": "BUY",
        "quantity": "0.50",
        "price": "20000",
        "fee": "1.10",
        "executed_at": "2026-01-05T13:00:00+01:00",
        "order_id": "o1",
        "order_type": "limit",
        "liquidity": "maker",
        "strategy": "slow",
        "note": "first",
    }
    answer, made = post(client, "/api/trades", body)
    fill = Fill.objects.get()
    assert answer["Location"] == f"/api/trades/{fill.pk}"
    assert list(made.items()) == [
        ("id", str(fill.pk)),
        ("external_id", "x1"),
        ("book", "ada-main"),
        ("timestamp", AT),
        ("symbol", "BTC-USD"),
        ("event_type", "fill"),
        ("side", "buy"),
        ("quantity", "0.5"),
        ("price", "20000"),
        ("total_value", "10000"),
        ("fee", "1.1"),
        ("fee_currency", "USD"),
        ("fee_value", "1.1"),
        ("status", "booked"),
        ("order_id", "o1"),
        ("order_type", "limit"),
        ("liquidity", "maker"),
        ("strategy", "slow"),
        ("decision_id", None),
        ("note", "first"),
        ("realized_pnl", None),
    ]


def test_many_trades_come_back_in_their_order(client, book):
    rows = [
        {
            "external_id": f"x{n}",
            "symbol": "BTC-USD",
            "side": side,
            "quantity": "1",
            "price": price,
            "executed_at": AT,
        }
        for n, (side, price) in enumerate([("buy", "10"), ("sell", "12"), ("buy", "9")])
    ]
    answer, made = post(client, "/api/trades", {"trades": rows})
    assert (answer.status_code, list(made)) == (201, ["trades", "next_cursor"])
    assert [trade["external_id"] for trade in made["trades"]] == ["x0", "x1", "x2"]
    assert [trade["realized_pnl"] for trade in made["trades"]] == [None, "2", None]
    assert post(client, "/api/trades", {"trades": rows})[0].status_code == 200


def test_a_transfer(client, book):
    body = {
        "external_id": "t1",
        "kind": "transfer",
        "asset": "btc",
        "amount": "0.5",
        "cost": "9000.00",
        "at": AT,
        "symbol": "BTC-USD",
        "strategy": "slow",
        "note": "from the vault",
    }
    answer, made = post(client, "/api/transfers", body)
    assert answer.status_code == 201
    assert made.pop("id").isdecimal()
    assert made == {
        **body,
        "asset": "BTC",
        "cost": "9000",
        "book": str(book.pk),
        "to_book": None,
        "moves": "BTC-USD",
        "value": None,
        "value_currency": None,
        "status": "booked",
    }
    plain = {
        "external_id": "t2",
        "kind": "fee",
        "asset": "USD",
        "amount": "-1",
        "at": AT,
    }
    made = post(client, "/api/transfers", plain)[1]
    assert (made["cost"], made["symbol"], made["strategy"]) == (None, "", "")
    assert made["moves"] is None


def test_a_stated_balance(client, book):
    body = {"asset": "usd", "amount": "-5.50", "at": AT}
    answer, made = post(client, "/api/balances", body)
    assert answer.status_code == 201
    assert made.pop("id").isdecimal()
    fields = {"book": str(book.pk), "asset": "USD", "amount": "-5.5", "at": AT}
    assert made == {**fields, "source": "api", "status": "booked", "history": []}
    assert post(client, "/api/balances", body)[0].status_code == 200
    assert AuditEvent.objects.filter(kind="trades.balance.stated").count() == 1


def test_prices_are_counted(client, book):
    rows = [{"symbol": "BTC-USD", "at": AT, "price": "1"}] * 2
    answer, made = post(client, "/api/prices", {"prices": rows})
    assert (answer.status_code, made["prices"]) == (201, 1)
    answer, made = post(client, "/api/prices", {"prices": rows})
    assert (answer.status_code, made["prices"]) == (200, 0)


def test_a_book(client):
    body = {"name": "swing", "base_currency": "eur", "zone": "Europe/Berlin"}
    answer, made = post(client, "/api/books", {**body, "periods_per_year": 252})
    assert answer.status_code == 201
    assert made.pop("id").isdecimal()
    assert made == {
        "name": "swing",
        "owner": "ada",
        "base_currency": "EUR",
        "method": "fifo",
        "zone": "Europe/Berlin",
        "periods_per_year": 252,
        "allow_short": False,
        "revision": 1,
    }
    assert client.get("/api/books").json()["books"] == [
        wire(BookAnswer.of(book)) for book in client_books()
    ]


def client_books():
    from trades.models import Book

    return Book.objects.select_related("owner").order_by("-created_at")


def test_books_are_paged_like_every_list(client, ada):
    for name in "abc":
        create_book(NewBook(name, "USD"), ada)
    first = client.get("/api/books?limit=2")
    cursor = first.json()["next_cursor"]
    assert [book["name"] for book in first.json()["books"]] == ["c", "b"]
    assert f"cursor={cursor}" in first["Link"]
    last = client.get(f"/api/books?limit=2&cursor={cursor}")
    assert [book["name"] for book in last.json()["books"]] == ["a"]
    assert last.json()["next_cursor"] is None
    assert "Link" not in last


@pytest.mark.parametrize(
    ("rows", "dry_run", "status", "new", "broken"),
    [
        (["BTC-USD,buy,1,10"], "true", 200, 1, []),
        (["BTC-USD,buy,1,10"], "false", 201, 1, []),
        (["BTC-USD,buy,1,10", "BTC-USD,hold,1,10"], "true", 200, 1, [3]),
    ],
)
def test_a_file(client, book, rows, dry_run, status, new, broken):
    lines = ["symbol,side,quantity,price,executed_at", *(f"{row},{AT}" for row in rows)]
    file = SimpleUploadedFile("a.csv", "\n".join(lines).encode())
    answer = client.post(
        "/api/trades/import", {"file": file, "book": "ada-main", "dry_run": dry_run}
    )
    made = answer.json()
    assert answer.status_code == status
    assert list(made) == list(ImportAnswer.__dataclass_fields__)
    assert (made["book"], made["format"], made["new"]) == ("ada-main", "own", new)
    assert [line["line"] for line in made["broken"]] == broken
    assert (made["id"] is None) is (dry_run == "true")
    assert (made["largest_rounding"], made["rounded_rows"]) == ("0", 0)


# --- what stands behind a trade -------------------------------------------------------


@pytest.fixture
def sold(ada, book, make_fill):
    rows = [
        make_fill("f1", "buy", "2", "100", fee=Decimal(1)),
        make_fill("f2", "sell", "1", "130", day=1, fee=Decimal(2)),
    ]
    return book_fills(rows, ada).fills


def detailed(user, fill):
    detail = trade_detail(user, fill.pk)
    assert detail is not None
    return wire(TradeDetailAnswer.telling(detail, log_of(detail)))


def test_a_sale_names_its_lots_and_the_buyer_what_was_taken(ada, sold):
    bought, sale = (detailed(ada, fill) for fill in sold)
    match = {
        "kind": "trade",
        "lot": bought["lots"][0]["id"],
        "opened_by": str(sold[0].pk),
        "closed_by": str(sold[1].pk),
        "quantity": "1",
        "cost": "100",
        "proceeds": "130",
        "fee": "2.5",
        "realized_pnl": "27.5",
        "at": "2026-01-06T12:00:00Z",
        "reason": "",
    }
    assert sale["matches"] == bought["taken"] == [match]
    assert (sale["lots"], bought["matches"]) == ([], [])
    assert (sale["realized_pnl"], sale["gross_pnl"], sale["matched_fees"]) == (
        "27.5",
        "30",
        "2.5",
    )
    assert bought["lots"][0]["remaining"] == "1"


def test_the_detail_begins_as_the_trade_of_the_list(ada, sold):
    fill = sold[1]
    short = wire(TradeAnswer.of(listed_fill(fill), Decimal("27.5")))
    assert list(detailed(ada, fill))[: len(short)] == list(short)
    assert {name: detailed(ada, fill)[name] for name in short} == short


def test_its_entries_in_the_log_name_people(ada, sold):
    entry = detailed(ada, sold[0])["audit"][0]
    assert list(entry) == ["seq", "at", "kind", "actor", "object"]
    assert (entry["kind"], entry["actor"]) == ("trades.fill.booked", "ada")


def test_a_lot_of_unknown_cost_says_null_and_why(ada, book, make_move):
    book_transfers([make_move("t1", "transfer", "BTC", "1", symbol="BTC-USD")], ada)
    lot = wire(TradeLot.of(Lot.objects.get()))
    assert (lot["cost"], lot["reason"], lot["side"]) == (None, "missing_cost", "long")


def test_an_answer_is_held_until_it_changes(client, ada, sold, make_fill):
    path = f"/api/trades/{sold[0].pk}"
    etag = client.get(path)["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    book_fills([make_fill("f3", "sell", "1", "90", day=2)], ada)
    changed = client.get(path, headers={"If-None-Match": etag})
    assert (changed.status_code, changed["ETag"] == etag) == (200, False)
