"""Prices and splits through the API: whose they are, and how a mistake is mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.html import strip_tags

from audit.models import AuditEvent
from kernel.numbers import text
from tests.trades.conftest import START
from trades.models import Position, Price, PriceEvent, Split
from trades.services import effects
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills

pytestmark = pytest.mark.django_db
PRICE = {"symbol": "BTC-USD", "at": "2026-02-01T12:00:00Z", "price": "999"}
SPLIT = {
    "symbol": "BTC-USD",
    "at": "2026-01-20T00:00:00Z",
    "numerator": 10,
    "denominator": 1,
}


@pytest.fixture
def call(client_of):
    def send(user, path, body=None, **headers) -> tuple[int, Any]:
        client = client_of(user)
        if body is None:
            answer = client.get(f"/api/{path}")
        else:
            answer = client.post(
                f"/api/{path}", body, content_type="application/json", headers=headers
            )
        return answer.status_code, answer.json()

    return send


@pytest.fixture
def priced(ada, book, make_fill, call):
    """Ada holds one at 100 and says by mistake that it is worth 999."""
    book_fills([make_fill("f1", "buy", "1", "100")], ada)
    status, answer = call(ada, "prices", {"prices": [PRICE]})
    assert (status, answer["prices"]) == (201, 1)
    return answer["stored"][0]["id"]


def kind(problem):
    return problem["type"].rpartition("/")[2].rpartition(":")[2]


def mark(call, user):
    position = call(user, "portfolio/positions")[1]["positions"][0]
    return position["current_price"], position["price_source"]


def test_a_price_is_own_unless_it_says_otherwise(ada, priced, call):
    [row] = call(ada, "prices")[1]["prices"]
    assert (row["scope"], row["author"], row["status"]) == ("own", "ada", "booked")
    assert (row["currency"], row["price"], row["history"]) == ("USD", "999", [])
    assert mark(call, ada) == ("999", "api")


def test_only_who_keeps_prices_speaks_for_the_desk(ada, keeper, book, call):
    desk = {"prices": [{**PRICE, "scope": "desk"}]}
    status, problem = call(ada, "prices", desk)
    assert (status, kind(problem)) == (403, "keep_prices")
    assert not Price.objects.exists()
    assert call(keeper, "prices", desk)[0] == 201
    assert call(keeper, "prices", {"prices": [PRICE]})[0] == 403
    assert call(ada, "splits", {**SPLIT, "scope": "desk"})[0] == 403
    assert call(keeper, "splits", {**SPLIT, "scope": "desk"})[0] == 201


def test_a_void_takes_a_price_out_and_leaves_it_to_be_seen(ada, priced, call):
    status, answer = call(ada, f"prices/{priced}/void", {"reason": "a typo"})
    assert (status, answer["status"]) == (200, "voided")
    [event] = answer["history"]
    assert (event["kind"], event["reason"]) == ("void", "a typo")
    assert event["author"] == "ada"
    assert mark(call, ada) == ("100", "last_fill")
    assert [row["status"] for row in call(ada, "prices")[1]["prices"]] == ["voided"]
    assert AuditEvent.objects.filter(kind="trades.price.voided").count() == 1


def test_a_correction_puts_another_price_in_its_place(ada, priced, call):
    change = {"reason": "a nine too many", "price": "99"}
    status, answer = call(ada, f"prices/{priced}/correct", change)
    assert (status, answer["price"], answer["status"]) == (201, "99", "booked")
    assert (answer["at"], answer["source"]) == (PRICE["at"], "api")
    [event] = answer["history"]
    assert (event["kind"], event["before"], event["id"]) == (
        "correct",
        "BTC-USD 999",
        priced,
    )
    assert mark(call, ada) == ("99", "api")
    assert [row["id"] for row in call(ada, "prices")[1]["prices"]] == [answer["id"]]
    again = {"reason": "better", "price": "98.5"}
    last = call(ada, f"prices/{answer['id']}/correct", again)[1]
    assert [event["reason"] for event in last["history"]] == [
        "a nine too many",
        "better",
    ]


def test_a_typo_is_not_a_409_for_ever(ada, priced, call):
    right = {"prices": [{**PRICE, "price": "99"}]}
    assert call(ada, "prices", right)[0] == 409
    call(ada, f"prices/{priced}/void", {"reason": "a typo"})
    assert call(ada, "prices", right)[0] == 201
    assert mark(call, ada) == ("99", "api")


@pytest.mark.parametrize(
    ("verb", "change"), [("void", {}), ("correct", {"price": "99"})], ids=str
)
def test_a_file_that_is_read_again_does_not_bring_a_mistake_back(
    ada, priced, call, verb, change
):
    call(ada, f"prices/{priced}/{verb}", {"reason": "a typo", **change})
    status, answer = call(ada, "prices", {"prices": [PRICE]})
    assert (status, answer["prices"]) == (200, 0)
    assert mark(call, ada)[0] != "999"


REFUSED = {
    "no reason": ("void", {}, 422, "/reason"),
    "an empty reason": ("void", {"reason": "  "}, 422, "/reason"),
    "a field that a void does not take": (
        "void",
        {"reason": "x", "price": "1"},
        422,
        "/price",
    ),
    "no reason to correct": ("correct", {"price": "1"}, 422, "/reason"),
    "another scope": ("correct", {"reason": "x", "scope": "desk"}, 422, "/scope"),
    "a price below 0": ("correct", {"reason": "x", "price": "-1"}, 422, "/price"),
    "a currency that is not the pair's": (
        "correct",
        {"reason": "x", "currency": "EUR"},
        422,
        "/currency",
    ),
    "nothing changes": ("correct", {"reason": "x", "price": "999.0"}, 409, None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_changes(ada, priced, call, case):
    verb, body, expected, pointer = REFUSED[case]
    status, problem = call(ada, f"prices/{priced}/{verb}", body)
    assert status == expected
    if pointer:
        assert pointer in {error["pointer"] for error in problem["errors"]}
    assert not PriceEvent.objects.exists()
    assert Price.objects.get().withdrawn_at is None


def test_a_price_is_mended_once(ada, priced, call):
    call(ada, f"prices/{priced}/void", {"reason": "a typo"})
    for verb in ("void", "correct"):
        body = {"reason": "again"}
        status, problem = call(ada, f"prices/{priced}/{verb}", body)
        assert (status, kind(problem)) == (409, "withdrawn")


def test_nobody_mends_what_is_not_theirs(ada, mallory, keeper, person, priced, call):
    viewer = person("vera", "Viewer", "Trader")
    body = {"reason": "mine now"}
    assert call(mallory, f"prices/{priced}/void", body)[0] == 404
    assert call(viewer, f"prices/{priced}/void", body)[0] == 403
    assert call(keeper, f"prices/{priced}/void", body)[0] == 403
    desk = {"prices": [{**PRICE, "scope": "desk"}]}
    theirs = call(keeper, "prices", desk)[1]["stored"][0]["id"]
    status, problem = call(ada, f"prices/{theirs}/void", body)
    assert (status, kind(problem)) == (403, "keep_prices")
    assert call(ada, "prices/999999/void", body)[0] == 404


def test_who_sees_what(ada, mallory, keeper, person, priced, call):
    call(keeper, "prices", {"prices": [{**PRICE, "price": "5", "scope": "desk"}]})

    def seen(user, query=""):
        return {row["price"] for row in call(user, f"prices{query}")[1]["prices"]}

    assert seen(mallory) == {"5"}
    assert seen(ada) == seen(person("vera", "Viewer")) == {"5", "999"}
    assert seen(ada, "?scope=own") == {"999"}
    assert seen(ada, "?symbol=btc/usd&scope=desk") == {"5"}
    assert seen(ada, "?symbol=ETH-USD") == set()
    assert call(ada, "prices?scope=all")[0] == 400
    assert call(ada, "prices?colour=red")[0] == 400


def test_a_page_of_prices_leads_to_the_next(ada, book, call):
    prices = [{**PRICE, "source": f"s{number}"} for number in range(3)]
    call(ada, "prices", {"prices": prices})
    first = call(ada, "prices?limit=2")[1]
    rest = call(ada, f"prices?limit=2&cursor={first['next_cursor']}")[1]
    sources = [row["source"] for row in first["prices"] + rest["prices"]]
    assert sources == ["s2", "s1", "s0"]
    assert rest["next_cursor"] is None


def test_a_plain_symbol_of_the_desk_needs_its_currency(keeper, ada, book, call):
    plain = {**PRICE, "symbol": "AAPL", "scope": "desk"}
    status, problem = call(keeper, "prices", {"prices": [plain]})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/prices/0/currency")
    named = {"prices": [{**plain, "currency": "usd"}]}
    assert call(keeper, "prices", named)[0] == 201
    own = {"prices": [{**PRICE, "symbol": "AAPL"}]}
    assert call(ada, "prices", own)[1]["stored"][0]["currency"] == ""


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"numerator": 0}, "numerator"),
        ({"numerator": "1.5"}, "numerator"),
        ({"denominator": -1}, "denominator"),
        ({"numerator": 1, "denominator": 1}, "numerator"),
        ({"numerator": "1" * 19}, "numerator"),
        ({"symbol": "B T C"}, "symbol"),
        ({"at": "2026-01-20"}, "at"),
        ({"scope": "mine"}, "scope"),
        ({"price": "1"}, "price"),
    ],
)
def test_a_split_that_cannot_be_is_422(ada, book, call, change, field):
    status, problem = call(ada, "splits", {**SPLIT, **change})
    assert status == 422
    assert f"/{field}" in {error["pointer"] for error in problem["errors"]}
    assert not Split.objects.exists()


def held():
    return [text(row.quantity) for row in Position.objects.order_by("id")]


def test_a_split_is_recorded_voided_and_corrected(ada, priced, call):
    assert call(ada, "splits", SPLIT)[0] == 201
    status, answer = call(ada, "splits", SPLIT)
    assert (status, held()) == (200, ["10"])
    assert call(ada, "splits", {**SPLIT, "numerator": 9})[0] == 409
    change = {"reason": "four for one", "numerator": 4}
    status, corrected = call(ada, f"splits/{answer['id']}/correct", change)
    assert (status, corrected["numerator"], held()) == (201, 4, ["4"])
    assert corrected["history"][0]["before"] == "BTC-USD 10:1"
    status, voided = call(
        ada, f"splits/{corrected['id']}/void", {"reason": "never was"}
    )
    assert (status, voided["status"], held()) == (200, "voided", ["1"])
    assert [event["kind"] for event in voided["history"]] == ["correct", "void"]
    [row] = call(ada, "splits")[1]["splits"]
    assert row["status"] == "voided"


def test_a_split_moved_to_another_symbol_leaves_the_first_as_it_was(
    ada, book, make_fill, call
):
    fills = [
        make_fill("f1", "buy", "1", "100"),
        make_fill("f2", "buy", "2", "100", symbol="ETH-USD"),
    ]
    book_fills(fills, ada)
    split = call(ada, "splits", SPLIT)[1]
    assert held() == ["10", "2"]
    change = {"reason": "the other one", "symbol": "ETH-USD"}
    assert call(ada, f"splits/{split['id']}/correct", change)[0] == 201
    assert held() == ["1", "20"]


def test_the_same_key_mends_once(ada, priced, call):
    headers = {"Idempotency-Key": "k1"}
    body = {"reason": "a typo"}
    first = call(ada, f"prices/{priced}/void", body, **headers)
    assert call(ada, f"prices/{priced}/void", body, **headers) == first
    assert PriceEvent.objects.count() == 1


def test_equity_is_not_multiplied_by_a_split(ada, book, make_fill, make_move, call):
    """Ten for one, without a newer price: the same worth in ten times the units."""
    book_fills([make_fill("f1", "buy", "2", "300")], ada)
    call(ada, "prices", {"prices": [{**PRICE, "at": "2026-01-10T00:00:00Z"}]})
    before = call(ada, "portfolio")[1]["total_equity"]
    call(ada, "splits", SPLIT)
    assert call(ada, "portfolio")[1]["total_equity"] == before
    assert mark(call, ada) == ("99.9", "api")
    later = START + timedelta(days=20)
    book_fills([make_fill("f2", "sell", "5", "110", executed_at=later)], ada)
    assert held() == ["15"]


def test_a_mended_price_states_profit_and_loss_before_and_after(
    ada, priced, call, client_of
):
    change = {"reason": "a nine too many", "price": "99"}
    answer = call(ada, f"prices/{priced}/correct", change)[1]
    [event] = answer["history"]
    assert (event["pnl_before"], event["pnl_after"]) == ("899", "-1")
    assert event["books"] == [
        {
            "book": event["books"][0]["book"],
            "name": "ada-main",
            "currency": "USD",
            "pnl_before": "899",
            "pnl_after": "-1",
            "rematching": False,
        }
    ]
    page = client_of(ada).get(f"/prices/{answer['id']}/").content.decode()
    words = " ".join(strip_tags(page).split())
    assert "in ada-main before 899.00, after −1.00 USD" in words
    voided = call(ada, f"prices/{answer['id']}/void", {"reason": "no"})[1]
    last = voided["history"][-1]
    assert (last["pnl_before"], last["pnl_after"]) == ("-1", "0")


def test_a_mended_split_states_profit_and_loss_before_and_after(
    ada, book, make_fill, call, client_of
):
    """Ten were bought after what was taken for a split: without it there are eleven."""
    fills = [
        make_fill("f1", "buy", "1", "100"),
        make_fill("f2", "buy", "10", "10", day=30),
    ]
    book_fills(fills, ada)
    split = call(ada, "splits", SPLIT)[1]
    voided = call(ada, f"splits/{split['id']}/void", {"reason": "never was"})[1]
    [event] = voided["history"]
    assert (event["pnl_before"], event["pnl_after"]) == ("0", "-90")
    page = client_of(ada).get(f"/splits/{split['id']}/").content.decode()
    assert "before 0.00, after −90.00 USD" in " ".join(strip_tags(page).split())


def test_what_a_desk_price_changed_is_told_to_each_of_their_own_books(
    ada, mallory, keeper, book, make_fill, call, monkeypatch
):
    other = create_book(NewBook("mallory-main", "USD"), mallory)
    book_fills([make_fill("f1", "buy", "1", "100")], ada)
    book_fills([make_fill("m1", "buy", "2", "100", book=other.name)], mallory)
    stored = call(keeper, "prices", {"prices": [{**PRICE, "scope": "desk"}]})[1]
    pk = stored["stored"][0]["id"]
    call(keeper, f"prices/{pk}/correct", {"reason": "typo", "price": "99"})

    def told(user):
        [event] = call(user, "prices")[1]["prices"][0]["history"]
        names = [row["name"] for row in event["books"]]
        return names, event["pnl_before"], event["pnl_after"]

    assert told(ada) == (["ada-main"], "899", "-1")
    assert told(mallory) == (["mallory-main"], "1798", "-2")
    assert told(keeper) == (["ada-main", "mallory-main"], "2697", "-3")
    monkeypatch.setattr(effects, "MOST_BOOKS", 1)
    call(keeper, f"prices/{int(pk) + 1}/void", {"reason": "typo"})
    event = call(ada, "prices")[1]["prices"][0]["history"][-1]
    assert (event["more_books"], event["pnl_before"]) == (1, None)
    assert [row["pnl_after"] for row in event["books"]] == ["0"]


def test_a_price_that_bears_on_nothing_states_nothing(ada, book, call):
    stored = call(ada, "prices", {"prices": [{**PRICE, "symbol": "EUR-USD"}]})[1]
    voided = call(
        ada, f"prices/{stored['stored'][0]['id']}/void", {"reason": "a typo"}
    )[1]
    [event] = voided["history"]
    assert (event["pnl_before"], event["books"]) == (None, [])
