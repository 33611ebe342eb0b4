"""Ten a second, sixty a minute, a thousand an hour, whatever is answered."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import LimitOverride
from accounts.services import limits, overrides, tokens
from audit.models import AuditEvent
from kernel.limits.shared import LimitsBusy
from tests.accounts.limited import Clock, statuses

pytestmark = [pytest.mark.django_db, pytest.mark.limits]
MEMBER = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


@pytest.fixture
def ada(person: Any) -> Any:
    return person("ada", "Developer")


def bearer(user: Any) -> Any:
    return {"HTTP_AUTHORIZATION": f"Bearer {tokens.issue(user).access}"}


def test_the_eleventh_in_a_second_is_refused_and_told_when(
    ada: Any, clock: Clock
) -> None:
    headers = bearer(ada)
    answers = [Client().get("/api/me", **headers) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    refused = answers[-1]
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"] == "At most 10 a second: again in 1 s."
    assert refused["Retry-After"] == "1"
    clock.forward(1)
    assert Client().get("/api/me", **headers).status_code == 200


def test_every_answer_of_the_api_says_what_is_left(ada: Any, clock: Clock) -> None:
    for path, headers in (("/api/me", bearer(ada)), ("/api/me", {}), ("/api/no", {})):
        answer = Client().get(path, **headers)
        policy = '"second";q=10;w=1, "minute";q=60;w=60, "hour";q=1000;w=3600'
        assert answer["RateLimit-Policy"] == policy
        assert [name for name, _, _ in MEMBER.findall(answer["RateLimit"])] == [
            "second",
            "minute",
            "hour",
        ]
    clock.forward(20)
    answer = Client().get("/api/me", **bearer(ada))
    assert (
        answer["RateLimit"]
        == '"second";r=9;t=1, "minute";r=58;t=40, "hour";r=998;t=3580'
    )
    assert "RateLimit" not in Client().get("/accounts/login/")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/api/me", "get", 401),
        ("/api/no-such-thing", "get", 404),
        ("/api/me/", "get", 401),
        ("/api/token", "get", 405),
        ("/api/token", "post", 415),
    ],
)
def test_whatever_is_answered_counts(
    db: None, clock: Clock, path: str, method: str, status: int
) -> None:
    ask = getattr(Client(), method)
    assert statuses(lambda: ask(path), 12) == [status] * 10 + [429] * 2


def test_forged_tokens_count_to_the_address(ada: Any, clock: Clock) -> None:
    """Nobody uses up somebody else's limit by inventing tokens of theirs."""
    good = bearer(ada)
    forged: Any = {"HTTP_AUTHORIZATION": good["HTTP_AUTHORIZATION"][:-4] + "AAAA"}
    asked = statuses(lambda: Client().get("/api/me", **forged), 12)
    assert asked == [401] * 10 + [429] * 2
    assert Client().get("/api/me", **good).status_code == 200
    assert Client().get("/api/me").status_code == 429


def test_a_token_whose_session_ended_counts_to_the_address(
    ada: Any, clock: Clock
) -> None:
    stolen = bearer(ada)
    ada.sessions.update(revoked_at="2026-01-01T00:00:00Z")
    assert 401 in statuses(lambda: Client().get("/api/me", **stolen), 12)
    assert Client().get("/api/me", **bearer(ada)).status_code == 200


def test_token_and_cookie_are_one_person(
    ada: Any, client_of: Any, clock: Clock
) -> None:
    browser, headers = client_of(ada), bearer(ada)
    assert statuses(lambda: browser.get("/api/me"), 6) == [200] * 6
    asked = statuses(
        lambda: Client(REMOTE_ADDR="10.1.1.1").get("/api/me", **headers), 6
    )
    assert asked == [200] * 4 + [429] * 2


def test_addresses_of_one_site_are_one_caller(db: None, clock: Clock) -> None:
    addresses = [f"2001:db8:1:1::{number:x}" for number in range(1, 13)]
    asked = [
        Client(REMOTE_ADDR=address).get("/api/me").status_code for address in addresses
    ]
    assert asked == [401] * 10 + [429] * 2
    assert Client(REMOTE_ADDR="2001:db8:1:2::1").get("/api/me").status_code == 401
    assert Client(REMOTE_ADDR="::ffff:192.0.2.1").get("/api/me").status_code == 401


def test_what_a_caller_says_of_its_address_is_not_believed(
    settings: Any, db: None, clock: Clock
) -> None:
    def ask(number: int) -> int:
        chain = f"198.51.100.{number}, 192.0.2.7"
        return Client().get("/api/me", HTTP_X_FORWARDED_FOR=chain).status_code

    settings.TRUSTED_PROXY_COUNT = 1
    assert [ask(number) for number in range(12)] == [401] * 10 + [429] * 2


def test_health_is_never_limited(db: None, clock: Clock) -> None:
    asked = statuses(lambda: Client().get("/health/live"), 80)
    assert set(asked) == {200}


