"""Facts entered by hand: looked at first, recorded when the person says so."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from kernel.numbers import text
from tests.trades.conftest import START
from trades.domain.facts import NewPrice
from trades.models import Fill, Position, Price, Split
from trades.services.fills import book_fills
from trades.services.prices import set_prices

pytestmark = pytest.mark.django_db
TRADE = {
    "symbol": "BTC-USD",
    "side": "buy",
    "quantity": "2",
    "price": "100",
    "executed_at": "2026-01-05T12:00",
    "fee": "1",
    "external_id": "hand-1",
}
PRICE = {
    "scope": "own",
    "symbol": "BTC-USD",
    "at": "2026-01-09T12:00:00",
    "price": "120",
    "source": "by hand",
}
SPLIT = {
    "scope": "own",
    "symbol": "BTC-USD",
    "at": "2026-01-09T00:00",
    "numerator": "10",
    "denominator": "1",
}
FORMS = {"/trades/new/": TRADE, "/prices/new/": PRICE, "/splits/new/": SPLIT}


@pytest.fixture
def client(ada, book, client_of):
    return client_of(ada)


@pytest.fixture
def held(ada, book, make_fill):
    book_fills([make_fill("f1", "buy", "1", "90")], ada)
    return book


def send(client, path, step, **change):
    body = {**FORMS[path], "step": step, **change}
    if path == "/trades/new/":
        body.setdefault("book", "ada-main")
    answer = client.post(path, body)
    return answer, " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def nothing_booked():
    return not (Price.objects.exists() or Split.objects.exists()), Fill.objects.count()


@pytest.mark.parametrize(
    ("path", "follows"),
    [
        ("/trades/new/", "BTC-USD held in ada-main 1 3"),
        ("/prices/new/", "Mark of BTC-USD in ada-main 90 USD 120 USD"),
        ("/splits/new/", "BTC-USD held in ada-main 1 10"),
    ],
)
def test_what_follows_is_shown_and_nothing_is_recorded(client, held, path, follows):
    before = nothing_booked()
    answer, shown = send(client, path, "look")
    assert answer.status_code == 200
    assert follows in shown
    assert nothing_booked() == before


def test_a_trade_is_booked_once_however_often_it_is_sent(client, book):
    for _ in range(2):
        answer, _ = send(client, "/trades/new/", "book")
        assert (answer.status_code, answer.url) == (302, "/trades/")
    fill = Fill.objects.get()
    assert (fill.executed_at, fill.quantity, fill.fee) == (START, 2, 1)
    assert Position.objects.get().quantity == 2


def test_each_form_makes_an_id_of_its_own(client):
    pages = [client.get("/trades/new/").content.decode() for _ in range(2)]
    ids = {name for page in pages for name in re.findall(r'value="(hand-\w+)"', page)}
    assert len(ids) == 2


def test_a_price_is_kept_and_listed(client, held):
    answer, _ = send(client, "/prices/new/", "book")
    assert (answer.status_code, answer.url) == (302, "/prices/")
    price = Price.objects.get()
    assert (price.scope, price.currency, text(price.price)) == ("own", "USD", "120")
    assert "by hand" in client.get("/prices/").content.decode()


def test_a_split_is_recorded_and_listed(client, held):
    assert send(client, "/splits/new/", "book")[0].url == "/splits/"
    assert Position.objects.get().quantity == 10
    assert "10 for 1" in client.get("/splits/").content.decode()


@pytest.mark.parametrize(
    ("path", "change", "says"),
    [
        ("/trades/new/", {"quantity": "0"}, "greater than 0"),
        ("/trades/new/", {"price": "1e999999999"}, "exponent"),
        ("/trades/new/", {"executed_at": "2199-01-01T00:00"}, "future"),
        ("/trades/new/", {"book": "mallory-main"}, "valid choice"),
        ("/prices/new/", {"price": "-1"}, "must not be negative"),
        ("/prices/new/", {"scope": "desk"}, "valid choice"),
        ("/prices/new/", {"currency": "EUR"}, "priced in USD"),
        ("/splits/new/", {"numerator": "1"}, "no split"),
        ("/splits/new/", {"denominator": "x"}, "not a number"),
    ],
)
@pytest.mark.parametrize("step", ["look", "book"])
def test_what_cannot_be_is_said_at_its_field(client, held, path, change, says, step):
    before = nothing_booked()
    answer, shown = send(client, path, step, **change)
    assert answer.status_code == 422
    assert says in shown
    assert nothing_booked() == before


def test_who_keeps_prices_enters_them_for_every_book(keeper, held, client_of):
    client = client_of(keeper)
    answer, _ = send(client, "/prices/new/", "book", scope="desk")
    assert answer.status_code == 302
    assert Price.objects.get().scope == "desk"
    assert client.get("/trades/new/").status_code == 403


def test_a_viewer_sees_lists_and_enters_nothing(person, held, client_of):
    client = client_of(person("vera", "Viewer"))
    for path in ("/prices/", "/splits/"):
        page = client.get(path)
        assert page.status_code == 200
        assert "/new/" not in page.content.decode()
    assert client.get("/prices/new/").status_code == 403


@pytest.fixture
def price(ada, book):
    new = NewPrice(symbol="BTC-USD", at=START, price=Decimal(999), source="api")
    return set_prices([new], ada)[0][0]


def test_a_price_is_corrected_on_its_page(client, price):
    path = f"/prices/{price.pk}/"
    body = {
        "symbol": "BTC-USD",
        "at": price.at.isoformat(),
        "price": "99",
        "currency": "USD",
        "source": "api",
        "reason": "a nine too many",
        "step": "correct",
    }
    assert client.post(path, {**body, "reason": ""}).status_code == 422
    assert client.post(path, {**body, "price": "-1"}).status_code == 422
    assert client.post(path, body).status_code == 302
    stands = Price.objects.standing().get()
    assert stands.price == 99
    shown = client.get(f"/prices/{stands.pk}/").content.decode()
    assert "a nine too many" in shown
    assert "Correct it" not in client.get(path).content.decode()


def test_a_price_is_voided_on_its_page(client, price):
    body = {"void-reason": "a typo", "step": "void"}
    assert client.post(f"/prices/{price.pk}/", body).status_code == 302
    assert not Price.objects.standing().exists()


def test_nobody_else_opens_it(mallory, price, client_of):
    assert client_of(mallory).get(f"/prices/{price.pk}/").status_code == 404
