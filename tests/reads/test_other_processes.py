"""What one process keeps is given by another, too, where Redis holds it under our seal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from kernel import redis, remembered_by_all
from kernel.build import Build
from kernel.redis import client
from kernel.remembered import forget_everything
from tests.reads.conftest import Browser, Desk
from tests.reads.test_dependence import fill
from tests.reads.test_whole_pages import now, shown  # noqa: F401 - a fixture
from trades.models import Book

pytestmark = [pytest.mark.cached, pytest.mark.django_db(transaction=True)]
TRADES = "/api/trades?limit=50"


@pytest.fixture(autouse=True)
def _committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of code that is a commit's."""
    monkeypatch.setattr("kernel.build.running", lambda: Build("ab" * 20, clean=True))
    monkeypatch.setattr(redis.BREAKER, "_open_until", 0.0)


@pytest.fixture
def browser(desk: Desk, ada: User, book: Book, clock: list[float]) -> Browser:
    fill(ada, "f1")
    browser = Browser(ada)
    for _ in range(2):
        browser.look()
    browser.computed = 0
    return browser


def of_another_process(browser: Browser) -> Browser:
    """The same cookies, and a process that has asked this once: nothing is kept in it."""
    other = Browser(User.objects.get(username="ada"))
    other.cookie = browser.cookie
    other.pages.places = browser.pages.places
    forget_everything()
    return other


def test_a_page_is_found(browser: Browser) -> None:
    other = of_another_process(browser)
    told = other.look()
    assert other.computed == 0
    assert shown(told) == shown(browser.fresh())


def test_what_was_written_since_is_not_found(browser: Browser, ada: User) -> None:
    other = of_another_process(browser)
    fill(ada, "f2")
    assert shown(other.look()) == shown(browser.fresh())
    assert other.computed == 1


def test_an_answer_of_the_api_is_found(
    desk: Desk, ada: User, book: Book, token_of: Callable[[User], str]
) -> None:
    token = token_of(ada)
    first = desk.hot(TRADES, token)
    other = Desk()
    told = other.hot(TRADES, token)
    assert other.computed == 0
    assert (told.content, told.etag) == (first.content, first.etag)


def test_a_planted_page_is_not_given(browser: Browser) -> None:
    other = of_another_process(browser)
    for name in client().scan_iter("kept:page:*"):
        held: Any = client().get(name)
        client().set(name, held[:32] + held[32:].replace(b"ada", b"eve"), px=60_000)
    other.look()
    assert other.computed == 1


def test_without_redis_each_process_draws_its_own(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = of_another_process(browser)
    monkeypatch.setattr(redis.BREAKER, "_open_until", float("inf"))
    other.look()
    assert other.computed == 1
    other.look()
    assert other.computed == 1


def test_other_code_and_code_of_no_commit_find_nothing(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in (Build("cd" * 20, clean=True), Build("ab" * 20, clean=False)):
        other = of_another_process(browser)
        monkeypatch.setattr("kernel.build.running", lambda code=code: code)
        other.look()
        assert other.computed == 1


def test_redis_holds_so_many_and_no_more(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered_by_all, "SLOTS", 2)
    for number in range(4):
        for _ in range(2):
            browser.look(f"/portfolio/?strategy=s{number}")
    assert len({*client().scan_iter("kept:page:[01]")}) <= 2
