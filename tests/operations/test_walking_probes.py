"""Headers and compression, on every answer of the product."""

from __future__ import annotations

import gzip as zipping
from typing import Any

import pytest
from django.test import Client

from accounts.models import Session, WebSession
from kernel import http
from kernel.routes import Route, parameters_in, routes
from operations.probes.headers import HSTS, RULES
from operations.services import walking
from tests.probing import Lie, Own, see

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own")]
ANSWERS: dict[tuple[str, ...], http.Reply] = {}
NOSNIFF, CSP = "x-content-type-options", "content-security-policy"


@pytest.fixture
def own(own: Own, monkeypatch: pytest.MonkeyPatch) -> Own:
    """The product is walked through once: a lie is told over what it answered."""

    def ask(path: str, **given: Any) -> http.Reply:
        headers = given.get("headers") or {}
        who = [name for name in sorted(headers) if name != "X-RRR-Own"]
        asked = (path, given.get("method", "GET"), *who)
        if given.get("method") or path == "/health/live":
            return own(path, **given)
        if asked not in ANSWERS:
            ANSWERS[asked] = own(path, **given)
        return ANSWERS[asked]

    monkeypatch.setattr(http, "own", ask)
    return ask


def test_the_walk_is_asked_for_every_route_and_leaves_nothing_open() -> None:
    visits = walking.walk()
    fixed = {route.bare for route in routes() if route.is_fixed}
    anonymous = {visit.path for visit in visits if visit.who == walking.ANONYMOUS}
    assert fixed <= anonymous
    assert {visit.status for visit in visits} >= {200, 302, 304, 401, 404, 405, 500}
    assert {visit.path for visit in visits if visit.who == walking.PROBE} >= {
        "/",
        "/operations/",
        "/readiness/",
        "/api/audit",
    }
    assert not [
        visit for visit in visits if "logout" in visit.path and visit.who == "probe"
    ]
    assert not WebSession.objects.exists()
    assert not Session.objects.filter(kind="html", revoked_at=None).exists()


def test_several_probes_look_at_one_walk_until_another_process_answers(
    changed: Lie,
) -> None:
    first = walking.walk()
    assert walking.walk() is first
    changed("/health/live", headers={"x-rrr-configuration": "0" * 64})
    assert walking.walk() is not first


def test_things_are_found_by_their_links() -> None:
    page = (
        '<a href="/readiness/reviews/00000000-0000-0000-0000-00000000000a/">newest</a>'
    )
    known = parameters_in([page, page.replace("0a/", "0b/")])
    assert known == {"review": "00000000-0000-0000-0000-00000000000a"}
    assert Route("x/<number:trade>/").path({"trade": "7"}) == "/x/7/"
    assert Route("x/<number:trade>/").path({}) == "/x/999999999/"


def test_a_staged_fault_is_shown_to_our_own_probes_only(
    client: Client, own: Own, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/health/fault").status_code == 404
    answer = own("/health/fault")
    assert answer.status == 500
    assert answer.headers[NOSNIFF] == "nosniff"
    assert "Internal Server Error" not in caplog.text


# --- headers


@pytest.mark.parametrize("name", [name for name in RULES if name != HSTS])
def test_each_header_is_right_everywhere(name: str) -> None:
    seen = see("headers", header=name)
    assert (seen.value, seen.error) == ("0", ""), seen.detail
    assert int(seen.facts["answers"]) > 150


@pytest.mark.parametrize("name", ["X-XSS-Protection", "Permissions-Policy"])
def test_a_missing_header_is_found(elsewhere: Lie, name: str) -> None:
    elsewhere(headers={name.lower(): None})
    assert int(see("headers", header=name).value or 0) > 100


def test_a_header_that_is_right_on_the_first_pages_only_is_found(
    elsewhere: Lie,
) -> None:
    elsewhere(
        *("/", "/accounts/login/", "/api/me", "/health", "/health/live"),
        headers={NOSNIFF: None},
    )
    assert int(see("headers", header="X-Content-Type-Options").value or 0) > 100


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/health/fault", "500"),
        ("/no-such-page/", "404"),
        ("/admin/login/", "302"),
        ("/api/trades", "401"),
        ("/readiness/reviews/none/", "a fragment"),
    ],
)
def test_one_answer_that_lacks_it_is_found_and_named(
    changed: Lie, path: str, what: str
) -> None:
    changed(path, headers={NOSNIFF: "sniff"})
    seen = see("headers", header="X-Content-Type-Options")
    assert seen.value != "0"
    assert f"{path} (" in seen.detail
    assert what in seen.detail


@pytest.mark.parametrize(
    "policy", ["default-src 'self'; script-src 'unsafe-inline'", "img-src *", None]
)
def test_a_weak_policy_on_one_page_is_found(changed: Lie, policy: str | None) -> None:
    changed("/trades/", headers={CSP: policy})
    assert see("headers", header="Content-Security-Policy").value in {"1", "2"}


def test_hsts_needs_tls_and_so_do_all_of_them_together() -> None:
    assert see("headers", header=HSTS).error == "needs TLS"
    assert "needs TLS" in see("headers").error


def test_but_a_fault_of_the_others_is_told(changed: Lie) -> None:
    changed("/api/trades", headers={"x-frame-options": "SAMEORIGIN"})
    assert see("headers").value in {"1", "2"}


@pytest.mark.parametrize(
    ("policy", "holds"),
    [
        ("max-age=31536000; includeSubDomains", True),
        ("max-age=3600; includeSubDomains", False),
        ("max-age=31536000", False),
        (None, False),
    ],
)
def test_over_tls_it_must_last_a_year(
    settings: Any, elsewhere: Lie, policy: str | None, holds: bool
) -> None:
    settings.PUBLIC_ORIGIN = "https://desk.example"
    elsewhere(headers={"strict-transport-security": policy})
    assert (see("headers", header=HSTS).value == "0") is holds


def test_an_unknown_header_is_an_error() -> None:
    assert see("headers", header="X-Powered-By").error


# --- gzip


def test_every_large_answer_is_compressed() -> None:
    seen = see("gzip")
    assert (seen.value, seen.error) == ("0", ""), seen.detail
    assert int(seen.facts["answers"]) > 20


@pytest.mark.parametrize("path", ["/docs", "/trades/", "/api/operations/probes"])
def test_one_large_answer_uncompressed_is_found(changed: Lie, path: str) -> None:
    changed(
        path,
        headers={"content-encoding": None, "content-type": "text/html"},
        body=b"x" * 5000,
    )
    assert f"{path} (" in see("gzip").detail


def test_compression_of_the_first_pages_only_is_found(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right on the schema, the log-in and the reference; nowhere else."""

    def ask(path: str, **given: Any) -> http.Reply:
        answer = own(path, **given)
        looked_at = path in {"/openapi.json", "/accounts/login/", "/redoc"}
        if looked_at or answer.headers.get("content-encoding") != "gzip":
            return answer
        headers = {k: v for k, v in answer.headers.items() if k != "content-encoding"}
        return http.Reply(answer.status, headers, zipping.decompress(answer.body))

    monkeypatch.setattr(http, "own", ask)
    assert int(see("gzip").value or 0) > 10


def test_an_answer_that_does_not_unpack_is_found(changed: Lie) -> None:
    changed("/openapi.json", body=b"no gzip at all")
    assert "/openapi.json (anonymous) does not unpack" in see("gzip").detail


def test_compressed_tokens_are_found(changed: Lie) -> None:
    body = zipping.compress(b"tokens")
    changed("/api/token/refresh", headers={"content-encoding": "gzip"}, body=body)
    assert "shows tokens is compressed" in see("gzip").detail
