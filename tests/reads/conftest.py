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
from accounts.services.tokens import issue
from kernel.versions import stamps
from rrr_dashboard.reads import marks
from rrr_dashboard.reads.gate import HotReads
from rrr_dashboard.wsgi import django_application
from trades.models import Book
from trades.services.books import NewBook, create_book


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
        environ = RequestFactory().get(path, headers=given).environ
        told: list[Any] = []
        content = b"".join(application(environ, lambda *words: told.append(words)))
        [(status, pairs)] = told
        return Seen(int(status[:3]), dict(pairs), content)


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
