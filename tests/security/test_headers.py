"""Security headers stand on every kind of answer, errors included."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.conftest import PASSWORD

ANSWERS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "a page": ("GET", "/accounts/login/", {}, 200),
    "a redirect to the login": ("GET", "/", {}, 302),
    "a missing page": ("GET", "/no-such-page/", {}, 404),
    "a missing API path": ("GET", "/api/no-such-path", {}, 404),
    "an API answer": ("GET", "/api/me", {}, 401),
    "a wrong method": ("GET", "/api/token", {}, 405),
    "a wrong method of a page": ("GET", "/accounts/logout/", {}, 405),
    "a form that is too old": ("POST", "/accounts/login/", {}, 403),
    "the admin's door": ("GET", "/admin/", {}, 302),
    "a body that is too large": (
        "POST",
        "/api/token",
        {"CONTENT_LENGTH": "2000000"},
        413,
    ),
    "a body without a length": (
        "POST",
        "/api/token",
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""},
        411,
    ),
    "another host": ("GET", "/", {"HTTP_HOST": "evil.example"}, 400),
    "a NUL in the query": ("GET", "/accounts/login/?next=%00", {}, 400),
    "a broken page": ("GET", "/test/broken/", {}, 500),
    "a broken API": ("GET", "/api/test/broken", {}, 500),
    "no database": ("GET", "/test/no-database/", {}, 503),
    "no database behind the API": ("GET", "/api/test/no-database", {}, 503),
}
WANTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def ask(client: Client, method: str, path: str, extra: dict[str, Any]) -> Any:
    return client.generic(method, path, **extra)


@pytest.mark.parametrize("what", ANSWERS)
class TestEveryAnswer:
    def test_has_its_status(self, anyone: Client, what: str) -> None:
        method, path, extra, status = ANSWERS[what]
        assert ask(anyone, method, path, extra).status_code == status

    def test_carries_the_headers(self, anyone: Client, what: str) -> None:
        method, path, extra, _ = ANSWERS[what]
        answer = ask(anyone, method, path, extra)
        found = {name: answer.headers.get(name) for name in WANTED}
        # never_cache says more than we ask for
        found["Cache-Control"] = (
            "no-store" if "no-store" in (found["Cache-Control"] or "") else None
        )
        assert found == WANTED
        assert "camera=()" in answer["Permissions-Policy"]

    def test_carries_the_content_policy(self, anyone: Client, what: str) -> None:
        method, path, extra, _ = ANSWERS[what]
        policy = ask(anyone, method, path, extra)["Content-Security-Policy"]
        for part in (
            "default-src 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ):
            assert part in policy
        assert "unsafe" not in policy
        own = not path.startswith("/admin/")
        assert ("require-trusted-types-for 'script'" in policy) is own

    def test_has_a_request_id(self, anyone: Client, what: str) -> None:
        method, path, extra, _ = ANSWERS[what]
        first = ask(anyone, method, path, extra)["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{16}", first)
        assert first != ask(anyone, method, path, extra)["X-Request-ID"]

    def test_tells_nothing_of_the_inside(self, anyone: Client, what: str) -> None:
        method, path, extra, _ = ANSWERS[what]
        body = ask(anyone, method, path, extra).content.decode()
        for inner in (
            "Traceback",
            "secret words",
            "10.1.2.3",
            "settings",
            "/accounts/views",
        ):
            assert inner not in body

    def test_is_a_problem_for_clients_and_a_page_for_people(
        self, anyone: Client, what: str
    ) -> None:
        method, path, extra, status = ANSWERS[what]
        answer = ask(anyone, method, path, extra)
        if status < 400 or what == "a wrong method of a page":
            return
        kind = "application/problem+json" if path.startswith("/api/") else "text/html"
        assert answer["Content-Type"].startswith(kind)
        if kind != "text/html":
            document = answer.json()
            assert document["status"] == status
            assert document["request_id"] == answer["X-Request-ID"]
            assert {"type", "title", "detail", "instance", "errors"} <= set(document)
        else:
            assert answer["X-Request-ID"] in answer.content.decode()


def test_a_page_with_scripts_names_a_fresh_nonce(person: Any, client_of: Any) -> None:
    client = client_of(person("ada", "Developer"))
    policies = []
    for _ in range(2):
        answer = client.get("/settings/profile/")
        nonces = set(re.findall(r'nonce="([^"]+)"', answer.content.decode()))
        assert len(nonces) == 1
        assert f"'nonce-{nonces.pop()}'" in answer["Content-Security-Policy"]
        policies.append(answer["Content-Security-Policy"])
    assert policies[0] != policies[1]


def test_hsts_is_sent_as_soon_as_the_origin_is_https(
    anyone: Client, settings: Any
) -> None:
    assert "Strict-Transport-Security" not in anyone.get("/no-such-page/")
    settings.SECURE_HSTS_SECONDS = 31_536_000
    answer = anyone.get("/no-such-page/")
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_static_file_is_not_sniffed_either(anyone: Client) -> None:
    answer = anyone.get("/static/css/no-such.css")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_sane_request_id_comes_back(anyone: Client) -> None:
    answer = anyone.get("/api/me", headers={"X-Request-ID": "trace-42.a_b"})
    assert answer["X-Request-ID"] == answer.json()["request_id"] == "trace-42.a_b"


@pytest.mark.parametrize("given", ["x" * 65, "a b", "<script>", 'a"b', "é", ""])
def test_another_one_does_not(anyone: Client, given: str) -> None:
    answer = anyone.get("/api/me", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{16}", answer["X-Request-ID"])


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x00\r\n"])
def test_what_is_sent_ends_no_header_s_line(person: Any, end: str) -> None:
    """The way back after a log-in is text that a header repeats."""
    person("ada")
    client = Client(raise_request_exception=False)
    way = f"/trades/?q=1{end}Set-Cookie: planted=1"
    form = {"username": "ada", "password": PASSWORD, "next": way}
    answer = client.post("/accounts/login/", form)
    assert "planted" not in answer.cookies
    assert not [text for text in answer.headers.values() if re.search(r"[\r\n]", text)]
    assert answer.status_code < 500


@pytest.mark.parametrize("path", ["/accounts/login/", "/no-such-page/", "/redoc"])
def test_a_page_says_its_charset(anyone: Client, path: str) -> None:
    assert anyone.get(path)["Content-Type"] == "text/html; charset=utf-8"


def test_a_silent_database_says_when_to_try_again(anyone: Client) -> None:
    for path in ("/test/no-database/", "/api/test/no-database"):
        answer = anyone.get(path)
        assert answer["Retry-After"] == "5"
        assert "not answering" in answer.content.decode()
        assert "Check whether" not in answer.content.decode()


def test_after_a_write_it_asks_to_look_first(anyone: Client) -> None:
    answer = anyone.post("/api/test/no-database")
    assert "Check whether your change arrived" in answer.json()["detail"]


class TestTheDatabaseFailsInsideTheMiddleware:
    """Sessions and logins are asked before and after any view."""

    @pytest.fixture(autouse=True)
    def _fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.db import OperationalError

        from accounts.services.sessions import SessionStore

        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(SessionStore, "_get_session_from_db", fail)
        monkeypatch.setattr(SessionStore, "save", fail)

    @pytest.mark.parametrize("path", ["/", "/accounts/login/", "/api/me"])
    def test_it_is_a_503_and_no_500(self, anyone: Client, path: str) -> None:
        anyone.cookies["sessionid"] = "abcdefghijklmnop"
        answer = anyone.get(path)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        kind = "application/problem+json" if "api" in path else "text/html"
        assert answer["Content-Type"].startswith(kind)


class TestCompression:
    def test_a_page_is_gzipped(self, anyone: Client) -> None:
        answer = anyone.get("/accounts/login/", headers={"Accept-Encoding": "gzip"})
        assert answer["Content-Encoding"] == "gzip"

    @pytest.mark.parametrize("accepted", ["gzip;q=0", "br, GZIP; q=0.00, identity"])
    def test_whoever_refuses_gzip_gets_none(
        self, anyone: Client, accepted: str
    ) -> None:
        answer = anyone.get("/accounts/login/", headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in answer
        assert "Accept-Encoding" in answer["Vary"]

    def test_an_answer_that_shows_a_token_is_not(self, person: Any) -> None:
        from tests.conftest import PASSWORD

        person("ada")
        answer = Client().post(
            "/api/token",
            {"username": "ada", "password": PASSWORD},
            content_type="application/json",
            headers={"Accept-Encoding": "gzip"},
        )
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer
