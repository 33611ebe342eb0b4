"""A cookie alone writes nothing; a token needs no cookie."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.services import tokens
from tests.conftest import PASSWORD

MINE = "/api/test/mine"


@pytest.fixture
def browser(person: Any) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        person("ada", "Developer"), "accounts.authentication.PeopleBackend"
    )
    return client


def token_of(client: Client) -> str:
    page = client.get("/settings/profile/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return found.group(1)


def test_a_form_without_the_token_is_too_old(browser: Client) -> None:
    answer = browser.post("/settings/preferences/", {"theme": "dark"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This page is too old" in page
    assert "load the page again" in page
    assert "Your role" not in page, "none has anything to do with it"


def test_a_form_with_it_is_taken(browser: Client) -> None:
    form = {"theme": "dark", "csrfmiddlewaretoken": token_of(browser)}
    assert browser.post("/settings/preferences/", form).status_code == 302


def test_the_api_wants_it_from_a_cookie_too(browser: Client) -> None:
    refused = browser.post(MINE, {}, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:rrr:problem:csrf"
    taken = browser.post(
        MINE,
        {},
        content_type="application/json",
        headers={"X-CSRFToken": token_of(browser)},
    )
    assert taken.json() == {"by": "ada"}


def test_a_bearer_token_needs_none(person: Any) -> None:
    pair = tokens.issue(person("ada"))
    answer = Client(enforce_csrf_checks=True).post(
        MINE,
        {},
        content_type="application/json",
        headers={"Authorization": f"Bearer {pair.access}"},
    )
    assert answer.json() == {"by": "ada"}


def test_cookies_are_out_of_reach_of_scripts(person: Any) -> None:
    person("ada")
    browser = Client()
    browser.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    browser.get("/settings/profile/")
    for name in ("sessionid", "csrftoken"):
        cookie = browser.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_origin_gets_no_grant(browser: Client, origin: str) -> None:
    answer = browser.get("/api/me", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer
    ask = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert "Access-Control-Allow-Origin" not in browser.options(MINE, headers=ask)


def test_a_named_origin_gets_exactly_its_own(browser: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = browser.get("/api/me", headers={"Origin": "https://app.example"})
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()
    page = browser.get("/settings/profile/", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in page
