"""Rules: a threshold changes only with the revision that was seen, and only to
something that can be measured; by HTTP and by the form."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from operations.domain.seeds import SEEDS
from operations.models import Rule

RULES = "/api/operations/rules"
MEMORY = f"{RULES}/memory"
NAMES = sorted(seed.name for seed in SEEDS)
Api = Callable[..., Any]


def threshold(rule: str = "memory") -> Decimal:
    return Rule.objects.get(name=rule).threshold


def test_rules_answer_by_name_in_the_contracts_shape(desk: Client) -> None:
    answer = desk.get(RULES).json()
    names = [rule["name"] for rule in answer["rules"]]
    assert names == NAMES
    assert answer["rules"][names.index("memory")] == {
        "name": "memory",
        "title": "High memory usage",
        "severity": "P2",
        "threshold": "80",
        "unit": "%",
        "for_seconds": 30,
        "enabled": True,
        "revision": 1,
    }
    assert answer["next_cursor"] is None


def test_rules_are_paged_in_their_order(desk: Client) -> None:
    names, cursor = [], ""
    for _ in NAMES:
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        answer = desk.get(RULES, query).json()
        names += [rule["name"] for rule in answer["rules"]]
        cursor = answer["next_cursor"]
    assert names == NAMES
    assert cursor is None


def test_one_rule_answers_its_revision_as_etag(desk: Client) -> None:
    answer = desk.get(MEMORY)
    assert answer.json()["revision"] == 1
    assert answer["ETag"].removeprefix("W/") == '"1"'


@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_rule_that_is_not_there_is_a_404(send: Api, method: str) -> None:
    body = None if method == "get" else {"threshold": "1", "revision": 1}
    answer = send(method, f"{RULES}/moon-phase", body)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no such rule."


def test_a_change_answers_the_next_revision_and_is_kept(send: Api) -> None:
    answer = send("patch", MEMORY, {"threshold": "72.5", "revision": 1})
    assert answer.status_code == 200
    assert (answer.json()["threshold"], answer.json()["revision"]) == ("72.5", 2)
    assert answer["ETag"].removeprefix("W/") == '"2"'
    event = AuditEvent.objects.get(kind="operations.rule.changed")
    assert event.object == "rule:memory"


@pytest.mark.parametrize(
    "header",
    ['"1"', 'W/"1"', "1", '"1;gzip"'],
    ids=["an ETag", "a weak one", "without quotes", "as a gzip client sends it"],
)
def test_if_match_takes_the_revision_as_clients_write_it(
    send: Api, header: str
) -> None:
    answer = send("patch", MEMORY, {"threshold": "70"}, If_Match=header)
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"revision": 7}, {}, 409),
        ({"revision": 0}, {}, 409),
        ({}, {"If_Match": '"7"'}, 412),
        ({"revision": 1}, {"If_Match": '"7"'}, 400),
        ({"revision": 7}, {"If_Match": '"1"'}, 400),
        ({}, {}, 428),
        ({}, {"If_Match": '"one"'}, 400),
        ({"revision": True}, {}, 422),
        ({"revision": -1}, {}, 422),
        ({"revision": "newest"}, {}, 422),
    ],
    ids=[
        "stale in the body",
        "older than any",
        "stale by If-Match",
        "If-Match differs from the body, which is fresh",
        "If-Match is fresh, and the body differs",
        "neither",
        "an If-Match in words",
        "true is no number",
        "a negative one",
        "a word",
    ],
)
def test_the_revision_decides(
    send: Api, body: dict[str, object], headers: dict[str, str], status: int
) -> None:
    answer = send("patch", MEMORY, {"threshold": "70", **body}, **headers)
    if body.get("revision") is True:
        # A boolean is refused wherever it is noticed first.
        assert answer.status_code in {400, 422}
    else:
        assert answer.status_code == status, answer.content
    assert threshold() == (70 if answer.status_code == 200 else 80)


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"If_Match": '"7"'}, {}), ({}, {"revision": 7})],
    ids=["412", "409"],
)
def test_who_is_late_is_shown_how_it_stands(
    send: Api, headers: dict[str, str], body: dict[str, object]
) -> None:
    problem = send("patch", MEMORY, {"threshold": "70", **body}, **headers).json()
    assert problem["current"] == {"threshold": "80", "revision": 1}
    assert "its threshold is 80 %, revision 1" in problem["detail"]


THRESHOLDS = [
    # rule, threshold, why not ("" when it is taken)
    ("memory", "0", ""),
    ("memory", "99.9999", ""),
    ("memory", "100", "under 100"),
    ("memory", "-0.1", "negative"),
    ("memory", "50.00001", "more than 4 decimals"),
    ("error-rate", "2.5", ""),
    ("error-rate", "101", "under 100"),
    ("latency-p95", "200", ""),
    ("latency-p95", "2000", ""),
    ("latency-p95", "250", "one of the measured bounds"),
    ("latency-p95", "0", "one of the measured bounds"),
    ("database", "3", ""),
    ("database", "0.5", "whole number"),
    ("database", "11", "between 0 failures and 10 failures"),
    ("backup-stale", "0.5", ""),
    ("backup-stale", "8760", "between 0 h and 168 h"),
    ("restore-drill-stale", "24", "between 25 h and 744 h"),
    ("worker-stale", "90", ""),
    ("beat-stale", "10", "between 30 s and 3,600 s"),
    ("watch-stale", "99999", "between 30 s and 3,600 s"),
    ("queue-stuck", "59", "between 60 s and 86,400 s"),
    ("job-failing", "2", ""),
    ("job-failing", "1.5", "whole number"),
    ("undelivered", "11", "between 0 messages and 10 messages"),
    ("broker", "1", "not to be changed"),
    ("audit-log-broken", "1", "not to be changed"),
]


@pytest.mark.parametrize(
    ("rule", "given", "why"), THRESHOLDS, ids=[f"{r} {t}" for r, t, _ in THRESHOLDS]
)
def test_a_threshold_must_be_measurable(
    send: Api, rule: str, given: str, why: str
) -> None:
    before = threshold(rule)
    body = {"threshold": given, "revision": 1}
    answer = send("patch", f"{RULES}/{rule}", body)
    if not why:
        assert answer.status_code == 200, answer.content
        assert threshold(rule) == Decimal(given)
        return
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/threshold", "threshold")
    assert why in error["detail"]
    assert threshold(rule) == before


@pytest.mark.parametrize(
    ("rule", "given", "why"),
    [row for row in THRESHOLDS if row[2]],
    ids=[f"{r} {t}" for r, t, why in THRESHOLDS if why],
)
def test_the_form_refuses_what_the_api_refuses(
    desk: Client, rule: str, given: str, why: str
) -> None:
    path = f"/alerts/rules/{rule}/"
    answer = desk.post(path, {"threshold": given, "revision": "1"})
    assert answer.status_code == 422
    assert why in answer.content.decode()


@pytest.mark.parametrize(
    "given",
    ["", "lots", "NaN", "1e400", None, [80], {"at": 80}, True],
    ids=["empty", "words", "NaN", "huge", "null", "a list", "an object", "true"],
)
def test_what_is_no_number_is_a_422_at_its_field(send: Api, given: object) -> None:
    answer = send("patch", MEMORY, {"threshold": given, "revision": 1})
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["pointer"] == "/threshold"
    assert threshold() == 80


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"threshold": "70"}, "revision"),
        ({"revision": "1"}, "threshold"),
        ({"threshold": "70", "revision": "first"}, ""),
        ({"threshold": "lots", "revision": "1"}, "not a number"),
        ({"threshold": "7" * 41, "revision": "1"}, "at most 40 characters"),
    ],
    ids=["no revision", "no threshold", "a revision in words", "words", "too long"],
)
def test_the_form_says_what_it_misses(
    desk: Client, body: dict[str, str], why: str
) -> None:
    answer = desk.post("/alerts/rules/memory/", body)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert threshold() == 80


def test_the_form_shows_the_threshold_as_people_write_it(desk: Client) -> None:
    Rule.objects.filter(name="memory").update(threshold=Decimal("72.5000"))
    page = desk.get("/alerts/rules/memory/").content.decode()
    assert 'value="72.5"' in page


@pytest.mark.parametrize(
    ("role", "reads", "changes"),
    [("Operator", 200, 200), ("Viewer", 200, 403), ("Trader", 403, 403)],
)
def test_who_may_read_and_who_may_change(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    role: str,
    reads: int,
    changes: int,
) -> None:
    client = client_of(person("ada", role))
    assert client.get(MEMORY).status_code == reads
    assert client.get("/alerts/rules/memory/").status_code == reads
    answer = client.patch(
        MEMORY, {"threshold": "70", "revision": 1}, content_type="application/json"
    )
    assert answer.status_code == changes
    form = client.post("/alerts/rules/memory/", {"threshold": "60", "revision": "2"})
    assert form.status_code == (302 if changes == 200 else 403)


def test_a_rule_that_is_switched_off_is_said_wherever_all_looks_well(
    desk: Client,
) -> None:
    Rule.objects.update(judged_at=timezone.now())
    assert "Nothing is wrong" in desk.get("/alerts/").content.decode()
    Rule.objects.filter(name="memory").update(enabled=False)
    assert desk.get(MEMORY).json()["enabled"] is False
    page = desk.get("/alerts/").content.decode()
    assert "Nothing is wrong" not in page
    assert "Switched off: “High memory usage”." in page
    check = desk.get("/health").json()["checks"]["alerting"][0]
    assert (check["status"], check["output"]) == (
        "warn",
        "Switched off: “High memory usage”.",
    )
    assert (
        "Switched off: “High memory usage”."
        in desk.get("/operations/").content.decode()
    )
    assert "Switched off" in desk.get("/alerts/rules/memory/").content.decode()
