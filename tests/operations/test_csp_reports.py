"""Browsers report what the content policy refused; each kind is kept once."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from operations.domain.violations import Violation, violations
from operations.models import PolicyViolation
from operations.services import pruning
from operations.services import violations as keeping

LEGACY, MODERN = "application/csp-report", "application/reports+json"
URL = "/api/csp-report"


def legacy(**changed: Any) -> dict[str, Any]:
    report = {
        "document-uri": "http://testserver/trades/?book=secret",
        "violated-directive": "script-src-elem",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example:8443/payload.js?token=abc",
        "source-file": "http://testserver/static/js/app.js",
        "line-number": 7,
        "a-field-of-the-future": {"any": ["thing"]},
    }
    return {"csp-report": {**report, **changed}}


def modern(**changed: Any) -> list[dict[str, Any]]:
    body = {
        "documentURL": "http://testserver/trades/",
        "effectiveDirective": "script-src-elem",
        "blockedURL": "https://evil.example:8443/",
        "sourceFile": "http://testserver/static/js/app.js",
        "lineNumber": 7,
    }
    other = {"type": "deprecation", "body": {"id": "x"}}
    return [other, {"type": "csp-violation", "age": 1, "body": {**body, **changed}}]


def send(body: Any, kind: str = LEGACY, **headers: str) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, text, content_type=kind, headers=headers)


pytestmark = pytest.mark.django_db


def test_anybody_may_report_in_both_forms_and_the_same_is_counted() -> None:
    for body, kind in ((legacy(), LEGACY), (modern(), MODERN)):
        answer = send(body, kind)
        assert (answer.status_code, answer.content) == (204, b"")
    kept = PolicyViolation.objects.get()
    assert kept.times == 2
    assert (kept.directive, kept.blocked) == (
        "script-src-elem",
        "https://evil.example:8443",
    )
    assert (kept.page, kept.source, kept.line) == (
        "/trades/",
        "/static/js/app.js",
        7,
    )


def test_no_secret_of_an_address_is_kept() -> None:
    send(
        legacy(
            **{
                "document-uri": "http://testserver/accounts/invitation/top-secret/?a=top-secret",
                "blocked-uri": "https://ada:top-secret@evil.example/top-secret?top-secret",
                "source-file": "chrome-extension://top-secret/x.js",
            }
        )
    )
    kept = PolicyViolation.objects.values().get()
    assert "top-secret" not in str(kept)
    assert kept["blocked"] == "https://evil.example"
    assert kept["source"] == "chrome-extension"
    assert kept["page"].startswith("/accounts/invitation/<")


@pytest.mark.parametrize(
    "body",
    [
        legacy(**{"document-uri": "https://elsewhere.example/"}),
        legacy(**{"document-uri": "http://[broken"}),
        legacy(**{"document-uri": 7}),
        legacy(**{"effective-directive": "<script>"}),
        legacy(**{"effective-directive": ["script-src"]}),
        {"csp-report": []},
        {},
        [],
        [1, None, {"type": "csp-violation"}, {"type": "csp-violation", "body": 1}],
        "text",
        None,
        7,
    ],
)
def test_what_is_not_about_a_page_of_ours_is_thanked_for_and_dropped(body: Any) -> None:
    assert send(json.dumps(body)).status_code == 204
    assert not PolicyViolation.objects.exists()


def test_what_only_level_two_says_is_understood() -> None:
    send(legacy(**{"effective-directive": "", "violated-directive": "img-src 'self'"}))
    assert PolicyViolation.objects.get().directive == "img-src"


@pytest.mark.parametrize("line", [-1, 0, 2**31, 1.5, True, "7", None, 10**30])
def test_a_line_that_is_none_is_left_out(line: Any) -> None:
    assert send(legacy(**{"line-number": line})).status_code == 204
    assert PolicyViolation.objects.get().line in {0, 1}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", LEGACY, 400),
        ("[NaN]", MODERN, 400),
        ("{}", "application/json", 415),
        ("a=b", "application/x-www-form-urlencoded", 415),
        (json.dumps({"csp-report": {"x": "y" * 64_000}}), LEGACY, 413),
    ],
)
def test_what_no_browser_sends_is_refused(body: str, kind: str, status: int) -> None:
    answer = send(body, kind)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_only_a_post_reports() -> None:
    assert Client().get(URL).status_code == 405


def test_a_flood_keeps_the_newest_and_never_more_than_a_thousand() -> None:
    for number in range(60):
        batch = [
            modern(effectiveDirective="img-src", lineNumber=number * 20 + place)[1]
            for place in range(25)
        ]
        assert send(batch, MODERN).status_code == 204
        assert PolicyViolation.objects.count() <= keeping.MOST
    lines = set(PolicyViolation.objects.values_list("line", flat=True))
    assert len(lines) == keeping.ROOM
    assert max(lines) == 59 * 20 + 19, "of a body 20 are read"
    assert 12 * 20 <= min(lines) < 13 * 20, "the oldest have made room"


def test_a_flood_of_inventions_drives_out_nothing_that_is_met_again_and_again() -> None:
    for _ in range(3):
        send(legacy())
    at = timezone.now()
    for start in range(0, 1_200, 20):
        keeping.record([invented(start + place) for place in range(20)], at)
    assert PolicyViolation.objects.get(directive="script-src-elem").times == 3
    assert PolicyViolation.objects.count() == keeping.ROOM


def test_what_is_new_is_kept_where_everything_else_was_met_more_often() -> None:
    at = timezone.now()
    for start in range(0, 1_000, 20):
        keeping.record([invented(start + place) for place in range(20)] * 2, at)
    send(legacy())
    assert PolicyViolation.objects.filter(directive="script-src-elem").exists()


def test_room_is_made_once_a_body() -> None:
    with CaptureQueriesContext(connection) as seen:
        keeping.record([invented(number) for number in range(20)], timezone.now())
    asked = [query["sql"] for query in seen.captured_queries]
    assert sum("ORDER BY" in sql for sql in asked) == 1


def invented(line: int) -> Violation:
    return Violation(directive="img-src", blocked="", page="/", source="", line=line)


def test_what_nobody_has_met_for_forty_days_is_forgotten() -> None:
    at = timezone.now()
    send(legacy())
    assert pruning.prune(at + timedelta(days=39))["violations"] == 0
    assert pruning.prune(at + timedelta(days=41))["violations"] == 1


@pytest.mark.django_db(transaction=True)
def test_reports_at_the_same_time_are_all_counted() -> None:
    same = Violation(directive="img-src", blocked="data", page="/", source="", line=0)
    start = threading.Barrier(4)

    def report() -> None:
        start.wait()
        for _ in range(5):
            keeping.record([same], timezone.now())
        connection.close()

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PolicyViolation.objects.get().times == 20


def test_no_report_is_about_a_page_behind_a_name_like_ours() -> None:
    for page in ("http://testserver.evil.example/", "http://evil@testserver:80/"):
        body = legacy(**{"document-uri": page})
        assert not list(violations(body, host="testserver", route=str))


class TestThePage:
    def test_it_shows_each_kind_to_who_may_see_operations(
        self, person: Any, client_of: Any
    ) -> None:
        hostile = "http://testserver/<img src=x onerror=alert(1)>/"
        send(legacy(**{"document-uri": hostile}))
        text = client_of(person("oz", "Operator")).get("/operations/csp/").content
        assert b"script-src-elem" in text
        assert b"https://evil.example:8443" in text
        assert b"<img src=x" not in text

    def test_it_says_which_kinds_are_kept(self, person: Any, client_of: Any) -> None:
        text = client_of(person("oz", "Operator")).get("/operations/csp/").content
        assert b"the 950 met most often" in b" ".join(text.split())

    def test_a_trader_may_not(self, person: Any, client_of: Any) -> None:
        client = client_of(person("tess", "Trader"))
        assert client.get("/operations/csp/").status_code == 403

    def test_it_is_found_from_operations(self, person: Any, client_of: Any) -> None:
        client = client_of(person("oz", "Operator"))
        assert b'href="/operations/csp/"' in client.get("/operations/").content

    def test_the_policy_names_where_to_report(self) -> None:
        answer = Client().get("/accounts/login/")
        policy = answer["Content-Security-Policy"]
        assert f"report-uri {URL}" in policy
        assert "report-to" not in policy, "over http Chromium would report nothing"
        assert answer["Reporting-Endpoints"] == f'csp="{URL}"'
