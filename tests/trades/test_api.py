"""Trades over HTTP: filters, paging, exact numbers, repeats, refusals, own books."""

import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.trades.conftest import START
from trades.domain.facts import NewDecision, NewPrice
from trades.models import Book, Decision, Fill, Price, Transfer
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.recording import record_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client_of, ada):
    """api("GET", "/api/trades") -> (status, parsed body), as Ada."""
    return caller(client_of(ada))


def caller(client):
    def call(method, path, body=None, **headers):
        data = b"" if body is None else json.dumps(body).encode()
        response = client.generic(
            method, path, data, content_type="application/json", headers=headers
        )
        return response.status_code, json.loads(response.content or b"null")

    return call


def new(**changes):
    return {
        "external_id": "x1",
        "symbol": "BTC-USD",
        "side": "buy",
        "quantity": "0.000000000000000001",
        "price": "123456789012.12345678",
        "executed_at": "2025-01-01T00:00:00Z",
        **changes,
    }


def test_exact_values_come_back(api, book):
    status, made = api("POST", "/api/trades", new())
    assert status == 201
    assert (made["quantity"], made["price"]) == (
        "0.000000000000000001",
        "123456789012.12345678",
    )
    status, read = api("GET", f"/api/trades/{made['id']}")
    assert (status, read["quantity"]) == (200, "0.000000000000000001")
    assert read["timestamp"] == "2025-01-01T00:00:00Z"


def test_a_repeat_under_the_same_key_gets_the_first_answer(api, book):
    key = {"Idempotency-Key": "k1"}
    first = api("POST", "/api/trades", new(), **key)
    second = api("POST", "/api/trades", new(), **key)
    assert (first[0], second) == (201, first)
    assert api("POST", "/api/trades", new(price="1"), **key)[0] == 422
    assert Fill.objects.count() == 1


def test_a_repeat_by_external_id_is_200_and_other_content_409(api, book):
    made = api("POST", "/api/trades", new())[1]
    assert api("POST", "/api/trades", new()) == (200, made)
    status, problem = api("POST", "/api/trades", new(price="1"))
    assert (status, problem["errors"][0]["pointer"]) == (409, "/external_id")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("quantity", "NaN", 422),
        ("quantity", "-1", 422),
        ("quantity", "0", 422),
        ("quantity", "1e400", 422),
        ("quantity", "0.0000000000000000001", 422),
        ("price", "Infinity", 422),
        ("price", "1" * 21, 422),
        ("side", "hold", 422),
        ("executed_at", "2025-01-01T00:00:00", 422),
        ("executed_at", "2199-01-01T00:00:00Z", 422),
        ("book", "nobody's", 422),
        ("decision_id", "D-1", 422),
        ("external_id", "", 422),
        ("colour", "red", 422),
        ("lots", [{"trade": "1", "quantity": "1"}], 422),
    ],
)
def test_what_cannot_be_booked_names_its_field(api, book, field, value, status):
    code, problem = api("POST", "/api/trades", new(**{field: value}))
    assert code == status
    assert [one["pointer"] for one in problem["errors"]] == [f"/{field}"]
    assert not Fill.objects.exists()


@pytest.mark.parametrize("body", [[], "x", 3, {"trades": []}, {"trades": [1]}])
def test_a_malformed_body_is_400(api, book, body):
    assert api("POST", "/api/trades", body)[0] == 400


def test_a_batch_is_booked_whole_or_not(api, book):
    good = [new(), new(external_id="x2")]
    status, answer = api("POST", "/api/trades", {"trades": good})
    assert (status, [one["external_id"] for one in answer["trades"]]) == (
        201,
        ["x1", "x2"],
    )
    clash = [new(external_id="x3"), new(external_id="x2", side="sell")]
    status, problem = api("POST", "/api/trades", {"trades": clash})
    assert status == 409
    assert problem["errors"][0]["pointer"] == "/trades/1/external_id"
    bad = [new(external_id="x4"), new(external_id="x5", side="hold")]
    status, problem = api("POST", "/api/trades", {"trades": bad})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/trades/1/side")
    assert Fill.objects.count() == 2


