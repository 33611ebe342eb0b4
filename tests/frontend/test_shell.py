"""The frame shows what a person may open, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import User
from accounts.queries import PREFERENCES, preferences
from rrr_dashboard import badges, shell
from rrr_dashboard.shell import Shell
from trades.models import Book


@pytest.fixture
def frame(rf: RequestFactory) -> Callable[..., Shell]:
    def make(user: User | AnonymousUser, path: str = "/") -> Shell:
        request = rf.get(path)
        request.user = user
        return Shell(request)

    return make


def labels(entries: list[shell.NavEntry]) -> list[str]:
    return [entry.label for entry in entries]


def test_a_person_without_a_role_sees_the_overview_only(
    person: Callable[..., User], frame: Callable[..., Shell]
) -> None:
    assert labels(frame(person("mallory")).main) == ["Overview"]


def test_an_operator_sees_alerts(
    person: Callable[..., User], frame: Callable[..., Shell]
) -> None:
    assert "Alerts" in labels(frame(person("olga", "Operator")).main)


def test_a_trader_does_not(
    person: Callable[..., User], frame: Callable[..., Shell]
) -> None:
    assert "Alerts" not in labels(frame(person("tom", "Trader")).main)


@pytest.mark.parametrize(
    "place",
    [*shell.MAIN, *shell.WORK, *shell.REFERENCE, *shell.MINE],
    ids=lambda place: place.name,
)
def test_navigation_names_pages_that_are_there(
    admin_client: Client, place: shell.Place
) -> None:
    assert admin_client.get(reverse(place.name)).status_code == 200


def test_a_page_that_is_not_there_cannot_be_named() -> None:
    with pytest.raises(NoReverseMatch):
        shell.access_of("operations:on-call")


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("Trader", {"New trade", "Import trades", "State a balance", "Prices"}),
        ("Viewer", {"Transfers", "Prices", "Splits", "Reconciliation"}),
        ("Operator", set()),
    ],
)
def test_the_palette_offers_the_work_that_a_person_may_do(
    person: Callable[..., User],
    frame: Callable[..., Shell],
    role: str,
    offered: set[str],
) -> None:
    work = {place.label for place in shell.WORK}
    found = set(labels(frame(person("pat", role)).all)) & work
    assert found >= offered
    if role != "Trader":
        assert not {label for label in found if label.startswith(("New", "Import"))}
    assert bool(found) == bool(offered)


def test_only_the_page_one_is_on_is_current(
    person: Callable[..., User], frame: Callable[..., Shell]
) -> None:
    entries = frame(person("olga", "Operator"), "/alerts/x/").main
    assert [entry.label for entry in entries if entry.current] == ["Alerts"]


def test_every_open_page_is_in_the_tabs_or_behind_more(
    person: Callable[..., User], frame: Callable[..., Shell]
) -> None:
    shown = frame(person("olga", "Operator"))
    assert {e.path for e in shown.tabs} | {e.path for e in shown.more} == {
        e.path for e in shown.main + shown.reference
    }
    assert len(shown.tabs) <= 4


def test_preferences_are_the_persons(
    rf: RequestFactory, person: Callable[..., User]
) -> None:
    request = rf.get("/")
    request.user = person("ada")
    request.user.preferences = {"theme": "dark"}
    assert preferences(request)["theme"] == "dark"


@pytest.mark.parametrize("cookie", ["", "no json", "[1]", '{"theme": null}'])
def test_a_broken_cookie_is_no_preference(rf: RequestFactory, cookie: str) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    request.COOKIES["rrr_prefs"] = cookie
    assert preferences(request) == PREFERENCES


def test_an_error_page_needs_no_session(client: Client, db: None) -> None:
    answer = client.get("/nothing/here/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert answer["X-Request-ID"] in page
    assert "<script" not in page
    assert ">DEV<" in page


def test_badges_are_counted_not_guessed(db: None) -> None:
    cache.delete(badges.COUNTS_KEY)
    assert badges.counts() == {"blockers": 0, "alerts": 0, "demo": 0}


def test_badges_cost_one_cached_read(
    db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    badges.counts()
    with django_assert_num_queries(0):
        badges.counts()


def test_demo_rows_mark_every_page(
    client_of: Callable[[User], Client], person: Callable[..., User]
) -> None:
    owner = person("tom", "Trader")
    Book.objects.create(name="Demo", owner=owner, demo=True, created_at=timezone.now())
    cache.delete(badges.COUNTS_KEY)
    assert "DEMO DATA" in client_of(owner).get("/").content.decode()
    assert "DEMO DATA" in client_of(owner).get("/nothing/").content.decode()


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    yield
    cache.delete_many([badges.COUNTS_KEY, badges.DEMO_KEY])