@pytest.mark.parametrize("path", ["/health", "/health/live/", "/health/ready"])
def test_every_path_of_health_is_free_with_and_without_a_slash(
    db: None, clock: Clock, path: str
) -> None:
    assert 429 not in statuses(lambda: Client().get(path), 40)


@pytest.mark.parametrize("path", ["/healthanything", "/health/other", "/metricsx"])
def test_what_only_begins_like_health_is_limited(
    db: None, clock: Clock, path: str
) -> None:
    assert statuses(lambda: Client().get(path), 31)[-1] == 429


def test_a_found_token_uses_up_no_page_of_its_owners(
    ada: Any, clock: Clock, client_of: Any
) -> None:
    headers = bearer(ada)
    asked = statuses(lambda: Client().get("/openapi.json", **headers), 31)
    assert asked[-1] == 429
    mine = client_of(ada).get("/settings/profile/", REMOTE_ADDR="192.0.2.9")
    assert mine.status_code != 429


def test_pages_have_a_wider_limit_of_their_own(ada: Any, clock: Clock) -> None:
    statuses(lambda: Client().get("/api/me"), 12)
    asked = statuses(lambda: Client().get("/accounts/login/"), 31)
    assert asked == [200] * 30 + [429]
    page = Client().get("/accounts/login/")
    assert page["Content-Type"].startswith("text/html")
    assert page["Retry-After"] == "1"
    assert "At most 30 a second: again in 1 s." in page.content.decode()


def test_a_page_polled_and_worked_by_keyboard_for_an_hour_is_never_limited(
    clock: Clock,
) -> None:
    """Two open pages poll every 5 s; a reviewer ticks twice a second, each with the
    page's own answer, and moves on in bursts."""
    refusals = 0
    for second in range(3600):
        asked = 2 + (2 if second % 5 == 0 else 0) + (12 if second % 20 == 0 else 0)
        for number in range(asked):
            refusals += not limits.admit(limits.PAGE, "user 1").admitted
            clock.forward(0.9 / asked if number else 0)
        clock.forward(FIRST_OF_NEXT - 0.9 * (asked - 1) / asked)
    assert refusals == 0


FIRST_OF_NEXT = 1.0


def test_a_limit_that_cannot_count_admits_nobody(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def admit(self, *args: object, **more: object) -> None:
            raise LimitsBusy("held")

    monkeypatch.setattr("accounts.services.limits.limiter", lambda name: Broken())
    answer = Client().get("/api/me")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert Client().get("/health/live").status_code == 200


def override(*words: str) -> str:
    out = StringIO()
    call_command("limit_override", *words, stdout=out)
    overrides.known._asked = 0
    return out.getvalue()


def test_an_override_is_stated_audited_and_ends(ada: Any, clock: Clock) -> None:
    said = override(
        "ada", "--factor", "3", "--windows", "second,minute", "--hours", "2"
    )
    assert said.startswith(
        "1 account: 3 times as much in each second, minute, until 20"
    )
    headers = bearer(ada)
    asked = statuses(lambda: Client().get("/api/me", **headers), 31)
    assert asked == [200] * 30 + [429]
    policy = Client().get("/api/me", **headers)["RateLimit-Policy"]
    assert policy == '"second";q=30;w=1, "minute";q=180;w=60, "hour";q=1000;w=3600'
    event = AuditEvent.objects.get(kind="accounts.limits.overridden")
    assert (event.object, event.actor) == (f"person:{ada.pk}", "system")
    assert override("ada", "--factor", "1") == "1 account: the limits as everybody's\n"
    assert not LimitOverride.objects.exists()
    clock.forward(1)
    asked = statuses(lambda: Client().get("/api/me", **headers), 11)
    assert asked == [200] * 10 + [429]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ben", "--factor", "2"], "there is nobody named ben"),
        (["ada", "--factor", "0"], "A factor is 1 to 10,000"),
        (["ada", "--factor", "2", "--windows", "day"], "There is no window 'day'"),
        (["ada", "--factor", "2", "--hours", "0"], "--hours must be more than 0"),
    ],
)
def test_an_override_that_cannot_be_is_said(
    ada: Any, words: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        override(*words)


def test_the_probe_account_has_a_stated_override(db: None) -> None:
    from accounts.services import probe

    account = probe.account()
    assert LimitOverride.objects.get(user=account).factor == 10
    assert AuditEvent.objects.filter(kind="accounts.limits.overridden").count() == 1


def test_metrics_say_scope_and_verdict_never_who(ada: Any, clock: Clock) -> None:
    samples = [s for family in limits.DECISIONS.collect() for s in family.samples]
    labels = {tuple(sorted(sample.labels)) for sample in samples}
    assert labels == {("scope", "verdict")}
    scopes = {sample.labels["scope"] for sample in samples}
    assert scopes == {limit.name for limit in limits.LIMITS}
