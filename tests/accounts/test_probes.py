"""Each probe finds the fault that it is there to find."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import probes
from accounts.models import Session, WebSession
from accounts.services import tokens
from kernel import http
from kernel.middleware.headers import HeadersMiddleware
from kernel.registry import PROBES, Measurement

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    """kernel.http.own asks this process' product instead of a port."""

    def own(
        path: str,
        *,
        method: str = "GET",
        headers: Any = None,
        body: bytes | None = None,
        timeout: float = 5.0,
    ) -> http.Reply:
        given = dict(headers or {})
        cookie = given.pop("Cookie", "")
        client = Client(raise_request_exception=False)
        client.cookies.load(cookie)
        answer = client.generic(
            method,
            path,
            body or b"",
            given.get("Content-Type", "application/octet-stream"),
            headers=given,
        )
        names = {name.lower(): value for name, value in answer.items()}
        return http.Reply(answer.status_code, names, answer.content)

    monkeypatch.setattr(http, "own", own)


Run = Callable[..., Measurement]


@pytest.fixture
def run() -> Run:
    def measure(name: str, /, **params: str) -> Measurement:
        return PROBES[name].function(params)

    return measure


def test_the_whole_door_is_clean(run: Run) -> None:
    for name in ("jwt", "secret_strength", "jwt_expiry", "jwt_revoke", "cors"):
        seen = run(name)
        assert (seen.value, seen.error) == ("0", ""), (name, seen.detail)


class TestTokens:
    def test_tokens_that_nobody_accepts_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "holds", lambda session: False)
        assert run("jwt").detail.startswith("a good token got 401")

    def test_forged_tokens_that_are_accepted_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decode = tokens.KeyedBackend.decode
        monkeypatch.setattr(
            tokens.KeyedBackend,
            "decode",
            lambda self, token, verify=True: decode(self, token, False),
        )
        assert "another signature got 200" in run("jwt").detail

    def test_expired_tokens_that_are_accepted_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decode = tokens.KeyedBackend.decode
        monkeypatch.setattr(
            tokens.KeyedBackend,
            "decode",
            lambda self, token, verify=True: decode(self, token, False),
        )
        monkeypatch.setattr(tokens.AccessToken, "check_exp", lambda self: None)
        seen = run("jwt_expiry")
        assert (seen.value, seen.detail) == (
            "1",
            "a token one second too old got 200 instead of 401",
        )

    def test_revoked_tokens_that_are_accepted_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "holds", lambda session: True)
        seen = run("jwt_revoke")
        assert "the access token after it got 200" in seen.detail

    def test_the_revoked_session_stays_dead(self, run: Run) -> None:
        run("jwt_revoke")
        assert Session.objects.filter(kind="api", revoked_at=None).count() == 0

    def test_ordinary_tokens_share_one_session(self, run: Run) -> None:
        run("jwt")
        run("jwt_expiry")
        run("jwt")
        assert Session.objects.filter(kind="token").count() == 1


class TestSecret:
    @pytest.mark.parametrize(
        ("secret", "words"),
        [
            ("short but with many kinds of characters", "fewer than 64"),
            ("ab" * 40, "repeats a few"),
            ("{key}", "made of SECRET_KEY"),
            ("x{key}y and some more, to be long enough for sure", "made of SECRET_KEY"),
        ],
    )
    def test_a_weak_one_is_found(
        self, run: Run, settings: Any, secret: str, words: str
    ) -> None:
        settings.JWT_SECRET = secret.format(key=settings.SECRET_KEY)
        seen = run("secret_strength")
        assert words in seen.detail
        assert seen.value != "0"

    def test_its_value_is_never_told(self, run: Run, settings: Any) -> None:
        assert settings.JWT_SECRET not in repr(run("secret_strength"))