@pytest.fixture
def many(ada, book, make_fill):
    book_fills(
        [
            make_fill(
                f"f{i}",
                ("buy", "sell")[i % 2],
                "1",
                str(100 + i),
                day=i // 2,
                sequence=i,
                symbol=("BTC-USD", "ETH-USD")[i // 2 % 2],
                strategy=("slow", "fast")[i % 2],
                order_id=f"order-{i}",
            )
            for i in range(10)
        ],
        ada,
    )


def test_pages_follow_each_other_and_lead_back(api, many):
    first = api("GET", "/api/trades?limit=4")[1]
    second = api("GET", f"/api/trades?limit=4&cursor={first['next_cursor']}")[1]
    third = api("GET", f"/api/trades?limit=4&cursor={second['next_cursor']}")[1]
    ids = [
        row["external_id"] for page in (first, second, third) for row in page["trades"]
    ]
    assert ids == [f"f{i}" for i in reversed(range(10))]
    assert (first["prev_cursor"], third["next_cursor"]) == (None, None)
    back = api("GET", f"/api/trades?limit=4&before={third['prev_cursor']}")[1]
    assert back["trades"] == second["trades"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("symbol=BTC-USD", 6),
        ("symbol=btc/usd", 6),
        ("side=sell", 5),
        ("strategy=slow&side=buy", 5),
        ("book=ada-main", 10),
        ("status=voided", 0),
        ("external_id=f3", 1),
        ("q=DER-7", 1),
        ("q=et", 4),
        ("from=2026-01-09", 2),
        ("from=2026-01-06&to=2026-01-07", 4),
        ("to=2026-01-06T12:00:00Z", 2),
        ("offset=7", 3),
    ],
)
def test_filters_narrow(api, many, query, count):
    assert len(api("GET", f"/api/trades?{query}")[1]["trades"]) == count


@pytest.mark.parametrize(
    "query",
    ["no_such=1", "sort=price", "known_at=soon", "limit=0", "limit=501",
     "side=x", "from=x", "cursor=zzz", "offset=10001", "offset=x", "cursor=eHx4", "status=x"],
)  # fmt: skip
def test_what_the_list_does_not_know_is_400(api, book, query):
    assert api("GET", f"/api/trades?{query}")[0] == 400


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("cursor=a&before=b", "before"),
        ("cursor=a&offset=1", "offset"),
        ("before=a&offset=1", "offset"),
    ],
)
def test_a_page_begins_at_one_place(api, book, query, refused):
    status, problem = api("GET", f"/api/trades?{query}")
    assert (status, problem["errors"][0]["pointer"]) == (400, f"?{refused}")


def test_no_offset_at_all_may_come_with_a_cursor(api, many):
    cursor = api("GET", "/api/trades?limit=4")[1]["next_cursor"]
    assert api("GET", f"/api/trades?offset=0&cursor={cursor}")[0] == 200


def test_an_offset_past_what_is_looked_at_is_refused(api, many, monkeypatch):
    """The next page forgot how many were yet to be skipped, and repeated them."""
    monkeypatch.setattr("kernel.paging.EXAMINED", (4,))
    status, problem = api("GET", "/api/trades?side=sell&offset=3")
    assert (status, problem["errors"][0]["pointer"]) == (400, "?offset")
    assert "next_cursor" in problem["detail"]
    assert len(api("GET", "/api/trades?side=sell&offset=1")[1]["trades"]) == 1


def test_what_was_realised_stands_at_the_fill_that_closed(api, many):
    rows = api("GET", "/api/trades?symbol=BTC-USD")[1]["trades"]
    assert [row["realized_pnl"] for row in rows] == ["1", None] * 3


