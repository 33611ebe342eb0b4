"""The pages that void and correct: what follows is shown first, and only then booked."""

import pytest

from trades.models import Fill, FillEvent
from trades.services.amending import fill_fields
from trades.services.fills import book_fills

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
