"""Readers of the hot list, asked as a server asks: by WSGI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from accounts.models import User
from accounts.services.sessions import browser_session
from accounts.services.tokens import issue
from kernel.build import Build
from kernel.versions import stamps
from rrr_dashboard.reads import marks, pages
from rrr_dashboard.reads.gate import HotReads
from rrr_dashboard.reads.pages import HotPages
from rrr_dashboard.wsgi import django_application
from trades.models import Book
from trades.services.books import NewBook, create_book

PAGE = "/portfolio/"


@dataclass(frozen=True)
class Seen:
    code: int
    headers: dict[str, str]
    content: bytes

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


class Desk:
    """The hot reads and, behind them, Django; `computed` counts what Django answered."""

    def __init__(self) -> None:
        self.computed = 0
        self.gate = HotReads(self._django)

    def _django(self, environ: Any, start_response: Any) -> Any:
        self.computed += 1
        return django_application(environ, start_response)

    def hot(self, path: str, token: str, **headers: str) -> Seen:
        return self._ask(self.gate, path, token, headers)

    def fresh(self, path: str, token: str, **headers: str) -> Seen:
        """As Django answers it, with nothing kept."""
        return self._ask(django_application, path, token, headers)

    def _ask(
        self, application: Any, path: str, token: str, headers: dict[str, str]
    ) -> Seen:
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        given = {"Host": "testserver", "Authorization": f"Bearer {token}", **names}
        return asked(application, path, given)


def asked(application: Any, path: str, headers: dict[str, str]) -> Seen:
    environ = RequestFactory().get(path, headers=headers).environ
    told: list[Any] = []
    content = b"".join(application(environ, lambda *words: told.append(words)))
    [(status, pairs)] = told
    return Seen(int(status[:3]), dict(pairs), content)


class Browser:
    """A page that is open; `computed` counts what Django answered."""

    def __init__(self, user: User) -> None:
        key = browser_session(user).session_key
        self.cookie = f"sessionid={key}; csrftoken={'t' * 32}"
        self.computed = 0
        self.pages = HotPages(self._django)
        self.tag = ""

    def _django(self, environ: Any, start_response: Any) -> Any:
        self.computed += 1
        return django_application(environ, start_response)

    def poll(self, path: str = PAGE, **headers: str) -> tuple[int, dict[str, str]]:
        given = {
            "Host": "testserver",
            "Cookie": self.cookie,
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": "div#board",
            "X-Poll": "true",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        if self.tag:
            given["HX-PTag"] = self.tag
        seen = asked(self.pages, path, given)
        self.tag = seen.headers.get("HX-PTag", self.tag)
        return seen.code, seen.headers

    def look(self, path: str = PAGE, **headers: str) -> Seen:
        """The whole page, as somebody opens it."""
        return asked(self.pages, path, self._named(headers))

    def fresh(self, path: str = PAGE) -> Seen:
        """As Django answers it."""
        return asked(django_application, path, self._named({}))

    def _named(self, headers: dict[str, str]) -> dict[str, str]:
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        return {"Host": "testserver", "Cookie": self.cookie, **names}

    def settle(self) -> None:
        """Polls until the next is told without Django."""
        assert [self.poll()[0] for _ in range(4)] == [200, 304, 304, 304]
        assert self.computed == 2
        self.computed = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock of polls: its one member may be moved."""
    now = [1_800_000_000.0]

    class Clock:
        time = staticmethod(lambda: now[0])
        monotonic = staticmethod(lambda: now[0])

    monkeypatch.setattr(pages, "time", Clock)
    return now


@pytest.fixture
def desk() -> Iterator[Desk]:
    """The connection is the test's: a request does not close it."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    marks._marks.clear()
    yield Desk()
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)
    stamps().file.close()
    stamps.cache_clear()


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Trader")


@pytest.fixture
def book(ada: User) -> Book:
    return create_book(NewBook("ada-main", "USD"), ada)


@pytest.fixture
def token_of() -> Callable[[User], str]:
    return lambda user: issue(user).access


@pytest.fixture(autouse=True)
def _nothing_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code of no commit gives other processes nothing (test_other_processes.py)."""
    monkeypatch.setattr("kernel.build.running", lambda: Build("ab" * 20, clean=False))
