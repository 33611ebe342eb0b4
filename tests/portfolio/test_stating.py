"""A balance stated by hand: beside what is booked first, recorded when the person says so."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.portfolio.conftest import deposit, fill
from trades.domain.facts import NewBalance
from trades.models import BalanceEvent, BalanceStatement, Fill, ImportBatch
from trades.services.statements import contradicted, save_statements, void_balance

PATH = "/portfolio/reconciliation/new/"
STATED = {"book": "Main", "asset": "opal", "amount": "4.5", "at": "2025-09-05T12:00"}


@pytest.fixture
def client(ada, client_of, record):
    record(
        [fill("o1", "buy", "5", "20", "2025-09-02 10:00", symbol="OPAL-USD")],
        [deposit("d1", "300", "2025-09-01 08:00")],
    )
    return client_of(ada)


def words_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def send(client, step, **change):
    answer = client.post(PATH, {**STATED, "step": step, **change})
    shown = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return answer, " ".join(shown.split())


def test_the_difference_is_shown_and_nothing_is_recorded(client):
    answer, shown = send(client, "look")
    assert answer.status_code == 200
    assert "Stated 4.5 Booked 5 Difference −0.5 They part at trade o1" in shown
    trade = Fill.objects.get(external_id="o1")
    assert f'href="/trades/{trade.pk}/"' in answer.content.decode()
    assert not BalanceStatement.objects.exists()


def test_cash_and_coins_of_its_time_are_compared(client):
    assert "Stated 5 Booked 5 Difference none" in send(client, "look", amount="5")[1]
    assert (
        "Stated 200 Booked 200 Difference none"
        in send(client, "look", asset="USD", amount="200")[1]
    )
    before = {"amount": "0", "at": "2025-09-01T12:00"}
    assert "Stated 0 Booked 0 Difference none" in send(client, "look", **before)[1]


def test_it_is_stated_once_and_compared_from_then_on(client):
    for _ in range(2):
        answer, _ = send(client, "book")
        assert (answer.status_code, answer.url) == (302, "/portfolio/reconciliation/")
    stated = BalanceStatement.objects.get()
    assert (stated.asset, stated.amount) == ("OPAL", Decimal("4.5"))
    assert stated.source == "by hand"
    page = client.get("/portfolio/reconciliation/").content.decode()
    assert "−0.5" in page
    assert f'href="{PATH}"' in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": "lots"}, "not a number"),
        ({"at": "2199-01-01T00:00"}, "future"),
        ({"asset": ""}, "required"),
        ({"book": "mallory-main"}, "valid choice"),
    ],
)
@pytest.mark.parametrize("step", ["look", "book"])
def test_what_cannot_be_is_said_at_its_field(client, change, says, step):
    answer, shown = send(client, step, **change)
    assert answer.status_code == 422
    assert says in shown
    assert not BalanceStatement.objects.exists()


def test_another_amount_for_the_same_time_is_refused_before_it_is_sent(client):
    send(client, "book")
    answer, shown = send(client, "look", amount="4")
    assert answer.status_code == 422
    assert "stated already as 4.5" in shown
    assert BalanceStatement.objects.get().amount == Decimal("4.5")


def test_who_only_reads_is_offered_no_form(client, person, client_of):
    vera = client_of(person("vera", "Viewer"))
    assert PATH not in vera.get("/portfolio/reconciliation/").content.decode()
    assert vera.get(PATH).status_code == 403


def test_in_a_book_too_long_to_walk_it_is_said_not_to_be_compared(client, monkeypatch):
    monkeypatch.setattr(
        "portfolio.queries.reconciliation.may_be_walked", lambda ids: False
    )
    answer, shown = send(client, "look")
    assert answer.status_code == 200
    assert "cannot be compared here" in shown
    assert send(client, "book")[0].status_code == 302
    assert BalanceStatement.objects.count() == 1


def test_what_was_stated_wrongly_is_taken_back_with_a_reason(client):
    send(client, "book")
    wrong = BalanceStatement.objects.get()
    page = f"/portfolio/reconciliation/{wrong.pk}/"
    shown = client.get("/portfolio/reconciliation/").content.decode()
    assert f'href="{page}"' in shown
    void = {"step": "void", "void-reason": ""}
    assert client.post(page, void).status_code == 422
    answer = client.post(page, {**void, "void-reason": "a typo"}, follow=True)
    assert "counts no more" in answer.content.decode()
    assert "−0.5" not in answer.content.decode()
    event = BalanceEvent.objects.get(statement=wrong)
    assert (event.reason, event.author.username) == ("a typo", "ada")
    history = client.get(page).content.decode()
    assert "Voided, as stated by by hand" in words_of(history)
    assert "4.5 OPAL voided by ada: a typo" in words_of(history)
    assert "Void it" not in history
    assert client.post(page, {**void, "void-reason": "again"}).status_code == 409
    assert send(client, "book", amount="5")[0].status_code == 302
    [stands] = BalanceStatement.objects.standing()
    assert stands.amount == 5


def test_what_was_stated_wrongly_is_corrected_on_its_page(client):
    send(client, "book")
    wrong = BalanceStatement.objects.get()
    page = f"/portfolio/reconciliation/{wrong.pk}/"
    stands = {"asset": "OPAL", "amount": "4.5", "at": "2025-09-05 12:00:00"}
    form = {**stands, "step": "correct", "reason": "miscounted"}
    for change in ({}, {"amount": "lots"}, {"amount": "5", "reason": ""}):
        assert client.post(page, {**form, **change}).status_code in (409, 422)
    answer = client.post(page, {**form, "amount": "5"}, follow=True)
    assert "−0.5" not in answer.content.decode()
    [right] = BalanceStatement.objects.standing()
    assert (right.amount, right.at, right.source) == (5, wrong.at, "by hand")
    history = words_of(
        client.get(f"/portfolio/reconciliation/{right.pk}/").content.decode()
    )
    assert "4.5 OPAL corrected by ada: miscounted" in history


def correct(client, pk, **body):
    path = f"/api/balances/{pk}/correct"
    answer = client.post(path, body, content_type="application/json")
    return answer.status_code, answer.json()


def test_a_client_corrects_a_balance_and_its_history_tells(client, client_of, person):
    send(client, "book")
    wrong = BalanceStatement.objects.get().pk
    mallory = client_of(person("mallory", "Trader"))
    assert correct(mallory, wrong, reason="mine", amount="1")[0] == 404
    vera = client_of(person("vera", "Viewer"))
    assert correct(vera, wrong, reason="mine", amount="1")[0] == 403
    assert correct(client, wrong, amount="5")[0] == 422
    assert correct(client, wrong, reason="same", amount="4.50")[0] == 409
    assert correct(client, wrong, reason="x", source="bank")[0] == 422
    status, right = correct(client, wrong, reason="miscounted", amount="5")
    assert (status, right["amount"], right["status"]) == (201, "5", "booked")
    [event] = right["history"]
    assert (event["kind"], event["before"], event["id"]) == (
        "correct",
        "4.5 OPAL",
        str(wrong),
    )
    assert (event["author"], event["reason"]) == ("ada", "miscounted")
    assert correct(client, wrong, reason="again", amount="6")[0] == 409
    [listed] = client.get("/api/balances").json()["balances"]
    assert listed == right
    [row] = client.get("/api/portfolio/reconciliation").json()["assets"]
    assert (row["stated"], row["agrees"]) == ("5", True)


def test_a_correction_takes_no_place_that_is_taken(client):
    send(client, "book")
    send(client, "book", at="2025-09-06T12:00", amount="5")
    first, second = BalanceStatement.objects.order_by("at")
    moved = {"reason": "a day later", "at": second.at.isoformat()}
    assert correct(client, first.pk, **moved)[0] == 409
    assert BalanceStatement.objects.standing().count() == 2


def test_a_client_voids_once_and_nobody_elses(client, client_of, person):
    send(client, "book")
    path = f"/api/balances/{BalanceStatement.objects.get().pk}/void"
    body = {"reason": "a typo"}
    mallory = client_of(person("mallory", "Trader"))
    assert mallory.post(path, body, "application/json").status_code == 404
    assert client.post(path, {}, "application/json").status_code == 422
    assert BalanceStatement.objects.standing().exists()
    done = client.post(path, body, "application/json")
    assert (done.status_code, done.json()["amount"]) == (200, "4.5")
    assert (done.json()["status"], len(done.json()["history"])) == ("voided", 1)
    assert client.get("/api/balances").json()["balances"] == []
    assert client.post(path, body, "application/json").status_code == 409


def test_a_file_does_not_state_again_what_was_taken_back(client, ada):
    send(client, "book")
    stated = BalanceStatement.objects.get()
    void_balance(stated.pk, "a typo", ada)
    batch = ImportBatch.objects.create(
        book=stated.book, created_by=ada, created_at=stated.recorded_at, bytes=1
    )
    again = NewBalance(
        asset="OPAL", amount=stated.amount, at=stated.at, source=stated.source
    )
    assert save_statements(stated.book, [again], batch, stated.recorded_at) == 0
    assert save_statements(stated.book, [again], None, stated.recorded_at) == 1


def test_a_corrected_balance_of_a_file_goes_with_it_and_does_not_come_again(
    client, ada
):
    send(client, "book")
    stated = BalanceStatement.objects.get()
    batch = ImportBatch.objects.create(
        book=stated.book, created_by=ada, created_at=stated.recorded_at, bytes=1
    )
    BalanceStatement.objects.update(batch=batch)
    assert correct(client, stated.pk, reason="miscounted", amount="5")[0] == 201
    assert BalanceStatement.objects.standing().get().batch == batch
    again = NewBalance(
        asset="OPAL",
        amount=stated.amount,
        at=stated.at,
        source=stated.source,
    )
    assert save_statements(stated.book, [again], batch, stated.recorded_at) == 0
    assert contradicted(stated.book, [again]) == []
    other = replace(again, amount=Decimal(7))
    assert len(contradicted(stated.book, [other])) == 1
