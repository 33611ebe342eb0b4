"""Silences over HTTP and on the pages: begun, seen everywhere, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from operations.models import Alert, Silence
from operations.services import silences
from operations.services.silences import NewSilence

API = "/api/operations/silences"
WISH = {"reason": "the host is moved", "minutes": 30}
MakeAlert = Callable[..., Alert]


@pytest.fixture
def firing(make_alert: MakeAlert) -> Alert:
    return make_alert(target="host", severity="P0", rule="database")


@pytest.fixture
def silence(operator: User) -> Callable[..., Silence]:
    """silence(rule="memory", minutes=30) -> one that begins now."""

    def begin(**values: Any) -> Silence:
        wish = NewSilence(**{"rule": "database", **WISH, **values})
        return silences.silence(wish, operator, timezone.now())

    return begin


def test_an_alert_is_silenced_read_and_let_go(send: Any, firing: Alert) -> None:
    begun = send("post", f"/api/operations/alerts/{firing.uid}/silence", WISH)
    assert begun.status_code == 201
    answer = begun.json()
    assert (answer["rule"], answer["target"], answer["by"]) == (
        "database",
        "host",
        "olga",
    )
    assert answer["ended_at"] is None
    listed = send("get", "/api/operations/alerts").json()["alerts"][0]
    assert (listed["state"], listed["silenced_until"]) == ("firing", answer["ends_at"])
    (active,) = send("get", f"{API}?state=active").json()["silences"]
    assert active == answer

    ended = send("post", f"{API}/{answer['id']}/end")
    assert (ended.status_code, ended.json()["ended_by"]) == (200, "olga")
    assert send("get", f"{API}?state=active").json()["silences"] == []
    assert len(send("get", f"{API}?state=over").json()["silences"]) == 1
    again = send("post", f"{API}/{answer['id']}/end")
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "over")


def test_a_rule_is_silenced_before_it_fires_and_once_per_key(send: Any) -> None:
    wish = {**WISH, "rule": "memory"}
    first = send("post", API, wish, Idempotency_Key="one")
    again = send("post", API, wish, Idempotency_Key="one")
    assert (first.status_code, again.json()) == (201, first.json())
    assert Silence.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"minutes": 1441}, 422),
        ({"minutes": 0}, 422),
        ({"reason": " "}, 422),
        ({"rule": "none"}, 404),
        ({"ends_at": "2099-01-01T00:00:00Z"}, 422),
    ],
)
def test_none_is_endless_or_without_a_reason(
    send: Any, change: dict[str, Any], status: int
) -> None:
    answer = send("post", API, {**WISH, "rule": "memory", **change})
    assert answer.status_code == status


def test_a_resolved_alert_is_told_to_silence_its_rule(
    send: Any, make_alert: MakeAlert
) -> None:
    alert = make_alert(state="resolved")
    answer = send("post", f"/api/operations/alerts/{alert.uid}/silence", WISH)
    assert answer.status_code == 409
    assert "silence its rule" in answer.json()["detail"]


def test_every_page_that_shows_the_alert_says_that_it_is_silenced(
    desk: Client, firing: Alert, silence: Callable[..., Silence]
) -> None:
    silence()
    said = "silenced by olga until"
    for path in ("/operations/", "/alerts/", f"/alerts/{firing.uid}/"):
        page = desk.get(path).content.decode()
        assert said in page, path
        assert "the host is moved" in page
        assert "Firing" in page or "firing" in page
    assert said in desk.get("/alerts/rules/database/").content.decode()


def test_what_should_wake_somebody_and_does_not_is_said_before_all_else(
    desk: Client, make_alert: MakeAlert, silence: Callable[..., Silence]
) -> None:
    make_alert(rule="memory", severity="P2")
    silence(rule="disk-full")
    silence(rule="latency-p95", reason="a load test")
    page = desk.get("/operations/").content.decode()
    assert page.index("Disk is nearly full wakes nobody") < page.index("High memory")
    assert "Slow answers (P95) wakes nobody" not in page


def test_the_loud_comes_before_the_silenced(
    desk: Client, make_alert: MakeAlert, silence: Callable[..., Silence]
) -> None:
    make_alert(rule="latency-p95", severity="P1")
    make_alert(rule="memory", severity="P2", target="host")
    silence(rule="latency-p95")
    page = desk.get("/operations/").content.decode()
    assert page.index("High memory usage on host") < page.index("Slow answers")


def test_it_is_silenced_and_let_go_on_the_page(desk: Client, firing: Alert) -> None:
    form = {"reason": "moved", "minutes": "30"}
    answer = desk.post(f"/alerts/{firing.uid}/silence/", form, follow=True)
    assert "nobody is told" in answer.content.decode()
    begun = Silence.objects.get()
    assert begun.ends_at - begun.begun_at == timedelta(minutes=30)
    answer = desk.post(f"/alerts/silences/{begun.uid}/end/", follow=True)
    assert "The silence has ended" in answer.content.decode()
    answer = desk.post(f"/alerts/silences/{begun.uid}/end/", follow=True)
    assert "over already" in answer.content.decode()


@pytest.mark.parametrize(
    "form", [{"reason": "", "minutes": "30"}, {"reason": "moved", "minutes": "99999"}]
)
def test_a_refused_form_keeps_what_was_typed_and_marks_the_field(
    desk: Client, firing: Alert, form: dict[str, str]
) -> None:
    for path in (f"/alerts/{firing.uid}/silence/", "/alerts/rules/database/silence/"):
        answer = desk.post(path, form)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in page
        assert f'value="{form["reason"]}"' in page or not form["reason"]
    assert not Silence.objects.exists()


def test_a_viewer_sees_silences_and_no_buttons(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    firing: Alert,
    silence: Callable[..., Silence],
) -> None:
    silence()
    viewer = client_of(person("vera", "Viewer"))
    for path in ("/alerts/", f"/alerts/{firing.uid}/", "/alerts/rules/database/"):
        page = viewer.get(path).content.decode()
        assert "silenced by olga" in page
        assert "End silence" not in page
        assert 'id="silence"' not in page
