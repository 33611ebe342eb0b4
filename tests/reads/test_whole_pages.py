"""A page that is given again is what Django would draw: nobody else's, never older than
a write, with a nonce of its own."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import SUCCESS
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Session, User
from accounts.services.sessions import PRESENCE
from kernel.cache import bump
from kernel.messages import BoundCookieStorage
from operations.models import Alert
from operations.services.alerting import TAG as ALERTS
from tests.reads.conftest import PAGE, Browser, Desk, Seen
from tests.reads.test_dependence import fill
from tests.reads.test_never_stale import World
from trades.models import Book
from trades.services.books import NewBook, create_book

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ("/", "/portfolio/", "/trades/", "/performance/", "/performance/?period=30d")
WRITES = 40
NONCE = re.compile(r"'nonce-([^']+)'")
OWN = (
    (re.compile(r'nonce="[^"]*"'), "nonce"),
    (re.compile(r'csrfmiddlewaretoken" value="\w+"'), "token"),
    (re.compile(r'"X-CSRFToken": ?"\w+"'), "token"),
)


def html(seen: Seen) -> str:
    packed = seen.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(seen.content) if packed else seen.content).decode()


def shown(seen: Seen) -> list[str]:
    """What does not differ from answer to answer, line by line."""
    assert seen.code == 200
    page = html(seen)
    for pattern, word in OWN:
        page = pattern.sub(word, page)
    return page.splitlines()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """One moment, for templates too: the minute may end in the middle of a test."""
    now = timezone.now()

    class Steady(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return now.astimezone(tz)

    monkeypatch.setattr("django.template.defaulttags.datetime", Steady)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


@pytest.fixture
def browser(desk: Desk, ada: User, book: Book, clock: list[float]) -> Browser:
    fill(ada, "f1")
    return Browser(ada)


def settle(browser: Browser, path: str = PAGE) -> Seen:
    """Looks until the next is given without Django."""
    browser.computed = 0
    looks = [browser.look(path) for _ in range(3)]
    assert browser.computed <= 2
    browser.computed = 0
    return looks[-1]


@pytest.mark.parametrize("path", PAGES)
def test_it_is_given_again_with_one_statement(browser: Browser, path: str) -> None:
    told = settle(browser, path)
    with CaptureQueriesContext(connection) as queries:
        again = browser.look(path, X_Request_ID="mine")
    assert (browser.computed, len(queries)) == (0, 1)
    assert again.headers["X-Request-ID"] == "mine"
    assert shown(again) == shown(told) == shown(browser.fresh(path))


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_each_answer_has_a_nonce_of_its_own(browser: Browser, encoding: str) -> None:
    for _ in range(2):
        browser.look(Accept_Encoding=encoding)
    browser.computed = 0
    looks = [browser.look(Accept_Encoding=encoding) for _ in range(3)]
    assert browser.computed == 0
    named = set()
    for seen in looks:
        assert seen.headers.get("Content-Encoding", "identity") == encoding
        length = seen.headers.get("Content-Length", len(seen.content))
        assert int(length) == len(seen.content)
        match = NONCE.search(seen.headers["Content-Security-Policy"])
        assert match is not None
        assert set(re.findall(r' nonce="([^"]+)"', html(seen))) == {match[1]}
        named.add(match[1])
    assert len(named) == 3


def test_its_other_headers_are_those_of_django(browser: Browser) -> None:
    own = {"Content-Length", "Content-Security-Policy", "Set-Cookie", "X-Request-ID"}
    kept = settle(browser).headers
    told = browser.fresh().headers
    assert {**kept, **dict.fromkeys(own)} == {**told, **dict.fromkeys(own)}


def book_another(who: User) -> None:
    fill(who, "f2")


def alert(who: User) -> None:
    now = timezone.now()
    fields = {"state": "firing", "severity": "P1", "pending_at": now, "fired_at": now}
    Alert.objects.create(rule="error_rate", fingerprint="f" * 64, **fields)
    bump(ALERTS)


def may_less(who: User) -> None:
    who.groups.set([Group.objects.get(name="Viewer")])


def other_colours(who: User) -> None:
    User.objects.filter(pk=who.pk).update(preferences={"theme": "dark"})


def another_zone(who: User) -> None:
    User.objects.filter(pk=who.pk).update(zone="Asia/Tokyo")


@pytest.mark.parametrize(
    "change", [book_another, alert, may_less, other_colours, another_zone]
)
def test_what_it_shows_is_drawn_anew_once_it_is_written(
    browser: Browser, ada: User, change: Callable[[User], None]
) -> None:
    settle(browser)
    change(ada)
    told = browser.look()
    assert browser.computed == 1
    assert told.code == browser.fresh().code


def test_a_minute_later_it_is_drawn_anew(browser: Browser, clock: list[float]) -> None:
    settle(browser)
    clock[0] += 60
    browser.look()
    assert browser.computed == 1


def test_whoever_was_long_away_is_noted_by_django(browser: Browser, ada: User) -> None:
    settle(browser)
    before = timezone.now() - timedelta(minutes=6)
    Session.objects.filter(user=ada).update(seen_at=before)
    for _ in range(3):
        browser.look()
    assert Session.objects.get(user=ada).seen_at > before
    assert not PRESENCE.is_old(Session.objects.get(user=ada).seen_at, timezone.now())


def test_what_is_said_once_is_not_given_again(browser: Browser) -> None:
    settle(browser)
    storage = BoundCookieStorage(HttpRequest())
    storage.add(SUCCESS, "A word for once.")
    answer = HttpResponse()
    storage.update(answer)
    said = "; ".join(
        [browser.cookie, answer.cookies[storage.cookie_name].OutputString()]
    )
    for _ in range(2):
        assert "A word for once." in html(browser.look(Cookie=said))
    assert browser.computed == 2
    assert "A word for once." not in html(browser.look())


def test_a_session_that_ended_opens_nothing(browser: Browser, ada: User) -> None:
    settle(browser)
    Session.objects.filter(user=ada).update(revoked_at="2026-01-01T00:00:00Z")
    assert browser.look().code == 302


def test_nobody_is_given_anothers_page(
    browser: Browser, person: Callable[..., User]
) -> None:
    settle(browser)
    other = Browser(person("mallory", "Trader"))
    other.pages = browser.pages
    assert "ada-main" not in html(other.look())


def test_the_state_of_the_product_is_of_the_moment(
    desk: Desk, person: Callable[..., User], clock: list[float]
) -> None:
    """Whoever may see operations is told how long the database took: nobody writes
    that."""
    viewer = Browser(person("val", "Viewer"))
    for _ in range(4):
        viewer.look("/")
    assert viewer.computed == 4


def test_whether_the_process_lives_is_told_where_no_database_is_asked(
    browser: Browser,
) -> None:
    """In the loop of the server, where a statement would be a fault, whoever asks."""

    async def asked_in_the_loop() -> Seen:
        return browser.look("/health/live")

    seen = asyncio.run(asked_in_the_loop())
    assert (seen.code, seen.content) == (200, b'{"status":"pass"}')
    assert {"X-RRR-Clean", "Content-Security-Policy"} <= set(seen.headers)


def test_several_hosts_ask_django(browser: Browser, settings: object) -> None:
    settle(browser)
    settings.RATE_LIMIT_HOSTS = 2  # type: ignore[attr-defined]
    browser.look()
    assert browser.computed == 1


def test_a_page_is_what_is_drawn_now(
    desk: Desk,
    person: Callable[..., User],
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random people, rights, facts and pages, all of them at one moment."""
    monkeypatch.setattr("rrr_dashboard.overview.checks", lambda now: [])
    ada, mallory = person("ada", "Trader"), person("mallory", "Trader")
    people = [ada, mallory, person("val", "Viewer")]
    keeper = person("kay", "Administrator")
    world = World(random.Random(20261130), ada, mallory, keeper)
    for who in (ada, mallory):
        for number in (1, 2):
            create_book(NewBook(f"{who.username}-{number}", "USD"), who)
    browsers = [Browser(who) for who in people]
    pages = browsers[0].pages
    for browser in browsers:
        browser.pages = pages
    asked = [(browser, path) for browser in browsers for path in PAGES]
    seen: Counter[str] = Counter()
    for _ in range(WRITES):
        world.write()
        for browser, path in world.dice.choices(asked, k=2):
            truth = browser.fresh(path)
            for _ in range(3):
                told = browser.look(path)
                assert told.code == truth.code
                if truth.code == 200:
                    assert shown(told) == shown(truth), path
            seen[path] += 1
    looks = 3 * seen.total()
    assert min(seen[path] for path in PAGES) >= WRITES // 12
    assert browsers[0].computed < 0.8 * looks
