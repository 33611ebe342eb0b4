"""What a read of the API by token is answered on the short way, and on the whole one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from accounts.models import User
from accounts.services.tokens import issue
from rrr_dashboard.reads.short import NEEDLESS, TwoWays, is_short
from rrr_dashboard.wsgi import django_application
from tests.architecture.test_access import ALL
from tests.overview.test_reads_write_nothing import everything, filled

__all__ = ["everything"]
# Of each request or moment: its name, how much is left, and when it was told.
OWN = frozenset({"X-Request-ID", "RateLimit", "ETag"})
MOMENTS = re.compile(rb'\d{4}-\d\d-\d\dT[\d:.]+Z|"request_id":"[^"]*"|_seconds":[\d.]+')
Asked = tuple[int, dict[str, str], bytes]


def ask(application: Any, path: str, **headers: str) -> Asked:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    environ = RequestFactory().get(path, headers=given).environ
    told: list[Any] = []
    answer = application(environ, lambda *words: told.append(words))
    content = b"".join(answer)
    [(status, pairs)] = told
    kept = {name: text for name, text in pairs if name not in OWN}
    return int(status[:3]), kept, MOMENTS.sub(b"", content)


@pytest.fixture
def no_closing() -> Iterator[None]:
    """The connection is the test's: a request does not close it."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.usefixtures("no_closing")
def test_each_read_is_answered_as_on_the_whole_way(everything: User) -> None:
    bearer = f"Bearer {issue(everything).access}"
    short = TwoWays(django_application).short
    compared = 0
    for path in ["api/none", *(path for path, _ in ALL if path.startswith("api/"))]:
        url = filled(path)
        for headers in ({}, {"Origin": "https://evil.example"}):
            expected = ask(django_application, url, Authorization=bearer, **headers)
            assert ask(short, url, Authorization=bearer, **headers) == expected, url
            compared += expected[0] == 200
    assert compared > 50


@pytest.mark.usefixtures("no_closing")
@pytest.mark.parametrize("token", ["", "x", "a.b.c", "rrr_x_y"])
def test_a_token_that_is_none_is_refused_in_the_same_words(
    db: None, token: str
) -> None:
    short = TwoWays(django_application).short
    bearer = f"Bearer {token}"
    expected = ask(django_application, "/api/me", Authorization=bearer)
    assert expected[0] == 401
    assert ask(short, "/api/me", Authorization=bearer) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"REQUEST_METHOD": "POST"},
        {"PATH_INFO": "/trades/"},
        {"PATH_INFO": "/api/me/"},
        {"HTTP_AUTHORIZATION": "Basic eDp5"},
        {"HTTP_COOKIE": "sessionid=x"},
    ],
)
def test_whoever_may_need_more_goes_the_whole_way(changed: dict[str, str]) -> None:
    bearer = {"Authorization": "Bearer x"}
    environ = RequestFactory().get("/api/me", headers=bearer).environ
    assert is_short(environ)
    assert not is_short({**environ, **changed})


def test_what_is_left_out_is_one_of_ours(settings: LazySettings) -> None:
    assert set(settings.MIDDLEWARE) > NEEDLESS