class TestOrigins:
    def test_a_grant_to_everybody_is_found(self, run: Run, settings: Any) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = True
        assert run("cors").value == "4"

    def test_credentials_for_everybody_are_found(self, run: Run, settings: Any) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = True
        settings.CORS_ALLOW_CREDENTIALS = True
        assert run("cors").value != "0"

    def test_a_foreign_origin_that_was_named_is_found(
        self, run: Run, settings: Any
    ) -> None:
        settings.CORS_ALLOWED_ORIGINS = [probes.FOREIGN]
        assert f"a read from {probes.FOREIGN}" in run("cors").detail

    def test_an_origin_of_ours_is_no_fault(self, run: Run, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://ours.example"]
        assert run("cors").value == "0"


class TestHeaders:
    @pytest.mark.parametrize("name", [n for n in probes.RULES if n != probes.HSTS])
    def test_each_is_right_everywhere(self, run: Run, name: str) -> None:
        seen = run("headers", header=name)
        assert (seen.value, seen.error) == ("0", ""), seen.detail

    @pytest.mark.parametrize(
        "name", ["X-Content-Type-Options", "X-XSS-Protection", "Permissions-Policy"]
    )
    def test_a_missing_one_is_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, settings: Any, name: str
    ) -> None:
        settings.SECURE_CONTENT_TYPE_NOSNIFF = False
        rest = {k: v for k, v in HeadersMiddleware.HEADERS.items() if k != name}
        monkeypatch.setattr(HeadersMiddleware, "HEADERS", rest)
        assert run("headers", header=name).value == "6"

    def test_a_frame_that_is_allowed_is_found(self, run: Run, settings: Any) -> None:
        settings.X_FRAME_OPTIONS = "SAMEORIGIN"
        assert run("headers", header="X-Frame-Options").value != "0"

    def test_inline_scripts_that_are_allowed_are_found(
        self, run: Run, settings: Any
    ) -> None:
        policy = {"default-src": ["'self'"], "script-src": ["'unsafe-inline'"]}
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy}
        assert run("headers", header="Content-Security-Policy").value == "6"

    def test_hsts_needs_tls(self, run: Run) -> None:
        seen = run("headers", header=probes.HSTS)
        assert (seen.value, seen.error) == (None, "needs TLS")

    def test_so_do_all_of_them_together(self, run: Run) -> None:
        assert (run("headers").value, run("headers").error) == (None, "needs TLS")

    def test_but_a_fault_of_the_others_is_told(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rest = {k: v for k, v in HeadersMiddleware.HEADERS.items() if "XSS" not in k}
        monkeypatch.setattr(HeadersMiddleware, "HEADERS", rest)
        assert run("headers").value == "6"

    @pytest.mark.parametrize(("seconds", "faults"), [(31_536_000, "0"), (3600, "6")])
    def test_over_tls_it_must_last_a_year(
        self, run: Run, settings: Any, seconds: int, faults: str
    ) -> None:
        settings.PUBLIC_ORIGIN = "https://desk.example"
        settings.SECURE_HSTS_SECONDS = seconds
        assert run("headers", header=probes.HSTS).value == faults

    def test_an_unknown_header_is_an_error(self, run: Run) -> None:
        assert run("headers", header="X-Powered-By").error

    def test_the_probes_browser_leaves_nothing_open(self, run: Run) -> None:
        run("headers")
        assert not WebSession.objects.exists()
        assert not Session.objects.filter(kind="html", revoked_at=None).exists()


class TestEnvironment:
    def test_a_key_that_is_not_set_is_no_verdict(self, run: Run) -> None:
        seen = run("env_secrets", name="POLYGON_API_KEY")
        assert (seen.value, seen.error) == (None, "POLYGON_API_KEY is not set")

    def test_all_of_them_need_all(self, run: Run) -> None:
        assert "QWEN_API_KEY" in run("env_secrets").error

    def test_one_that_is_set_and_nowhere_written_is_clean(
        self, run: Run, settings: Any
    ) -> None:
        value = random.token_hex(24)
        settings.EXTERNAL_KEYS = {"POLYGON_API_KEY": value}
        seen = run("env_secrets", name="POLYGON_API_KEY")
        assert (seen.value, seen.error) == ("0", "")
        assert value not in repr(seen)

    def test_one_that_stands_in_a_tracked_file_is_found(
        self, run: Run, settings: Any
    ) -> None:
        settings.EXTERNAL_KEYS = {"POLYGON_API_KEY": "DJANGO_SETTINGS_MODULE"}
        seen = run("env_secrets", name="POLYGON_API_KEY")
        assert "manage.py holds the value" in seen.detail


def test_no_answer_is_no_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: Any, **kwargs: Any) -> http.Reply:
        raise http.NoAnswer("127.0.0.1:1: refused")

    monkeypatch.setattr(http, "own", nobody)
    for name in ("jwt", "jwt_expiry", "jwt_revoke", "cors", "headers"):
        seen = run(name, header="X-Frame-Options")
        assert (seen.value, seen.error) == (None, "127.0.0.1:1: refused")
