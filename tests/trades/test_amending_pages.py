"""The pages that void and correct: what follows is shown first, and only then booked."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils.html import strip_tags

from tests.queries import at_most
from trades.models import Fill, FillEvent, Transfer, TransferEvent
from trades.services.amending import fill_fields, transfer_fields
from trades.services.between_books import book_between
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture
def fill(ada, book, make_fill):
    """Bought two at 100 and sold one at 130: 30 realised, 30 not."""
    book_fills([make_fill("f1", "buy", "2", "100", day=1)], ada)
    book_fills([make_fill("f2", "sell", "1", "130", day=2)], ada)
    return Fill.objects.get(external_id="f1")


def form_of(fill, **changed):
    names = set(fill_fields(fill)) - {"external_id", "decision_id"}
    fields = {name: fill_fields(fill)[name] for name in names}
    return fields | {"reason": "typo"} | changed


def text_of(response):
    return response.content.decode()


@pytest.mark.parametrize("verb", ["void", "correct"])
def test_the_trade_leads_its_owner_there_and_nobody_else(
    fill, ada, mallory, person, client_of, verb
):
    path = f"/trades/{fill.pk}/{verb}/"
    assert f'href="{path}"' in text_of(client_of(ada).get(f"/trades/{fill.pk}/"))
    assert client_of(ada).get(path).status_code == 200
    assert client_of(mallory).get(path).status_code == 404
    viewer = person("vera", "Viewer")
    assert client_of(viewer).get(path).status_code == 403


def test_looking_shows_before_and_after_and_books_nothing(fill, ada, client_of):
    path = f"/trades/{fill.pk}/void/"
    response = client_of(ada).post(path, {"reason": "never was", "step": "look"})
    page = text_of(response)
    assert response.status_code == 200
    for words in ("What follows", "60", "130", "BTC-USD held", "Void it", "never was"):
        assert words in page
    assert not FillEvent.objects.exists()


def test_booking_voids_and_leads_back_to_the_trade(fill, ada, client_of):
    client = client_of(ada)
    done = client.post(
        f"/trades/{fill.pk}/void/", {"reason": "never was", "step": "book"}, follow=True
    )
    assert done.redirect_chain == [(f"/trades/{fill.pk}/", 302)]
    page = text_of(done)
    assert "Voided f1." in page
    assert "never was" in page
    assert f"/trades/{fill.pk}/void/" not in page


def test_a_correction_starts_with_what_was_booked(fill, ada, client_of):
    page = text_of(client_of(ada).get(f"/trades/{fill.pk}/correct/"))
    for value in ('value="100"', 'value="2"', 'value="BTC-USD"', 'value="USD"'):
        assert value in page


def test_a_correction_is_looked_at_and_booked(fill, ada, client_of):
    client, path = client_of(ada), f"/trades/{fill.pk}/correct/"
    seen = client.post(path, form_of(fill, price="90", step="look"))
    assert "What follows" in text_of(seen)
    assert Fill.objects.count() == 2
    done = client.post(path, form_of(fill, price="90", step="book"), follow=True)
    assert "Corrected f1." in text_of(done)
    assert Fill.objects.get(status="corrected").price == 90


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": ""}, "This field is required"),
        ({"quantity": "-1"}, "greater than 0"),
        ({"price": "x"}, "price"),
        ({}, "changes something"),
        ({"dry": "yes"}, "is not a field of this"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_booked(fill, ada, client_of, changed, said):
    response = client_of(ada).post(
        f"/trades/{fill.pk}/correct/", form_of(fill, step="book", **changed)
    )
    assert response.status_code == 422
    assert said in text_of(response)
    assert not FillEvent.objects.exists()


# --- transfers -----------------------------------------------------------------------


@pytest.fixture
def move(ada, fill, make_move):
    """Of two BTC bought at 100 one was sold; half of the other goes to another book."""
    create_book(NewBook("ada-vault", "USD"), ada)
    sent = replace(
        make_move("t1", "transfer", "BTC", "-0.5", day=3),
        book="ada-main",
        to_book="ada-vault",
    )
    return book_between(sent, ada)[0]


def transfer_form(move, **changed):
    names = set(transfer_fields(move)) - {"external_id", "to_book"}
    fields = {name: transfer_fields(move)[name] for name in names}
    return fields | {"reason": "typo"} | changed


@pytest.mark.parametrize("verb", ["void", "correct"])
def test_the_list_leads_to_a_transfer_and_its_owner_on(
    move, ada, mallory, person, client_of, verb
):
    page, path = f"/transfers/{move.pk}/", f"/transfers/{move.pk}/{verb}/"
    assert f'href="{page}"' in text_of(client_of(ada).get("/transfers/"))
    shown = text_of(client_of(ada).get(page))
    assert f'href="{path}"' in shown
    assert "Lots of BTC-USD" in shown
    assert client_of(ada).get(path).status_code == 200
    assert client_of(mallory).get(page).status_code == 404
    assert client_of(mallory).get(path).status_code == 404
    viewer = client_of(person("vera", "Viewer"))
    assert path not in text_of(viewer.get(page))
    assert viewer.get(path).status_code == 403


def test_a_void_of_a_transfer_shows_both_books_before_it_is_booked(
    move, ada, client_of
):
    path, client = f"/transfers/{move.pk}/void/", client_of(ada)
    seen = " ".join(strip_tags(text_of(client.post(path, reason("look")))).split())
    assert "BTC-USD held in ada-main 0.5 1" in seen
    assert "BTC-USD held in ada-vault 0.5 0" in seen
    assert not TransferEvent.objects.exists()
    done = client.post(path, reason("book"), follow=True)
    assert done.redirect_chain == [(f"/transfers/{move.pk}/", 302)]
    page = text_of(done)
    assert "Voided t1." in page
    assert "wrong book" in page
    assert path not in page


def reason(step):
    return {"reason": "wrong book", "step": step}


def test_a_transfer_is_corrected_and_tells_what_it_was(
    move, ada, client_of, steady_counts
):
    client, path = client_of(ada), f"/transfers/{move.pk}/correct/"
    assert 'value="-0.5"' in text_of(client.get(path))
    assert 'value="BTC-USD"' in text_of(client.get(path))
    form = transfer_form(move, amount="-0.25", step="book")
    page = text_of(client.post(path, form, follow=True))
    assert "Corrected t1." in page
    assert "Amount: -0.5 → -0.25" in page
    stands = Transfer.objects.get(status="corrected")
    assert stands.amount == Decimal("-0.25")
    # Each of its ids leads to what stands.
    assert "-0.25" in text_of(client.get(f"/transfers/{move.pk}/"))
    with at_most("trades.transfer"):
        client.get(f"/transfers/{stands.pk}/")


def test_a_corrected_symbol_alone_is_a_correction(ada, book, make_move, client_of):
    book_transfers([make_move("d1", "dividend", "USD", "5")], ada)
    paid = Transfer.objects.get()
    form = transfer_form(paid, symbol="BTC-USD", step="book")
    done = client_of(ada).post(f"/transfers/{paid.pk}/correct/", form)
    assert done.status_code == 302
    assert Transfer.objects.filter(replaces=paid, instrument__symbol="BTC-USD").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": "0.5"}, "it leaves the book: it is negative"),
        ({"kind": "withdrawal"}, "between own books it is a transfer"),
        ({"amount": "x"}, "amount"),
        ({}, "changes something"),
        ({"to_book": "ada-main"}, "is not a field of this"),
    ],
)
def test_what_a_transfer_cannot_be_is_said(move, ada, client_of, changed, said):
    response = client_of(ada).post(
        f"/transfers/{move.pk}/correct/", transfer_form(move, step="book", **changed)
    )
    assert response.status_code == 422
    assert said in text_of(response)
    assert not TransferEvent.objects.exists()


@pytest.fixture
def in_new_york(ada):
    ada.zone = "America/New_York"
    ada.save()


def test_a_time_stands_in_the_readers_zone_and_stays_what_it_was(
    ada, book, make_fill, client_of, in_new_york
):
    """01:30 of the night when clocks are set back is twice; untouched it stays."""
    at = datetime(2025, 11, 2, 6, 30, 0, 123456, tzinfo=UTC)  # the second 01:30
    book_fills([replace(make_fill("n", "buy", "1", "1"), executed_at=at)], ada)
    fill, client = Fill.objects.get(), client_of(ada)
    path = f"/trades/{fill.pk}/correct/"
    page = text_of(client.get(path))
    shown = "2025-11-02 01:30:00.123456"
    assert f'value="{shown}"' in page
    assert "In America/New_York" in page
    assert at.isoformat() not in page
    client.post(path, form_of(fill, executed_at=shown, price="2", step="book"))
    fill = Fill.objects.standing().get()
    assert (fill.executed_at, fill.price) == (at, 2)
    path = f"/trades/{fill.pk}/correct/"
    client.post(path, form_of(fill, executed_at="2025-11-02 09:00", step="book"))
    fill = Fill.objects.standing().get()
    assert fill.executed_at == datetime(2025, 11, 2, 14, 0, tzinfo=UTC)
    history = strip_tags(text_of(client.get(f"/trades/{fill.pk}/")))
    history = history.partition("Raw JSON")[0]
    assert "2 Nov 2025, 09:00:00 EST" in history
    assert "T14:00" not in history


@pytest.mark.parametrize("given", ["yesterday", "2025-03-09 02:30", ""])
def test_a_time_that_is_none_is_named_at_its_field(
    fill, ada, client_of, in_new_york, given
):
    path = f"/trades/{fill.pk}/correct/"
    answer = client_of(ada).post(path, form_of(fill, executed_at=given, step="book"))
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"executed_at"}
    assert not FillEvent.objects.exists()
