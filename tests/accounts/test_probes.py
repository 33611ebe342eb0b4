"""Each probe finds the fault that it is there to find."""

from __future__ import annotations

import secrets as random
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from accounts.domain.key_names import kid_of
from accounts.models import Session
from accounts.probes.origins import foreign_to
from accounts.probes.secrets import estimated_bits
from accounts.services import signing, tokens
from kernel import http
from kernel.registry import PROBES, Measurement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own")]


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


@pytest.mark.parametrize("name", ["jwt", "jwt_expiry", "jwt_revoke", "cors"])
def test_a_door_that_limits_stand_before_was_not_looked_at(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It neither is shut nor stands open: a 429 grants no origin, either."""

    def limited(path: str, **given: Any) -> http.Reply:
        return http.Reply(429, {"retry-after": "30"}, b"")

    monkeypatch.setattr(http, "own", limited)
    seen = run(name)
    assert seen.value is None
    assert "more often than limits allow" in seen.error


class TestTokens:
    def test_tokens_that_nobody_accepts_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "holds", lambda session: False)
        assert run("jwt").detail.startswith("a good token got 401")

    def test_forged_tokens_that_are_accepted_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decode = signing.KeyedBackend.decode
        monkeypatch.setattr(
            signing.KeyedBackend,
            "decode",
            lambda self, token, verify=True: decode(self, token, False),
        )
        assert "another signature got 200" in run("jwt").detail

    def test_expired_tokens_that_are_accepted_are_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever is asked for, this one goes on holding."""
        made = tokens.access_token
        monkeypatch.setattr(
            tokens, "access_token", lambda session, *, lifetime=None: made(session)
        )
        seen = run("jwt_expiry")
        assert "a token one second too old got 200 instead of 401" in seen.detail
        assert int(seen.value or 0) > 1

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

    @pytest.mark.parametrize("name", ["jwt", "jwt_expiry", "jwt_revoke"])
    def test_a_door_that_stands_open_elsewhere_is_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """Right at /api/me and /api/token, and nowhere else."""
        real = http.own

        def own(path: str, **given: Any) -> http.Reply:
            answer = real(path, **given)
            opens = path == "/api/books" and answer.status == 401
            return http.Reply(200, {}, b"{}") if opens else answer

        monkeypatch.setattr(http, "own", own)
        seen = run(name)
        assert seen.value != "0"
        assert "at /api/books" in seen.detail


class TestSecret:
    @pytest.mark.parametrize(
        ("secret", "words"),
        [
            ("short but with many kinds of characters", "fewer than 64"),
            ("ab" * 40, "bits at most"),
            ("0123456789" * 10, "repeats itself"),
            ("s" * 96, "worth 0 bits"),
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

    def test_a_weak_former_one_that_still_opens_tokens_is_found(
        self, run: Run, settings: Any
    ) -> None:
        settings.JWT_SECRET_PREVIOUS = "s" * 96
        assert (
            "JWT_SECRET_PREVIOUS: it is worth 0 bits" in run("secret_strength").detail
        )

    def test_a_web_process_that_signs_with_another_one_is_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ours is strong; the process that people use has a worse one."""
        monkeypatch.setattr(
            "accounts.probes.secrets.signing_kid", lambda faults: "0" * 8
        )
        seen = run("secret_strength")
        assert "signs with another secret than was looked at" in seen.detail
        assert seen.value == "1"

    def test_the_name_of_the_web_process_key_is_read_from_what_it_signs(
        self, run: Run, settings: Any
    ) -> None:
        assert run("secret_strength").facts["kid"] == kid_of(settings.JWT_SECRET)

    @pytest.mark.parametrize("size", [48, 96])
    def test_what_we_generate_is_worth_its_bits(self, size: int) -> None:
        assert min(estimated_bits(random.token_urlsafe(size)) for _ in range(20)) >= 256

    def test_its_value_is_never_told(self, run: Run, settings: Any) -> None:
        assert settings.JWT_SECRET not in repr(run("secret_strength"))


class TestKeysOfServices:
    @pytest.fixture
    def tree(self, tmp_path: Any, settings: Any) -> Any:
        settings.BASE_DIR = tmp_path
        settings.EXTERNAL_KEYS = {"POLYGON_API_KEY": "p0lyg0n-key"}
        self.git(tmp_path, "init", "-q")
        return tmp_path

    def git(self, where: Any, *words: str) -> None:
        subprocess.run(["git", "-C", str(where), *words], check=True)

    def test_one_that_is_not_set_is_said(self, run: Run, settings: Any) -> None:
        settings.EXTERNAL_KEYS = {"POLYGON_API_KEY": ""}
        assert run("env_secrets").error == "POLYGON_API_KEY is not set"

    def test_a_set_one_in_no_file_is_clean(self, run: Run, tree: Any) -> None:
        (tree / "safe.py").write_text("import os")
        self.git(tree, "add", ".")
        assert run("env_secrets", name="POLYGON_API_KEY").value == "0"

    def test_one_in_the_code_is_found(self, run: Run, tree: Any) -> None:
        (tree / "ours.py").write_text('KEY = "p0lyg0n-key"')
        self.git(tree, "add", ".")
        assert "ours.py" in run("env_secrets", name="POLYGON_API_KEY").detail

    def test_one_in_a_file_far_down_is_found_and_not_told(
        self, run: Run, tree: Any
    ) -> None:
        """Clean where one looks first, and kept in a test's data."""
        deep = tree / "tests" / "data"
        deep.mkdir(parents=True)
        (deep / "cassette.bin").write_bytes(b"\0\0p0lyg0n-key\0")
        self.git(tree, "add", ".")
        seen = run("env_secrets")
        assert (seen.value, "tests/data/cassette.bin" in seen.detail) == ("1", True)
        assert "p0lyg0n" not in repr(seen)


OURS = "https://desk.example"


class TestOrigins:
    def test_a_grant_to_everybody_is_found(self, run: Run, settings: Any) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = True
        assert int(run("cors").value or 0) > 16

    def test_credentials_for_everybody_are_found(self, run: Run, settings: Any) -> None:
        settings.CORS_ALLOW_ALL_ORIGINS = True
        settings.CORS_ALLOW_CREDENTIALS = True
        assert run("cors").value != "0"

    @pytest.mark.parametrize("foreign", foreign_to(OURS))
    def test_each_look_alike_that_is_granted_is_found(
        self, run: Run, settings: Any, foreign: str
    ) -> None:
        settings.CORS_ORIGINS = [OURS]
        settings.CORS_ALLOWED_ORIGINS = [OURS, foreign]
        assert f"a read from {foreign}" in run("cors").detail

    def test_a_grant_at_one_address_only_is_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Right at /api/me and /api/token, open where trades are."""
        real = http.own

        def own(path: str, **given: Any) -> http.Reply:
            answer = real(path, **given)
            if path != "/api/trades":
                return answer
            grant = {"access-control-allow-origin": given["headers"]["Origin"]}
            return http.Reply(answer.status, {**answer.headers, **grant}, answer.body)

        monkeypatch.setattr(http, "own", own)
        seen = run("cors")
        assert (seen.value, "a preflight to /api/trades" in seen.detail) == ("1", True)

    def test_an_origin_of_ours_is_granted_and_no_fault(
        self, run: Run, settings: Any
    ) -> None:
        settings.CORS_ORIGINS = settings.CORS_ALLOWED_ORIGINS = [OURS]
        assert run("cors").value == "0"

    def test_an_origin_of_ours_that_is_refused_is_found(
        self, run: Run, settings: Any
    ) -> None:
        settings.CORS_ORIGINS, settings.CORS_ALLOWED_ORIGINS = [OURS], []
        assert run("cors").detail == f"{OURS} is named, and granted 'nothing'"


class TestLog:
    def test_an_ended_session_is_found_and_proven(self, run: Run) -> None:
        seen = run("audit_log")
        assert (seen.value, seen.error) == ("0", ""), seen.detail
        assert "was found and proven included" in seen.detail

    def test_once_an_hour_is_enough(self, run: Run) -> None:
        run("audit_log")
        sessions = Session.objects.count()
        run("audit_log")
        assert Session.objects.count() == sessions

    def test_what_is_done_and_not_logged_is_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The log is whole; it only hears nothing any more."""
        run("jwt")
        monkeypatch.setattr("accounts.services.sessions.append", lambda *a, **k: None)
        seen = run("audit_log")
        assert (seen.value, seen.detail) == ("1", "the end of a session was not logged")

    def test_an_event_outside_of_the_tree_is_found(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("audit.queries.included", lambda seq: False)
        assert "is not included in the tree" in run("audit_log").detail
