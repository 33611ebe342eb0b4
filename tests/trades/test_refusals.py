"""What the API and the pages refuse, with which status, field and words."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from trades.models import BalanceStatement, Book, Fill, Price, Transfer
from trades.services.books import NewBook, create_book

pytestmark = pytest.mark.django_db
AT = "2026-01-01T00:00:00Z"
TRADE = {
    "external_id": "x1",
    "symbol": "BTC-USD",
    "side": "buy",
    "quantity": "1",
    "price": "10",
    "executed_at": AT,
}
TRANSFER = {
    "external_id": "t1",
    "kind": "deposit",
    "asset": "USD",
    "amount": "5",
    "at": AT,
}
BALANCE = {"asset": "USD", "amount": "5", "at": AT}
PRICE = {"symbol": "BTC-USD", "at": AT, "price": "10"}
CSV = "symbol,side,quantity,price,executed_at\nBTC-USD,buy,1,10,2026-01-01T00:00:00Z\n"


@pytest.fixture
def post(client_of, ada):
    """post("/api/trades", {...}) -> (status, body), as Ada."""
    client = client_of(ada)

    def send(path, body, **headers):
        answer = client.post(
            path, json.dumps(body), content_type="application/json", headers=headers
        )
        return answer.status_code, answer.json()

    return send


def pointers(problem):
    return [fault["pointer"] for fault in problem["errors"]]


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/trades", []),
        ("/api/trades", "text"),
        ("/api/trades", None),
        ("/api/trades", {"trades": []}),
        ("/api/trades", {"trades": "all"}),
        ("/api/trades", {"trades": [TRADE], "book": "b"}),
        ("/api/trades", {"trades": [TRADE] * 1001}),
        ("/api/trades", {"trades": [TRADE, "no object"]}),
        ("/api/prices", PRICE),
        ("/api/prices", {"prices": []}),
        ("/api/prices", {"prices": [PRICE], "source": "x"}),
        ("/api/prices", []),
        ("/api/transfers", []),
        ("/api/transfers", "text"),
        ("/api/balances", [BALANCE]),
    ],
)
def test_a_body_of_the_wrong_form_is_400(post, book, path, body):
    status, problem = post(path, body)
    assert status == 400
    assert problem["detail"].endswith(".")
    assert not Fill.objects.exists()


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize("path", ["/api/trades", "/api/transfers", "/api/books"])
def test_a_body_that_is_no_json_is_400(client_of, ada, book, path):
    answer = client_of(ada).post(path, b"{", content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/api/trades", {**TRADE, "side": "hold"}, "/side"),
        ("/api/trades", {**TRADE, "colour": "red"}, "/colour"),
        ("/api/trades", {**TRADE, "book": "nobody's"}, "/book"),
        ("/api/trades", {**TRADE, "decision_id": "D-1"}, "/decision_id"),
        ("/api/trades", {**TRADE, "fee": "1", "fee_currency": "BTC"}, "/fee"),
        ("/api/trades", {**TRADE, "lots": [{"trade": "1"}]}, "/lots"),
        ("/api/trades", {"trades": [TRADE, {**TRADE, "side": 1}]}, "/trades/1/side"),
        ("/api/trades", {"trades": [{**TRADE, "price": None}]}, "/trades/0/price"),
        ("/api/transfers", {**TRANSFER, "kind": "gift"}, "/kind"),
        ("/api/transfers", {**TRANSFER, "amount": "-5"}, "/amount"),
        ("/api/transfers", {**TRANSFER, "amount": 0}, "/amount"),
        ("/api/transfers", {**TRANSFER, "cost": "-1"}, "/cost"),
        ("/api/transfers", {**TRANSFER, "book": "nobody's"}, "/book"),
        (
            "/api/prices",
            {"prices": [PRICE, {**PRICE, "price": "-1"}]},
            "/prices/1/price",
        ),
        ("/api/prices", {"prices": [{**PRICE, "scope": "all"}]}, "/prices/0/scope"),
        ("/api/balances", {**BALANCE, "amount": "x"}, "/amount"),
        ("/api/balances", {**BALANCE, "book": "nobody's"}, "/book"),
        ("/api/books", {"name": "", "base_currency": "USD"}, "/name"),
        ("/api/books", {"name": "b"}, "/base_currency"),
        ("/api/books", {"name": "b", "base_currency": "U S"}, "/base_currency"),
        ("/api/books", {"name": "b", "base_currency": "USD", "zone": "Mars"}, "/zone"),
        (
            "/api/books",
            {"name": "b", "base_currency": "USD", "method": "lifo"},
            "/method",
        ),
        ("/api/books", {"name": "b", "base_currency": "USD", "owner": "m"}, "/owner"),
        (
            "/api/books",
            {"name": "b", "base_currency": "USD", "periods_per_year": 360},
            "/periods_per_year",
        ),
        ("/api/books", {"name": "a\u202eb", "base_currency": "USD"}, "/name"),
        ("/api/books", {"name": "x" * 101, "base_currency": "USD"}, "/name"),
    ],
)
def test_a_value_that_cannot_be_is_422_and_named(post, book, path, body, pointer):
    status, problem = post(path, body)
    assert status == 422
    assert pointer in pointers(problem)
    counts = [
        model.objects.count() for model in (Fill, Transfer, Price, BalanceStatement)
    ]
    assert counts == [0, 0, 0, 0]
    assert Book.objects.count() == 1


@pytest.mark.alike  # refused before anything is written
def test_all_rows_faults_come_together_and_at_most_a_hundred(post, book):
    rows = [{**TRADE, "side": "x", "price": "y", "quantity": "z"} for _ in range(40)]
    status, problem = post("/api/trades", {"trades": rows})
    assert (status, len(problem["errors"])) == (422, 100)
    assert problem["detail"].count(";") == 2


def test_without_a_book_one_must_have_exactly_one(post, ada, person, client_of):
    assert post("/api/trades", TRADE)[1]["detail"] == "Say which book: you have none."
    create_book(NewBook("one", "USD"), ada)
    assert post("/api/trades", TRADE)[0] == 201
    create_book(NewBook("two", "USD"), ada)
    status, problem = post("/api/trades", {**TRADE, "external_id": "x2"})
    assert (status, pointers(problem)) == (422, ["/book"])
    assert problem["detail"] == "Say which book."


@pytest.mark.parametrize(
    ("path", "first", "second", "pointer"),
    [
        ("/api/trades", TRADE, {**TRADE, "price": "11"}, "/external_id"),
        ("/api/trades", TRADE, {**TRADE, "side": "sell"}, "/external_id"),
        ("/api/transfers", TRANSFER, {**TRANSFER, "amount": "6"}, "/external_id"),
        ("/api/transfers", TRANSFER, {**TRANSFER, "asset": "EUR"}, "/external_id"),
        ("/api/balances", BALANCE, {**BALANCE, "amount": "6"}, "/amount"),
        (
            "/api/prices",
            {"prices": [PRICE]},
            {"prices": [{**PRICE, "price": "11"}]},
            "/prices",
        ),
    ],
)
def test_the_same_again_is_the_same_and_other_content_409(
    post, book, path, first, second, pointer
):
    assert post(path, first)[0] == 201
    assert post(path, first)[0] in {200, 201}
    status, problem = post(path, second)
    assert (status, pointers(problem)) == (409, [pointer])


def test_a_name_is_given_to_one_book_only(post, book):
    status, problem = post("/api/books", {"name": "ada-main", "base_currency": "EUR"})
    assert (status, pointers(problem)) == (409, ["/name"])


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=ten",
        "cursor=!",
        "cursor=eA",
        "before=eA",
        "offset=-1",
        "offset=10001",
        "offset=x",
        pytest.param(f"offset={'9' * 5000}", id="an endless offset"),
        "from=yesterday",
        "to=2026-13-01",
        "side=hold",
        "status=lost",
        "colour=red",
    ],
)
def test_a_query_that_cannot_be_read_is_400(client_of, ada, book, query):
    assert client_of(ada).get(f"/api/trades?{query}").status_code == 400


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    ("path", "query"),
    [("/api/books", "limit=0"), ("/api/books", "cursor=!"), ("/api/books", "book=a")],
)
def test_the_books_too(client_of, ada, book, path, query):
    assert client_of(ada).get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 18])
def test_a_trade_that_is_not_there_is_404(client_of, ada, book, pk):
    client = client_of(ada)
    assert client.get(f"/api/trades/{pk}").status_code == 404
    page = client.get(f"/trades/{pk}/")
    assert page.status_code == 404
    assert "There is no such trade that you may see." in page.content.decode()


# --- files ------------------------------------------------------------------------


def upload(client, content=CSV, path="/api/trades/import", **fields):
    body = content if isinstance(content, bytes) else content.encode()
    data = {"file": SimpleUploadedFile("a.csv", body), "book": "ada-main", **fields}
    return client.post(path, {k: v for k, v in data.items() if v is not None})


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"file": None}, 422, "/file"),
        ({"book": None}, 422, "/book"),
        ({"book": "  "}, 422, "/book"),
        ({"content": ""}, 422, "/file"),
        ({"content": b"\xff\xfe"}, 422, "/file"),
        ({"content": "a,b\n1,2\n"}, 422, "/mapping"),
        ({"format": "papyrus"}, 422, "/format"),
        ({"format": "coinbase"}, 422, "/file"),
        ({"zone": "Mars/Olympus"}, 422, "/zone"),
        ({"base": "EUR"}, 422, "/base"),
        ({"content": CSV.replace(",1,", ",one,")}, 422, "line 2"),
        ({"content": CSV.replace("T00:00:00Z", "")}, 422, "line 2"),
        ({"book": "mallory-main"}, 422, "/book"),
    ],
)
def test_a_file_that_cannot_be_booked(
    client_of, ada, mallory, book, changes, status, pointer
):
    create_book(NewBook("mallory-main", "USD"), mallory)
    for dry_run in ("true", "false"):
        answer = upload(client_of(ada), **{**changes, "dry_run": dry_run})
        if dry_run == "true" and pointer == "line 2":
            assert answer.json()["broken"][0]["line"] == 2
            continue
        assert answer.status_code == status
        assert pointers(answer.json())[0] == pointer
    assert not Fill.objects.exists()


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"dry_run": "yes"}, "/dry_run", "choice"),
        ({"dry_run": "1"}, "/dry_run", "choice"),
        ({"dry_run": "on"}, "/dry_run", "choice"),
        ({"dry_run": "True"}, "/dry_run", "choice"),
        ({"dryrun": "true"}, "/dryrun", "unknown"),
        ({"dry_run": ["true", "false"]}, "/dry_run", "repeated"),
        ({"book": ["ada-main", "ada-main"]}, "/book", "repeated"),
        ({"zone": SimpleUploadedFile("z", b"UTC")}, "/zone", "invalid"),
        ({"second": SimpleUploadedFile("b.csv", CSV.encode())}, "/second", "unknown"),
        (
            {"file": [SimpleUploadedFile(name, CSV.encode()) for name in "ab"]},
            "/file",
            "repeated",
        ),
    ],
)
def test_a_field_that_is_not_understood_books_nothing(
    client_of, ada, book, fields, pointer, code
):
    answer = upload(client_of(ada), **fields)
    assert answer.status_code == 422
    errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert errors == [(pointer, code)]
    assert not Fill.objects.exists()


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    "fields", [{"dry": "true"}, {"more": SimpleUploadedFile("b.csv", b"x")}]
)
def test_the_page_of_files_ignores_no_field_either(client_of, ada, book, fields):
    answer = upload(client_of(ada), path="/trades/import/", **fields)
    assert answer.status_code == 422
    assert "is not a field of this" in answer.content.decode()


@pytest.mark.alike  # refused before anything is written
def test_a_new_book_needs_a_currency_that_can_be_told(client_of, ada):
    two = CSV + "ETH-EUR,buy,1,1,2026-01-01T00:00:00Z\n"
    answer = upload(client_of(ada), two, book="fresh")
    assert pointers(answer.json()) == ["/base"]
    assert upload(client_of(ada), two, book="fresh", base="eur").status_code == 201
    assert Book.objects.get().base_currency == "EUR"


@pytest.mark.alike  # refused before anything is written
def test_a_file_that_is_too_large_is_not_read(client_of, ada, book, monkeypatch):
    monkeypatch.setattr("trades.services.previewing.LARGEST", 10)
    answer = upload(client_of(ada))
    assert answer.status_code == 413
    assert "at most 10 are read" in answer.json()["detail"]
    page = upload(client_of(ada), path="/trades/import/")
    assert page.status_code == 422
    assert "at most 10 are read" in page.content.decode()


def test_the_same_file_again_books_nothing_and_says_so(client_of, ada, book):
    first, second = upload(client_of(ada)), upload(client_of(ada))
    assert (first.status_code, second.status_code) == (201, 200)
    assert (second.json()["id"], second.json()["duplicates"]) == (None, 1)
    assert Fill.objects.count() == 1


def test_a_known_id_with_other_content_is_named_by_its_line(client_of, ada, book):
    head = "external_id," + CSV.splitlines()[0]
    row = "a1," + CSV.splitlines()[1]
    assert upload(client_of(ada), f"{head}\n{row}\n").status_code == 201
    answer = upload(client_of(ada), f"{head}\n{row.replace(',10,', ',11,')}\n")
    assert answer.status_code == 422
    assert pointers(answer.json()) == ["line 2"]
    assert "a1 is booked already" in answer.json()["errors"][0]["detail"]


# --- pages --------------------------------------------------------------------------


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    "path", ["/trades/", "/trades/1/", "/trades/import/", "/books/"]
)
def test_a_stranger_is_led_to_the_login(book, path):
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("Operator", "/trades/", 403),
        ("Operator", "/books/", 403),
        ("Operator", "/trades/import/", 403),
        ("Developer", "/trades/", 403),
        ("Viewer", "/trades/", 200),
        ("Viewer", "/books/", 200),
        ("Viewer", "/trades/import/", 403),
        ("Administrator", "/trades/", 200),
        ("Administrator", "/trades/import/", 403),
        ("Trader", "/trades/import/", 200),
    ],
)
def test_each_role_opens_its_pages_and_the_others_say_why(
    client_of, person, book, role, path, status
):
    answer = client_of(person("someone", role)).get(path)
    assert answer.status_code == status
    if status == 403:
        assert "Your role may not open this: it is for" in answer.content.decode()


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize("missing", ["file", "book"])
def test_the_form_says_what_is_missing(client_of, ada, book, missing):
    answer = upload(client_of(ada), path="/trades/import/", **{missing: None})
    assert answer.status_code == 422
    assert "This field is required." in answer.content.decode()
