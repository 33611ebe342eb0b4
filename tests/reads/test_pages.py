"""Whoever polls with what there is hears so without Django, and nothing that is not so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, User
from accounts.services import limits
from tests.reads.conftest import PAGE, Browser, Desk
from trades.models import Book
from trades.services.books import NewBook, create_book, locked

pytestmark = pytest.mark.django_db(transaction=True)
Person = Callable[..., User]


@pytest.fixture
def browser(desk: Desk, ada: User, book: Book, clock: list[float]) -> Browser:
    browser = Browser(ada)
    browser.settle()
    return browser


def test_it_is_told_again_with_one_statement(browser: Browser) -> None:
    expected = {**browser.poll()[1], "X-Request-ID": "mine"}
    browser.computed = 0
    with CaptureQueriesContext(connection) as asked:
        code, headers = browser.poll(X_Request_ID="mine")
    assert (code, browser.computed, len(asked)) == (304, 0, 1)
    assert headers == expected


def test_its_headers_are_those_of_django(browser: Browser, clock: list[float]) -> None:
    kept = browser.poll()[1]
    clock[0] += 60
    told = browser.poll()[1]
    assert browser.computed == 1
    assert {**kept, "X-Request-ID": ""} == {**told, "X-Request-ID": ""}


def test_a_write_is_seen_at_once(browser: Browser, ada: User, book: Book) -> None:
    from django.db import transaction

    with transaction.atomic():
        locked(book)
    assert browser.poll()[0] == 200
    create_book(NewBook("another", "USD"), ada)
    assert browser.poll()[0] == 200


def test_a_minute_later_django_is_asked(browser: Browser, clock: list[float]) -> None:
    clock[0] += 60
    browser.poll()
    assert browser.computed == 1


def test_a_session_that_was_ended_opens_nothing(browser: Browser, ada: User) -> None:
    Session.objects.filter(user=ada).update(revoked_at="2026-01-01T00:00:00Z")
    code, headers = browser.poll()
    assert (code, "HX-Redirect" in headers) == (200, True)


def test_a_session_whose_time_has_come_opens_nothing(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.queries.browsers.Browser.lives", lambda self: False)
    browser.poll()
    assert browser.computed == 1


def test_a_role_that_was_taken_away_counts_with_the_next_poll(
    browser: Browser, ada: User
) -> None:
    ada.groups.set([Group.objects.get(name="Developer")])
    assert browser.poll()[0] == 403


def test_nobody_is_told_of_anothers_page(
    browser: Browser, person: Person, desk: Desk
) -> None:
    other = Browser(person("mallory", "Trader"))
    other.pages, other.tag = browser.pages, browser.tag
    assert other.poll()[0] == 200


def test_another_question_is_another_poll(browser: Browser) -> None:
    browser.poll(PAGE, HX_Target="div#other")
    assert browser.computed == 1
    browser.poll(f"{PAGE}?book=ada-main")
    assert browser.computed == 2


def test_several_hosts_ask_django(browser: Browser, settings: LazySettings) -> None:
    settings.RATE_LIMIT_HOSTS = 2
    browser.poll()
    assert browser.computed == 1


def test_each_poll_counts_once(
    browser: Browser, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Any] = []
    admit = limits.admit

    def watched(limit: Any, principal: str, user_id: int | None = None) -> Any:
        counted.append((limit, principal))
        return admit(limit, principal, user_id)

    monkeypatch.setattr(limits, "admit", watched)
    browser.poll()
    browser.poll()
    assert browser.computed == 0
    assert counted == [(limits.PAGE, f"user {ada.pk}")] * 2
    browser.poll(f"{PAGE}?book=ada-main")
    assert len(counted) == 3


@pytest.mark.limits
def test_too_many_polls_are_refused_in_djangos_words(
    browser: Browser, ada: User
) -> None:
    for _ in range(700):  # of a second, or at last of a minute
        code, headers = browser.poll()
        if code != 304:
            break
    assert (code, headers["HX-Retarget"]) == (429, "#problem")
