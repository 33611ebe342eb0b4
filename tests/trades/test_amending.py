"""Void and correct: an appended event, and everything follows as if it had been so."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from audit import queries as audit
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.trades.conftest import START
from trades.models import Balance, Fill, FillEvent, Match, Position, Transfer
from trades.queries.trades import log_of, trade_detail
from trades.services.amending import (
    correct_fill,
    correct_transfer,
    rehearse,
    void_fill,
    void_transfer,
)
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(ada, book, make_fill, make_move):
    """Bought at 100 and 120, one sold at 130 (realised 30); 1,000 paid in."""
    book_transfers([make_move("d1", "deposit", "USD", "1000")], ada)
    book_fills(
        [
            make_fill("f1", "buy", "1", "100", day=1),
            make_fill("f2", "buy", "1", "120", day=2),
            make_fill("f3", "sell", "1", "130", day=3),
        ],
        ada,
    )
    return {fill.external_id: fill for fill in Fill.objects.all()}


def usd():
    row = Balance.objects.get(currency="USD")
    return row.cash, row.realised


def test_a_void_takes_the_trade_out_of_all_that_followed(history, ada, book):
    amendment = void_fill(history["f1"].pk, "typed twice", ada)
    assert usd() == (1000 - 120 + 130, 10)
    event = FillEvent.objects.get()
    assert (event.kind, event.reason, event.author) == ("void", "typed twice", ada)
    # 1 left at cost 120 marked at 130 and 30 realised; then nothing left and 10.
    assert (event.pnl_before, event.pnl_after) == (40, 10)
    assert amendment.matched
    assert Fill.objects.get(pk=history["f1"].pk).price == 100
    assert differences(book) == []


def test_a_correction_stands_in_the_place_of_what_it_replaces(history, ada, book):
    first = history["f1"]
    correct_fill(first.pk, {"price": "90", "note": "read wrong"}, "typo", ada)
    assert usd() == (1000 - 90 - 120 + 130, 40)
    row = Fill.objects.get(replaces=first)
    assert (row.status, row.price, row.amount) == ("corrected", 90, 90)
    assert (row.recorded_at, row.sequence) == (first.recorded_at, first.sequence)
    first.refresh_from_db()
    assert (first.status, first.price) == ("replaced", 100)
    assert differences(book) == []


def test_a_corrected_time_moves_it_among_the_others(history, ada, book):
    later = START + timedelta(days=2, hours=1)
    correct_fill(history["f1"].pk, {"executed_at": later.isoformat()}, "late", ada)
    assert Match.objects.get().cost == 120
    assert usd()[1] == 10
    assert differences(book) == []


def test_a_corrected_symbol_moves_to_another_pair(history, ada, book):
    correct_fill(history["f1"].pk, {"symbol": "ETH-USD"}, "wrong coin", ada)
    held = dict(Position.objects.values_list("instrument__symbol", "quantity"))
    assert held == {"ETH-USD": 1}
    assert usd()[1] == 10
    assert differences(book) == []


def test_a_correction_can_be_corrected_and_voided_by_any_of_its_ids(history, ada, book):
    pk = history["f1"].pk
    correct_fill(pk, {"price": "90"}, "once", ada)
    correct_fill(pk, {"price": "80"}, "twice", ada)
    assert usd()[1] == 50
    void_fill(pk, "never was", ada)
    assert usd()[1] == 10
    assert list(FillEvent.objects.order_by("id").values_list("reason", flat=True)) == [
        "once",
        "twice",
        "never was",
    ]
    assert differences(book) == []


def test_transfers_are_mended_alike(history, ada, book):
    deposit = Transfer.objects.get()
    correct_transfer(deposit.pk, {"amount": "1500"}, "a digit", ada)
    assert usd()[0] == 1410
    void_transfer(deposit.pk, "bounced", ada)
    assert usd()[0] == -90
    assert differences(book) == []


def test_what_was_mended_is_told_to_the_log(history, ada):
    void_fill(history["f1"].pk, "typed twice", ada)
    entry = audit.about([f"trade:{history['f1'].pk}"], 5)[0]
    assert (entry.kind, entry.actor) == ("trades.fill.voided", ada.actor)


def test_a_rehearsal_says_what_follows_and_changes_nothing(history, ada):
    seen = rehearse(lambda: void_fill(history["f1"].pk, "typed twice", ada))
    assert (seen.event.pnl_before, seen.event.pnl_after) == (40, 10)
    assert usd() == (910, 30)
    assert not FillEvent.objects.exists()
    assert Fill.objects.get(pk=history["f1"].pk).status == "booked"


@pytest.mark.parametrize(
    ("changes", "reason", "pointer"),
    [
        ({"price": "1"}, " ", "/reason"),
        ({"price": "1"}, "x" * 501, "/reason"),
        ({"external_id": "other"}, "why", "/external_id"),
        ({"book": "other"}, "why", "/book"),
        ({"quantity": "0"}, "why", "/quantity"),
        ({"executed_at": "2999-01-01T00:00:00Z"}, "why", "/executed_at"),
    ],
)
def test_what_is_no_correction_is_refused_by_field(
    history, ada, changes, reason, pointer
):
    with pytest.raises(Invalid) as caught:
        correct_fill(history["f1"].pk, changes, reason, ada)
    assert caught.value.errors[0].pointer == pointer
    assert Fill.objects.count() == 3


@pytest.mark.parametrize("changes", [{"price": "100.00"}, {}])
def test_a_correction_to_what_it_says_already_is_a_conflict(history, ada, changes):
    with pytest.raises(Conflict, match="It says that already"):
        correct_fill(history["f1"].pk, changes, "why", ada)
    assert Fill.objects.count() == 3


def test_what_does_not_stand_cannot_be_mended(history, ada):
    void_fill(history["f1"].pk, "once", ada)
    with pytest.raises(Conflict):
        void_fill(history["f1"].pk, "again", ada)


def test_only_the_owner_mends(history, ada, mallory, person):
    viewer = person("vera", "Viewer")
    with pytest.raises(NotFound):
        void_fill(history["f1"].pk, "mine now", mallory)
    if viewer.has_perm("trading.view"):
        with pytest.raises(Forbidden):
            void_fill(history["f1"].pk, "looks odd", viewer)


def test_a_repeat_of_a_corrected_trade_is_a_duplicate_of_what_was_booked(
    history, ada, make_fill
):
    correct_fill(history["f1"].pk, {"price": "90"}, "typo", ada)
    assert book_fills([make_fill("f1", "buy", "1", "100", day=1)], ada).new == 0
    with pytest.raises(Conflict):
        book_fills([make_fill("f1", "buy", "1", "90", day=1)], ada)


# --- the API --------------------------------------------------------------------


def post(client, path, **body):
    return client.post(path, json.dumps(body), content_type="application/json")


def test_the_api_answers_the_trade_with_its_history(history, ada, client_of):
    client, pk = client_of(ada), history["f1"].pk
    path = f"/api/trades/{pk}"
    done = post(client, f"{path}/correct", price="90", reason="typo")
    assert done.status_code == 200
    for body in (done.json(), client.get(path).json()):
        assert (body["price"], body["status"]) == ("90", "corrected")
        (event,) = body["history"]
        assert (event["kind"], event["author"]) == ("correct", "ada")
        assert (event["pnl_before"], event["pnl_after"]) == ("40", "50")
        assert {"field": "price", "before": "100", "after": "90"} in event["changes"]
    gone = post(client, f"{path}/void", reason="never was").json()
    assert (gone["status"], len(gone["history"])) == ("voided", 2)
    listed = client.get("/api/trades?status=voided").json()["trades"]
    assert [trade["external_id"] for trade in listed] == ["f1"]


def test_one_key_mends_once(history, ada, client_of):
    client, path = client_of(ada), f"/api/trades/{history['f1'].pk}/void"
    for _ in range(2):
        answer = client.post(
            path,
            json.dumps({"reason": "twice"}),
            content_type="application/json",
            headers={"Idempotency-Key": "v1"},
        )
        assert answer.status_code == 200
    assert FillEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": ""}, 422),
        ({}, 422),
        ({"reason": "x", "price": "1"}, 422),
        ({"reason": 5}, 422),
    ],
)
def test_a_void_takes_a_reason_and_nothing_else(history, ada, client_of, body, status):
    path = f"/api/trades/{history['f1'].pk}/void"
    assert post(client_of(ada), path, **body).status_code == status


def test_the_api_mends_transfers(history, ada, client_of):
    client, pk = client_of(ada), Transfer.objects.get().pk
    body = post(
        client, f"/api/transfers/{pk}/correct", amount="1500", reason="a digit"
    ).json()
    assert body["amount"] == "1500"
    assert post(client, f"/api/transfers/{pk}/void", reason="gone").status_code == 200
    assert usd()[0] == Decimal(-90)


def test_the_page_shows_what_became_of_it(history, ada, client_of):
    pk = history["f1"].pk
    correct_fill(pk, {"price": "90"}, "read the wrong line", ada)
    shown = client_of(ada).get(f"/trades/{pk}/").content.decode()
    for text in ("Corrected", "read the wrong line", "by ada", "100", "90"):
        assert text in shown


def test_the_log_tells_of_a_corrected_trade_and_of_its_booking(ada, book, make_fill):
    [fill] = book_fills([make_fill("alone", "buy", "1", "100")], ada).fills
    correct_fill(fill.pk, {"price": "90"}, "typo", ada)
    correct_fill(fill.pk, {"price": "91"}, "again", ada)
    detail = trade_detail(ada, fill.pk)
    assert detail is not None
    assert [event.kind for event in log_of(detail)] == [
        "trades.fill.corrected",
        "trades.fill.corrected",
        "trades.fill.booked",
    ]
