"""A trader makes a book of their own; an administrator gives one to a trader."""

from __future__ import annotations

from typing import Any

import pytest

from trades.models import Book

pytestmark = pytest.mark.django_db
PAGE = "/books/"
FORM = {
    "name": "First",
    "base_currency": "USD",
    "zone": "Europe/Berlin",
    "periods_per_year": "252",
}


@pytest.fixture
def admin(person: Any, client_of: Any) -> Any:
    return client_of(person("root", "Administrator"))


def test_an_administrator_gives_a_trader_a_book(admin, person):
    grace = person("grace", "Trader")
    answer = admin.post(PAGE, {**FORM, "owner": "grace", "allow_short": "on"})
    assert answer.status_code == 302
    book = Book.objects.get()
    assert (book.owner, book.zone, book.periods_per_year, book.allow_short) == (
        grace,
        "Europe/Berlin",
        252,
        True,
    )


@pytest.mark.parametrize("owner", ["viewer", "gone", "nobody", ""])
def test_who_cannot_write_in_books_is_given_none(admin, person, owner):
    person("grace", "Trader")
    person("viewer", "Viewer")
    gone = person("gone", "Trader")
    gone.is_active = False
    gone.save()
    assert admin.post(PAGE, {**FORM, "owner": owner}).status_code == 422
    assert not Book.objects.exists()


def test_a_trader_makes_one_for_themselves_alone(person, client_of):
    grace = person("grace", "Trader")
    person("mallory", "Trader")
    desk = client_of(grace)
    assert desk.post(PAGE, {**FORM, "owner": "mallory"}).status_code == 422
    assert desk.post(PAGE, FORM).status_code == 302
    assert Book.objects.get().owner == grace


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "7"}, "digits alone"),
        ({"base_currency": "€"}, "is no currency"),
        ({"base_currency": "U\N{KELVIN SIGN}D"}, "is no currency"),
        ({"zone": "Mars/Base"}, "not one of the available choices"),
        ({"periods_per_year": "360"}, "not one of the available choices"),
        ({"short": "true"}, "short: is not a field of this"),
    ],
)
def test_a_book_that_cannot_be_is_refused_at_its_field(person, client_of, given, said):
    desk = client_of(person("grace", "Trader"))
    answer = desk.post(PAGE, {**FORM, **given})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Book.objects.exists()


def test_a_taken_name_is_said_at_the_name(person, client_of):
    desk = client_of(person("grace", "Trader"))
    desk.post(PAGE, FORM)
    answer = desk.post(PAGE, FORM)
    assert answer.status_code == 422
    assert "is taken" in answer.content.decode()


@pytest.mark.parametrize("role", ["Viewer", "Developer", "Operator"])
def test_others_make_no_books(person, client_of, role):
    mallory = client_of(person("mallory", role))
    assert mallory.post(PAGE, FORM).status_code == 403
    page = mallory.get(PAGE)
    assert page.status_code == 403 or "New book" not in page.content.decode()


def test_without_traders_the_page_leads_to_the_invitation(admin):
    page = admin.get(PAGE).content.decode()
    assert "invite a trader" in page
    assert "Make the book" not in page


def test_strangers_read_but_never_write(client, settings, db):
    settings.PUBLIC_READ = True
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, FORM).status_code in {302, 403}
    assert not Book.objects.exists()
