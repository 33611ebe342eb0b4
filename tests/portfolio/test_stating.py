"""A balance stated by hand: beside what is booked first, recorded when the person says so."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.portfolio.conftest import deposit, fill
from trades.models import BalanceStatement, Fill

PATH = "/portfolio/reconciliation/new/"
STATED = {"book": "Main", "asset": "opal", "amount": "4.5", "at": "2025-09-05T12:00"}


@pytest.fixture
def client(ada, client_of, record):
    record(
        [fill("o1", "buy", "5", "20", "2025-09-02 10:00", symbol="OPAL-USD")],
        [deposit("d1", "300", "2025-09-01 08:00")],
    )
    return client_of(ada)


def send(client, step, **change):
    answer = client.post(PATH, {**STATED, "step": step, **change})
    shown = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return answer, " ".join(shown.split())


def test_the_difference_is_shown_and_nothing_is_recorded(client):
    answer, shown = send(client, "look")
    assert answer.status_code == 200
    assert "4.5 5 −0.5 They part at trade o1" in shown
    trade = Fill.objects.get(external_id="o1")
    assert f'href="/trades/{trade.pk}/"' in answer.content.decode()
    assert not BalanceStatement.objects.exists()


def test_cash_and_coins_of_its_time_are_compared(client):
    assert "5 5 none" in send(client, "look", amount="5")[1]
    assert "200 200 none" in send(client, "look", asset="USD", amount="200")[1]
    before = {"amount": "0", "at": "2025-09-01T12:00"}
    assert "0 0 none" in send(client, "look", **before)[1]


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
