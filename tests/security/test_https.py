"""Behind https: what an observatory scores each kind of page, and every cookie."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings

from tests.conftest import PASSWORD
from tests.security.observatory import score

ORIGIN = "https://desk.example.com"
HOST = "desk.example.com"
LEAST = 115
pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[None]:
    """The product's own settings of an installation with this PUBLIC_ORIGIN."""
    from django.conf import settings

    monkeypatch.setenv("PUBLIC_ORIGIN", ORIGIN)
    loaded = runpy.run_module("rrr_dashboard.settings")
    other = {
        name: value
        for name, value in loaded.items()
        if name.startswith(("SESSION_COOKIE", "CSRF_", "SECURE_", "PUBLIC_", "CORS_"))
        or name.endswith("_COOKIE_NAME")
        or name == "CONTENT_SECURITY_POLICY"
        if value != getattr(settings, name, None)
    }
    assert {"SECURE_ORIGIN", "SESSION_COOKIE_NAME"} <= set(other)
    with override_settings(ALLOWED_HOSTS=[HOST], **other):
        yield


def browser() -> Client:
    client = Client(raise_request_exception=False)
    client.defaults |= {
        "SERVER_NAME": HOST,
        "SERVER_PORT": "443",
        "wsgi.url_scheme": "https",
    }
    return client


@pytest.fixture
def admin(https: None, person: Any) -> Client:
    user = person("ada", "Administrator", "Operator", "Viewer")
    user.is_staff = True
    user.save()
    client = browser()
    client.force_login(user, backend="accounts.authentication.PeopleBackend")
    return client


PAGES = {
    "the overview": ("/", 200),
    "a list": ("/trades/", 200),
    "a board": ("/operations/", 200),
    "a form": ("/settings/profile/", 200),
    "the content policy": ("/operations/csp/", 200),
    "the admin site": ("/admin/", 200),
    "/docs": ("/docs", 200),
    "/redoc": ("/redoc", 200),
    "the schema": ("/openapi.json", 200),
    "an API answer": ("/api/me", 200),
    "a missing page": ("/no-such-page/", 404),
    "a missing API path": ("/api/no-such-path", 404),
    "a wrong method": ("/api/token", 405),
    "a malformed address": ("/accounts/login/?next=%00", 400),
    "a broken page": ("/test/broken/", 500),
    "a broken API": ("/api/test/broken", 500),
    "no database": ("/test/no-database/", 503),
    "health": ("/health/live", 200),
}


@pytest.mark.parametrize("what", PAGES)
def test_every_kind_of_page_scores_well(admin: Client, what: str) -> None:
    path_of, status = PAGES[what]
    answer = admin.get(path_of)
    assert answer.status_code == status
    points, why = score(answer, origin=ORIGIN)
    assert points >= LEAST, why


@pytest.mark.parametrize("path_of", ["/accounts/login/", "/", "/docs", "/api/me"])
def test_so_does_what_nobody_in_particular_sees(https: None, path_of: str) -> None:
    points, why = score(browser().get(path_of), origin=ORIGIN)
    assert points >= LEAST, why


def test_another_host_gets_the_same_headers(https: None) -> None:
    answer = browser().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert score(answer, origin=ORIGIN)[0] >= LEAST


def test_browsers_report_by_both_ways(https: None) -> None:
    answer = browser().get("/accounts/login/")
    assert "report-uri /api/csp-report" in answer["Content-Security-Policy"]
    assert "report-to csp" in answer["Content-Security-Policy"]
    assert answer["Reporting-Endpoints"] == 'csp="/api/csp-report"'


def test_the_scorer_sees_what_is_missing(https: None) -> None:
    answer = browser().get("/accounts/login/")
    whole = score(answer, origin=ORIGIN)[0]
    for header in (
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Cross-Origin-Resource-Policy",
    ):
        kept = answer[header]
        del answer[header]
        assert score(answer, origin=ORIGIN)[0] < whole, header
        answer[header] = kept
    for cookie in answer.cookies.values():
        cookie["secure"] = ""
    assert score(answer, origin=ORIGIN)[0] < LEAST


def every_cookie(client: Client) -> dict[str, Any]:
    """All that a browser is given on a walk: log-in, choices, a message, log-out."""
    found: dict[str, Any] = {}
    for ask in (
        lambda: client.get("/accounts/login/"),
        lambda: client.post("/settings/preferences/", {"theme": "dark"}),
        lambda: client.get("/test/message/"),
        lambda: client.get("/accounts/login/"),
        lambda: client.post(
            "/accounts/login/", {"username": "grace", "password": PASSWORD}
        ),
        lambda: client.get("/test/message/"),
        lambda: client.get("/"),
        lambda: client.post("/accounts/logout/"),
    ):
        answer = ask()
        assert answer.status_code < 400
        for name, cookie in answer.cookies.items():
            found.setdefault(name, []).append(cookie)
    return found


def test_every_cookie_is_bound_to_this_host_and_to_https(
    https: None, person: Any
) -> None:
    person("grace", "Viewer")
    found = every_cookie(browser())
    assert set(found) == {
        "__Host-sessionid",
        "__Host-csrftoken",
        "__Host-messages",
        "__Host-rrr_prefs",
        "__Host-rrr_known",
    }
    for cookie in (each for kept in found.values() for each in kept):
        assert cookie["secure"], cookie
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"] or not cookie.value, cookie


def test_choices_made_before_the_login_outlive_it_behind_https(
    https: None, person: Any
) -> None:
    user = person("grace", "Viewer")
    every_cookie(browser())
    user.refresh_from_db()
    assert user.preferences["theme"] == "dark"
