"""Alerts over HTTP: read in pages, decided by whoever may, refused in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from operations.models import Alert

ALERTS = "/api/operations/alerts"
NOBODY = "00000000-0000-4000-8000-000000000000"
MakeAlert = Callable[..., Alert]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_alert_answers_in_the_contracts_shape(
    desk: Client, make_alert: MakeAlert
) -> None:
    alert = make_alert(target="host")
    answer = desk.get(ALERTS).json()
    assert answer == {
        "alerts": [
            {
                "id": str(alert.uid),
                "rule": "memory",
                "target": "host",
                "severity": "P2",
                "state": "firing",
                "value": "91",
                "value_at": None,
                "threshold": "80",
                "started_at": "2026-03-01T12:00:00Z",
                "fired_at": "2026-03-01T12:00:30Z",
                "resolved_at": None,
                "acknowledged_by": None,
                "acknowledged_at": None,
                "silenced_until": None,
            }
        ],
        "next_cursor": None,
    }


def test_a_value_that_was_never_seen_is_null(
    desk: Client, make_alert: MakeAlert
) -> None:
    make_alert(value=None, threshold=None)
    (alert,) = desk.get(ALERTS).json()["alerts"]
    assert (alert["value"], alert["threshold"]) == (None, None)


@pytest.mark.parametrize(
    ("state", "targets"),
    [
        ("", ["firing", "pending", "ended"]),
        ("firing", ["firing"]),
        ("pending", ["pending"]),
        ("resolved", ["ended"]),
    ],
    ids=["all but the unfired", "firing", "pending", "resolved"],
)
def test_alerts_are_listed_by_state_newest_first(
    desk: Client, make_alert: MakeAlert, state: str, targets: list[str]
) -> None:
    make_alert(1, "resolved", target="ended")
    make_alert(2, "pending", target="pending")
    make_alert(3, "firing", target="firing")
    make_alert(4, "resolved", target="never fired", fired_at=None)
    listed = desk.get(ALERTS, {"state": state} if state else {}).json()["alerts"]
    assert [alert["target"] for alert in listed] == targets


def test_pages_neither_skip_nor_repeat_an_alert(
    desk: Client, make_alert: MakeAlert
) -> None:
    for minutes in (1, 2, 2, 3, 4):
        make_alert(minutes)
    seen, path = [], f"{ALERTS}?limit=2"
    while path:
        answer = desk.get(path)
        seen += [alert["id"] for alert in answer.json()["alerts"]]
        link = answer.get("Link", "")
        path = link.removeprefix("<http://testserver").partition(">")[0]
        assert bool(path) is (answer.json()["next_cursor"] is not None)
    assert len(seen) == len(set(seen)) == 5
    newest = Alert.objects.order_by("-pending_at", "-pk").values_list("uid", flat=True)
    assert seen == [str(uid) for uid in newest]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ({"state": "open"}, "state", "?state"),
        ({"limit": "0"}, "limit", "?limit"),
        ({"limit": "501"}, "limit", "?limit"),
        ({"limit": "ten"}, "limit", "?limit"),
        ({"limit": "\N{ARABIC-INDIC DIGIT ONE}"}, "limit", "?limit"),
        ({"cursor": "???"}, "cursor", None),
        ({"cursor": "WzFd"}, "cursor", None),
        ({"page": "2"}, "unknown_parameter", "?page"),
    ],
    ids=[
        "a state that is none",
        "a page of nothing",
        "a page too long",
        "a limit in words",
        "digits that are not ours",
        "no cursor at all",
        "a cursor of another list",
        "a parameter nobody knows",
    ],
)
def test_a_query_that_is_not_understood_is_refused(
    desk: Client, query: dict[str, str], code: str, pointer: str | None
) -> None:
    answer = desk.get(ALERTS, query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:rrr:problem:{code}"
    assert [error["pointer"] for error in problem["errors"]] == (
        [pointer] if pointer else []
    )


PEOPLE = [
    # role, reads, acknowledges, resolves
    ("Operator", 200, 200, 200),
    ("Developer", 200, 200, 403),
    ("Administrator", 200, 403, 403),
    ("Viewer", 200, 403, 403),
    ("Trader", 403, 403, 403),
]


@pytest.mark.parametrize(
    ("role", "reads", "acknowledges", "resolves"), PEOPLE, ids=[p[0] for p in PEOPLE]
)
def test_who_may_read_and_who_may_decide(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    make_alert: MakeAlert,
    role: str,
    reads: int,
    acknowledges: int,
    resolves: int,
) -> None:
    alert = make_alert()
    client = client_of(person("ada", role))
    assert client.get(ALERTS).status_code == reads
    assert client.post(f"{ALERTS}/{alert.uid}/ack").status_code == acknowledges
    assert client.post(f"{ALERTS}/{alert.uid}/resolve").status_code == resolves


@pytest.mark.parametrize("verb", ["ack", "resolve"])
def test_a_stranger_decides_nothing(
    client: Client, make_alert: MakeAlert, verb: str
) -> None:
    alert = make_alert()
    assert client.post(f"{ALERTS}/{alert.uid}/{verb}").status_code == 401
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_at) == ("firing", None)


@pytest.mark.parametrize("verb", ["ack", "resolve"])
def test_an_alert_that_is_not_there_is_a_404(desk: Client, verb: str) -> None:
    answer = desk.post(f"{ALERTS}/{NOBODY}/{verb}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no such alert."


@pytest.mark.parametrize("verb", ["ack", "resolve"])
def test_nothing_is_decided_about_what_is_over(
    desk: Client, make_alert: MakeAlert, verb: str
) -> None:
    alert = make_alert(state="resolved")
    answer = desk.post(f"{ALERTS}/{alert.uid}/{verb}")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "This alert has already resolved."
    assert not AuditEvent.objects.filter(kind__startswith="operations.alert").exists()


def test_the_first_to_acknowledge_keeps_the_name(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    make_alert: MakeAlert,
) -> None:
    alert = make_alert()
    path = f"{ALERTS}/{alert.uid}/ack"
    first = client_of(person("olga", "Operator")).post(path).json()
    second = client_of(person("oskar", "Operator")).post(path)
    assert second.status_code == 200
    assert second.json()["acknowledged_by"] == "olga"
    assert second.json()["acknowledged_at"] == first["acknowledged_at"]
    events = AuditEvent.objects.filter(kind="operations.alert.acknowledged")
    assert events.count() == 1


def test_a_pending_alert_may_be_acknowledged(
    desk: Client, make_alert: MakeAlert
) -> None:
    alert = make_alert(state="pending")
    answer = desk.post(f"{ALERTS}/{alert.uid}/ack").json()
    assert (answer["state"], answer["acknowledged_by"]) == ("pending", "olga")


def test_resolving_by_hand_says_so_and_is_kept(
    desk: Client, make_alert: MakeAlert
) -> None:
    alert = make_alert()
    answer = desk.post(f"{ALERTS}/{alert.uid}/resolve").json()
    assert answer["state"] == "resolved"
    assert answer["resolved_at"] is not None
    story = alert.timeline.filter(kind="resolved").get()
    assert story.text == "by hand, olga"
    event = AuditEvent.objects.get(kind="operations.alert.resolved")
    assert event.object == f"alert:{alert.uid}"


def test_an_alert_that_just_changed_is_not_resolved_by_hand(
    desk: Client, make_alert: MakeAlert, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = make_alert()
    monkeypatch.setattr("operations.services.alerting._set", lambda *a, **k: False)
    answer = desk.post(f"{ALERTS}/{alert.uid}/resolve")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "This alert has just changed: look again."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("post", ALERTS, "GET"),
        ("delete", ALERTS, "GET"),
        ("get", f"{ALERTS}/{NOBODY}/ack", "POST"),
        ("patch", f"{ALERTS}/{NOBODY}/resolve", "POST"),
    ],
)
def test_another_method_is_a_405_that_names_the_right_one(
    desk: Client, method: str, path: str, allowed: str
) -> None:
    answer: Any = getattr(desk, method)(path)
    assert answer.status_code == 405
    assert allowed in answer["Allow"]
    assert answer["Content-Type"] == "application/problem+json"