def test_a_list_takes_a_fixed_number_of_queries(
    api, many, ada, book, make_fill, django_assert_num_queries
):
    api("GET", "/api/trades")
    # session, person, permissions, book, page, realised
    with django_assert_num_queries(6):
        api("GET", "/api/trades?book=ada-main&limit=2")


def test_an_unchanged_answer_is_304(client_of, ada, many):
    client = client_of(ada)
    first = client.get("/api/trades")
    held = {"If-None-Match": first["ETag"]}
    assert client.get("/api/trades", headers=held).status_code == 304
    assert 'rel="next"' in client.get("/api/trades?limit=2")["Link"]


def test_mallory_sees_and_writes_nothing_of_adas(api, client_of, mallory, many):
    create_book(NewBook("mallory-main", "USD"), mallory)
    theirs = caller(client_of(mallory))
    pk = Fill.objects.values_list("pk", flat=True)[0]
    assert theirs("GET", "/api/trades")[1]["trades"] == []
    for noun in ("trades", "transfers", "balances"):
        assert theirs("GET", f"/api/{noun}?book=ada-main")[0] == 404
        assert theirs("GET", f"/api/{noun}?book=no-such")[0] == 404
    assert theirs("GET", f"/api/trades/{pk}")[0] == 404
    assert theirs("POST", "/api/trades", new(book="ada-main"))[0] == 422
    assert [b["name"] for b in theirs("GET", "/api/books")[1]["books"]] == [
        "mallory-main"
    ]


def test_a_viewer_reads_all_and_writes_nothing(client_of, person, many):
    theirs = caller(client_of(person("vera", "Viewer")))
    assert len(theirs("GET", "/api/trades")[1]["trades"]) == 10
    assert theirs("POST", "/api/trades", new(book="ada-main"))[0] == 403


def test_an_operator_may_not_open_trades(client_of, person, book):
    assert caller(client_of(person("otto", "Operator")))("GET", "/api/trades")[0] == 403


def test_a_trade_shows_its_decision_lots_and_audit(api, ada, book, make_fill):
    decision = NewDecision(
        external_id="D-1",
        model="momentum",
        symbol="BTC-USD",
        direction="long",
        decided_at=START,
        model_version="2.1",
    )
    record_history(
        book,
        [make_fill("f1", "buy", "2", "100", decision="D-1"),
         make_fill("f2", "sell", "1", "130", day=1, fee=Decimal(3))],
        [], [], [decision], ada,
    )  # fmt: skip
    bought, sold = Fill.objects.order_by("id")
    read = api("GET", f"/api/trades/{bought.pk}")[1]
    assert read["decision"]["model_version"] == "2.1"
    assert read["lots"][0]["remaining"] == "1"
    assert read["taken"][0]["closed_by"] == str(sold.pk)
    assert [one["kind"] for one in read["audit"]] == ["trades.rows.imported"]
    read = api("GET", f"/api/trades/{sold.pk}")[1]
    assert (read["realized_pnl"], read["gross_pnl"], read["matched_fees"]) == (
        "27",
        "30",
        "3",
    )
    assert read["matches"][0]["opened_by"] == str(bought.pk)


def test_books_are_made_and_named_once(api):
    status, made = api("POST", "/api/books", {"name": "second", "base_currency": "eur"})
    assert (status, made["base_currency"], made["method"]) == (201, "EUR", "fifo")
    body = {"name": "second", "base_currency": "EUR"}
    assert api("POST", "/api/books", body)[0] == 409
    for wrong in (
        {"zone": "Mars/Base"},
        {"periods_per_year": 7},
        {"method": "lifo"},
        {"x": 1},
    ):
        status, problem = api("POST", "/api/books", {**body, "name": "w", **wrong})
        assert (status, problem["errors"][0]["pointer"]) == (
            422,
            f"/{next(iter(wrong))}",
        )


