"""One error, three readers: a person's page, the part that htmx shows, a client."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.test import Client

from rrr_dashboard.api import document
from tests.kernel.urls import RAISED

PARTIAL = {
    "HX-Request": "true",
    "HX-Request-Type": "partial",
    "HX-Target": "li#SEC-01",
}
INSIDE = ("secret", "10.1.2.3", "Traceback", "RuntimeError")

# name -> status, title, detail (a person's words), Retry-After
SHOWN: dict[str, tuple[int, str, str, str | None]] = {
    "bad-request": (400, "Malformed request", "The cursor is not ours.", None),
    "not-authenticated": (401, "Log in first", "Log in first.", None),
    "forbidden": (
        403,
        "Your role may not do this",
        "Your role may not open this.",
        None,
    ),
    "not-found": (404, "Not here, or not yours", "There is no such book.", None),
    "conflict": (409, "It has changed meanwhile", "It is confirmed already.", None),
    "stale": (409, "It has changed meanwhile", "It was changed.", None),
    "length-required": (411, "Say how long it is", "Send a Content-Length.", None),
    "precondition-failed": (412, "It has changed meanwhile", "It was changed.", None),
    "too-large": (413, "Too large", "At most 1,000 bytes.", None),
    "invalid": (
        422,
        "Some values cannot be accepted",
        "price: must be more than 0",
        None,
    ),
    "precondition-required": (
        428,
        "Say which revision you change",
        "Say which revision.",
        None,
    ),
    "too-many": (429, "Too many requests", "Again in 7 s.", "7"),
    "unavailable": (503, "Not available right now", "The log key is away.", "9"),
    "our-fault": (500, "Our fault", "Something broke on our side.", None),
    "django-404": (
        404,
        "Not here, or not yours",
        "There is nothing here that you may see.",
        None,
    ),
    "django-403": (
        403,
        "Your role may not do this",
        "Your role may not do this.",
        None,
    ),
    "django-too-big": (413, "Too large", "That is more than is taken here.", None),
    "database": (
        503,
        "Not available right now",
        "The database is not answering.",
        "5",
    ),
    "database-interface": (
        503,
        "Not available right now",
        "The database is not answering.",
        "5",
    ),
    "unexpected": (500, "Our fault", "Something broke on our side.", None),
}
# What only DRF raises; a page never does.
CLIENTS_ONLY: dict[str, tuple[int, str | None]] = {
    "drf-throttled": (429, "12"),
    "drf-405": (405, None),
    "drf-415": (415, None),
}


@pytest.fixture(autouse=True)
def _views_that_raise(settings: Any) -> None:
    document()  # kept by the process: never that of these urls
    settings.ROOT_URLCONF = "tests.kernel.urls"


@pytest.fixture
def anyone(db: None) -> Client:
    return Client(raise_request_exception=False)


def test_every_error_that_is_raised_has_its_line() -> None:
    assert set(RAISED) == set(SHOWN) | set(CLIENTS_ONLY)


@pytest.mark.parametrize("name", SHOWN)
def test_a_person_gets_a_page(anyone: Client, name: str) -> None:
    status, title, detail, retry = SHOWN[name]
    answer = anyone.get(f"/test/{name}/")
    page = answer.content.decode()
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert f'<h1 class="mt">{title}</h1>' in page or f">{title}</h1>" in page
    assert detail in page
    assert answer["X-Request-ID"] in page
    assert answer.headers.get("Retry-After") == retry
    assert "no-store" in answer["Cache-Control"]
    assert not [word for word in INSIDE if word in page]
    assert "<script" not in page, "it must work when nothing else does"


@pytest.mark.parametrize("name", SHOWN)
def test_htmx_gets_the_part_that_shows_problems(anyone: Client, name: str) -> None:
    status, _, detail, retry = SHOWN[name]
    answer = anyone.get(f"/test/{name}/", headers=PARTIAL)
    part = answer.content.decode()
    assert answer.status_code == status
    assert detail in part
    assert answer["X-Request-ID"] in part
    assert answer.headers.get("Retry-After") == retry
    assert not [word for word in INSIDE if word in part]
    if status in {409, 422}:
        assert "HX-Retarget" not in answer, "these are aimed by their view"
        return
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#problem", "innerHTML")
    assert "<html" not in part


@pytest.mark.parametrize("name", [name for name in SHOWN if name != "unexpected"])
def test_a_client_gets_a_problem_document(anyone: Client, name: str) -> None:
    status, title, detail, retry = SHOWN[name]
    answer = anyone.get(f"/api/test/{name}")
    document = json.loads(answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, document["status"]) == (status, status)
    assert (document["title"], document["detail"]) == (title, detail)
    assert document["type"].startswith("urn:rrr:problem:")
    assert document["instance"] == f"/api/test/{name}"
    assert document["request_id"] == answer["X-Request-ID"]
    assert answer.headers.get("Retry-After") == retry
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") is (status == 401)
    assert not [word for word in INSIDE if word in answer.content.decode()]


@pytest.mark.parametrize("name", CLIENTS_ONLY)
def test_a_client_gets_drfs_own_refusals_too(anyone: Client, name: str) -> None:
    status, retry = CLIENTS_ONLY[name]
    answer = anyone.get(f"/api/test/{name}")
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers.get("Retry-After") == retry


def test_the_faults_of_fields_are_listed_on_the_page(anyone: Client) -> None:
    page = anyone.get("/test/invalid/").content.decode()
    assert "/price must be more than 0" in page
    document = anyone.get("/api/test/invalid").json()
    assert document["errors"] == [
        {"pointer": "/price", "code": "range", "detail": "must be more than 0"}
    ]


def test_what_stands_now_travels_with_a_conflict(anyone: Client) -> None:
    assert anyone.get("/api/test/stale").json()["current"] == {"revision": 8}


@pytest.mark.parametrize(("headers", "status"), [({}, 409), ({"If-Match": '"7"'}, 412)])
def test_a_stale_revision_is_a_412_to_if_match(
    anyone: Client, headers: dict[str, str], status: int
) -> None:
    answer = anyone.patch("/api/test/stale", headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.json()["current"] == {"revision": 8}


def test_trying_again_is_offered_only_where_it_changes_nothing(
    anyone: Client,
) -> None:
    assert "Try again</a>" in anyone.get("/test/unavailable/").content.decode()
    assert "Try again</a>" not in anyone.post("/test/unavailable/").content.decode()


def test_an_htmx_request_for_a_whole_page_gets_the_page(anyone: Client) -> None:
    headers = {**PARTIAL, "HX-Request-Type": "full"}
    answer = anyone.get("/test/not-found/", headers=headers)
    assert "<html" in answer.content.decode()
    assert "HX-Retarget" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/x",
        "///evil.example/x",
        "/\\evil.example/x",
        "/\t/evil.example/x",
        "/nowhere/",
    ],
)
def test_an_error_page_leads_nowhere_else(anyone: Client, path: str) -> None:
    answer = anyone.get("/", PATH_INFO=path, QUERY_STRING='a="b"&c=/d')
    page = answer.content.decode()
    links = re.findall(r'href="([^"]*)"', page)
    again = [link for link in links if link.endswith("?a=%22b%22&amp;c=/d")]
    assert (answer.status_code, len(again)) == (404, 1), "it repeats what was asked"
    assert not [
        link for link in links if not re.fullmatch(r"/(?![/\\\s])[^\\\s]*", link)
    ]


@pytest.fixture
def known(person: Any, client_of: Any) -> Client:
    client: Client = client_of(person("olga", "Operator"))
    client.raise_request_exception = False
    return client


def test_who_is_known_keeps_the_navigation_where_nothing_is_broken(
    person: Any, client_of: Any, settings: Any
) -> None:
    settings.ROOT_URLCONF = "rrr_dashboard.urls"
    client = client_of(person("olga", "Operator"))
    for path, status in (("/trades/", 403), ("/nowhere/", 404), ("/readiness/9/", 404)):
        answer = client.get(path)
        page = answer.content.decode()
        assert answer.status_code == status
        assert "Skip to content" in page, path
        assert answer["X-Request-ID"] in page
        assert 'button--primary" href="/"' in page, "the way on stands first"
        assert "Still up" not in page
        assert ("Try again</a>" in page) is (status != 403)


def test_a_stranger_gets_the_page_that_needs_nothing(
    client: Client, settings: Any
) -> None:
    settings.ROOT_URLCONF = "rrr_dashboard.urls"
    page = client.get("/nowhere/").content.decode()
    assert "Skip to content" not in page
    assert "<script" not in page


@pytest.mark.parametrize("name", ["unavailable", "our-fault", "database", "too-many"])
def test_what_is_broken_is_shown_without_what_may_be_broken(
    known: Client, name: str
) -> None:
    page = known.get(f"/test/{name}/").content.decode()
    assert "Skip to content" not in page
    assert 'button--primary" href="/test/' in page, "asking again stands first"


def test_a_database_that_goes_away_meanwhile_costs_the_navigation_only(
    person: Any, client_of: Any, settings: Any, monkeypatch: Any
) -> None:
    settings.ROOT_URLCONF = "rrr_dashboard.urls"
    client = client_of(person("olga", "Operator"))
    draw = render_to_string

    def without_database(template: str, *words: Any) -> str:
        if template == "errors/known.html":
            raise DatabaseError("gone")
        return draw(template, *words)

    monkeypatch.setattr("kernel.error_pages.render_to_string", without_database)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Skip to content" not in answer.content.decode()