def test_transfers_prices_and_balances(api, book):
    move = {"external_id": "t1", "kind": "deposit", "asset": "USD", "amount": "100.5",
            "at": "2025-01-01T00:00:00Z"}  # fmt: skip
    assert api("POST", "/api/transfers", move)[0] == 201
    assert api("POST", "/api/transfers", move)[0] == 200
    assert api("POST", "/api/transfers", {**move, "amount": "1"})[0] == 409
    assert api("POST", "/api/transfers", {**move, "amount": "-1"})[0] == 422
    assert Transfer.objects.get().amount == Decimal("100.5")
    price = {"symbol": "BTC-USD", "at": "2025-01-01T00:00:00Z", "price": "10"}
    status, made = api("POST", "/api/prices", {"prices": [price]})
    assert (status, made["prices"], made["stored"][0]["price"]) == (201, 1, "10")
    status, again = api("POST", "/api/prices", {"prices": [price]})
    assert (status, again["prices"], again["stored"]) == (200, 0, made["stored"])
    assert api("POST", "/api/prices", {"prices": [{**price, "price": "11"}]})[0] == 409
    assert Price.objects.get().source == "api"
    stated = {"asset": "USD", "amount": "100.5", "at": "2025-01-02T00:00:00Z"}
    assert api("POST", "/api/balances", stated)[0] == 201


def test_stated_balances_are_listed_newest_first(api, client_of, mallory, book):
    for day, amount in (("02", "1"), ("04", "3"), ("03", "2")):
        stated = {"asset": "USD", "amount": amount, "at": f"2025-01-{day}T00:00:00Z"}
        api("POST", "/api/balances", stated)
    first = api("GET", "/api/balances?limit=2&book=ada-main&asset=usd")[1]
    assert [row["amount"] for row in first["balances"]] == ["3", "2"]
    rest = api("GET", f"/api/balances?cursor={first['next_cursor']}")[1]
    assert [row["amount"] for row in rest["balances"]] == ["1"]
    assert rest["next_cursor"] is None
    assert api("GET", "/api/balances?asset=BTC")[1]["balances"] == []
    assert api("GET", "/api/balances?source=api")[0] == 400
    assert client_of(mallory).get("/api/balances").json()["balances"] == []


def upload(client, words, **fields):
    file = SimpleUploadedFile("t.csv", words.encode())
    return client.post(
        "/api/trades/import", {"file": file, "book": "ada-main", **fields}
    )


def test_a_file_is_looked_at_and_imported(client_of, ada, book):
    client = client_of(ada)
    words = "symbol,side,quantity,price,executed_at\nBTC-USD,buy,1,10,2025-01-01\n"
    assert upload(client, words).status_code == 422
    dry = upload(client, words, zone="UTC", dry_run="true")
    assert (dry.status_code, dry.json()["new"]) == (200, 1)
    assert not Fill.objects.exists()
    assert upload(client, words, zone="UTC").status_code == 201
    again = upload(client, words, zone="UTC")
    assert (again.status_code, again.json()["duplicates"]) == (200, 1)


def test_a_file_does_not_go_into_somebody_elses_book(client_of, mallory, book):
    words = "symbol,side,quantity,price,executed_at\nBTC-USD,buy,1,10,2025-01-01\n"
    response = upload(client_of(mallory), words, zone="UTC")
    assert response.status_code == 422
    assert not Fill.objects.exists()
    assert Book.objects.count() == 1


def test_decisions_of_other_books_do_not_count(api, ada, mallory, book, make_fill):
    theirs = create_book(NewBook("m", "USD"), mallory)
    row = NewDecision(
        external_id="D-9",
        model="m",
        symbol="BTC-USD",
        direction="long",
        decided_at=START,
    )
    record_history(
        theirs,
        [],
        [],
        [NewPrice(symbol="A", at=START, price=Decimal(1))],
        [row],
        mallory,
    )
    body = new(decision_id=str(Decision.objects.get().pk))
    assert api("POST", "/api/trades", body)[0] == 422
