"""Waivers and "not applicable": two persons, an end, and nothing that looks like a pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from kernel.registry import JOBS
from operations.models import Notice
from readiness.models import NotApplicable, Review, ReviewItem, Waiver
from readiness.queries.board import board
from tests.readiness.conftest import became

pytestmark = pytest.mark.django_db
KINDS = ("waivers", "not-applicable")


def api(client: Client, path: str, body: object = None) -> Any:
    return client.post(f"/api/readiness/{path}", body or {}, "application/json")


def wish(days: float = 3, **over: str) -> dict[str, str]:
    ends = (timezone.now() + timedelta(days=days)).isoformat()
    return {"reason": "known", "risk": "low", "ends": ends, **over}


def body_of(kind: str) -> dict[str, str]:
    return wish() if kind == "waivers" else {"reason": "no such thing here"}


@pytest.fixture
def people(
    person: Callable[..., User], client_of: Callable[[User], Client], ada: User
) -> dict[str, Client]:
    return {
        "ada": client_of(ada),
        "grace": client_of(person("grace", "Security Engineer")),
        "root": client_of(person("root", "Administrator")),
    }


def state_of(line: ReviewItem, at: datetime | None = None) -> str:
    today = board(line.review, at or timezone.now())
    return str(today.by_id[line.pk].state)


def ask(client: Client, line: ReviewItem, kind: str = "waivers", **over: str) -> str:
    answer = api(client, f"items/{line.pk}/{kind}", {**body_of(kind), **over})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def kinds_logged() -> list[str]:
    kinds = AuditEvent.objects.order_by("seq").values_list("kind", flat=True)
    return [kind for kind in kinds if ".waiver." in kind or "applicable" in kind]


def test_a_waiver_counts_once_an_administrator_approves_it_and_until_it_ends(
    people: dict[str, Client], line: ReviewItem
) -> None:
    pk = ask(people["ada"], line)
    assert state_of(line) == "unclaimed"
    assert api(people["grace"], f"waivers/{pk}/approve").status_code == 403
    answer = api(people["root"], f"waivers/{pk}/approve")
    assert answer.status_code == 200
    assert answer.json()["approved_by"] == "root"
    assert state_of(line) == "waived"
    assert state_of(line, timezone.now() + timedelta(days=4)) == "unclaimed"
    api(people["ada"], f"waivers/{pk}/revoke")
    assert state_of(line) == "unclaimed"
    assert kinds_logged() == [
        f"readiness.waiver.{verb}" for verb in ("requested", "approved", "revoked")
    ]


def test_not_applicable_counts_once_another_reviewer_agrees(
    people: dict[str, Client], line: ReviewItem
) -> None:
    pk = ask(people["ada"], line, "not-applicable")
    own = api(people["ada"], f"not-applicable/{pk}/approve")
    assert (own.status_code, own.json()["type"].rpartition(":")[2]) == (403, "own")
    assert state_of(line) == "unclaimed"
    assert api(people["grace"], f"not-applicable/{pk}/approve").status_code == 200
    assert state_of(line) == "not_applicable"


@pytest.mark.parametrize("kind", KINDS)
def test_who_asked_never_approves(
    kind: str,
    people: dict[str, Client],
    line: ReviewItem,
    person: Callable[..., User],
    client_of: Callable[[User], Client],
) -> None:
    both = client_of(person("both", "Developer", "Administrator"))
    pk = ask(both, line, kind)
    answer = api(both, f"{kind}/{pk}/approve")
    assert answer.status_code == 403
    assert "Somebody else must approve" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (wish(31), "ends", "at most 30 days"),
        (wish(-1), "ends", "ended already"),
        (wish(reason="x" * 2001), "reason", "2000"),
        (wish(risk="   "), "risk", ""),
        (wish(ends="2026-02-30T00:00:00Z"), "ends", ""),
        ({"reason": "known", "risk": "low"}, "ends", ""),
        (wish(more="x"), "more", ""),
    ],
)
def test_a_waiver_that_cannot_be_is_refused_with_its_field(
    body: dict[str, str],
    field: str,
    words: str,
    people: dict[str, Client],
    line: ReviewItem,
) -> None:
    answer = api(people["ada"], f"items/{line.pk}/waivers", body)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == f"/{field}"
    assert words in fault["detail"]
    assert not Waiver.objects.exists()


def test_an_expired_request_cannot_be_approved(
    people: dict[str, Client], line: ReviewItem
) -> None:
    pk = ask(people["ada"], line)
    Waiver.objects.update(ends=timezone.now() - timedelta(seconds=1))
    answer = api(people["root"], f"waivers/{pk}/approve")
    assert answer.status_code == 409
    assert "ended before anybody approved it" in answer.json()["detail"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_decided_is_not_decided_again(
    kind: str, people: dict[str, Client], line: ReviewItem
) -> None:
    pk = ask(people["ada"], line, kind)
    waits = api(people["grace"], f"items/{line.pk}/{kind}", body_of(kind))
    assert waits.status_code == 409
    assert "waits for approval already" in waits.json()["detail"]
    assert api(people["root"], f"{kind}/{pk}/approve").status_code == 200
    again = api(people["root"], f"{kind}/{pk}/approve")
    assert (again.status_code, "by root already" in again.json()["detail"]) == (409, 1)
    assert api(people["root"], f"{kind}/{pk}/revoke").status_code == 200
    assert api(people["root"], f"{kind}/{pk}/revoke").status_code == 409
    back = api(people["root"], f"{kind}/{pk}/approve")
    assert (back.status_code, "taken back by root" in back.json()["detail"]) == (409, 1)


def test_a_longer_waiver_counts_beside_a_shorter_and_the_shorter_returns(
    people: dict[str, Client], line: ReviewItem
) -> None:
    for days in (3, 9):
        pk = ask(people["ada"], line, **wish(days))
        api(people["root"], f"waivers/{pk}/approve")
    in_a_week = timezone.now() + timedelta(days=7)
    assert state_of(line, in_a_week) == "waived"
    api(people["root"], f"waivers/{pk}/revoke")
    assert (state_of(line, in_a_week), state_of(line)) == ("unclaimed", "waived")


@pytest.mark.parametrize("kind", KINDS)
def test_lines_outside_readiness_and_ended_reviews_take_none(
    kind: str, people: dict[str, Client], review: Review, line: ReviewItem
) -> None:
    outside = ReviewItem.objects.get(review=review, item__key="MON-01")
    answer = api(people["ada"], f"items/{outside.pk}/{kind}", body_of(kind))
    assert (answer.status_code, answer.json()["type"][-7:]) == (409, "outside")
    pk = ask(people["ada"], line, kind)
    became(review, "closed")
    for path in (
        f"items/{line.pk}/{kind}",
        f"{kind}/{pk}/approve",
        f"{kind}/{pk}/revoke",
    ):
        body = body_of(kind) if path.startswith("items") else None
        assert (
            api(people["root" if body is None else "ada"], path, body).status_code
            == 409
        )


def test_the_item_tells_of_both(people: dict[str, Client], line: ReviewItem) -> None:
    ask(people["ada"], line)
    ask(people["ada"], line, "not-applicable")
    told = people["ada"].get(f"/api/readiness/items/{line.pk}").json()
    assert [row["reason"] for row in told["waivers"]] == ["known"]
    assert [row["reason"] for row in told["not_applicable"]] == ["no such thing here"]


# What the log says


def sure(line: ReviewItem) -> list[str]:
    today = board(line.review, timezone.now())
    return [row.text for row in today.differences]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_database_changes_of_an_exemption_is_named_before_anybody_signs(
    kind: str, people: dict[str, Client], line: ReviewItem, ada: User
) -> None:
    pk = ask(people["ada"], line, kind)
    api(people["root"], f"{kind}/{pk}/approve")
    assert sure(line) == []
    model = Waiver if kind == "waivers" else NotApplicable
    model._default_manager.update(reason="another")
    assert [text.partition(" is not")[0] for text in sure(line)] == [
        "its waiver" if kind == "waivers" else "its not applicable"
    ]
    model._default_manager.update(reason=body_of(kind)["reason"])
    assert sure(line) == []
    model._default_manager.update(revoked_by=ada, revoked_at=timezone.now())
    assert "that is not there" in sure(line)[0]
    model._default_manager.update(revoked_by=None, revoked_at=None)
    api(people["root"], f"{kind}/{pk}/revoke")
    assert sure(line) == []
    model._default_manager.update(revoked_by=None, revoked_at=None)
    assert "no approved" in sure(line)[0]


def test_a_longer_end_by_hand_is_named(
    people: dict[str, Client], line: ReviewItem
) -> None:
    pk = ask(people["ada"], line)
    api(people["root"], f"waivers/{pk}/approve")
    waiver = Waiver.objects.get(pk=pk)
    Waiver.objects.update(ends=waiver.ends + timedelta(days=300))
    assert "is not the one that the log tells of" in sure(line)[0]


# The end


def test_an_end_is_logged_once_and_told_to_both(
    people: dict[str, Client], line: ReviewItem
) -> None:
    User.objects.filter(username="ada").update(email="ada@example.com")
    User.objects.filter(username="root").update(email="root@example.com")
    pk = ask(people["ada"], line)
    api(people["root"], f"waivers/{pk}/approve")
    job = JOBS["readiness.waivers"].function
    assert job({}) == "waivers that have ended: 0"
    Waiver.objects.update(ends=timezone.now() - timedelta(minutes=1))
    before = Waiver.objects.values().get()
    assert (job({}), job({})) == (
        "waivers that have ended: 1",
        "waivers that have ended: 0",
    )
    assert Waiver.objects.values().get() == before
    assert kinds_logged()[-1:] == ["readiness.waiver.ended"]
    told = Notice.objects.filter(kind="waiver-ended").order_by("recipient")
    assert [notice.address for notice in told] == [
        "ada@example.com",
        "root@example.com",
    ]
    assert "SEC-03" in told[0].subject
    assert not mail.outbox  # sent by the outbox, not here


@pytest.mark.parametrize("state", ["unapproved", "revoked", "closed"])
def test_what_never_counted_or_no_longer_matters_ends_in_silence(
    state: str, people: dict[str, Client], line: ReviewItem
) -> None:
    pk = ask(people["ada"], line)
    if state != "unapproved":
        api(people["root"], f"waivers/{pk}/approve")
    if state == "revoked":
        api(people["root"], f"waivers/{pk}/revoke")
    Waiver.objects.update(ends=timezone.now() - timedelta(minutes=1))
    if state == "closed":
        became(line.review, "closed")
    assert JOBS["readiness.waivers"].function({}) == "waivers that have ended: 0"


# Pages


def page(line: ReviewItem, name: str = "item", *more: object) -> str:
    return reverse(f"readiness:{name}", args=[line.review.uuid, line.pk, *more])


def test_both_are_asked_for_and_decided_on_the_page_of_the_line(
    people: dict[str, Client], line: ReviewItem
) -> None:
    day = (timezone.now() + timedelta(days=30)).date().isoformat()
    form = {"reason": "known <b>", "risk": "low", "ends": day}
    answer = people["ada"].post(page(line, "ask-waiver"), form, follow=True)
    shown = answer.content.decode()
    assert "Asked for SEC-03. It counts once an Administrator approves." in shown
    assert "known &lt;b&gt;" in shown
    assert 'value="approve"' not in shown  # not by who asked
    assert 'value="revoke"' in shown
    pk = Waiver.objects.get().pk
    theirs = people["root"].get(page(line)).content.decode()
    assert 'value="approve"' in theirs
    url = page(line, "decide-waiver", pk)
    done = people["root"].post(url, {"decision": "approve"}, follow=True)
    assert "approved by root" in done.content.decode()
    again = people["root"].post(url, {"decision": "approve"}, follow=True)
    assert "approved by root already" in again.content.decode()
    assert people["root"].post(url, {"decision": "bless"}).status_code == 400
    assert people["ada"].post(url, {"decision": "approve"}).status_code == 403
    elsewhere = page(line, "decide-waiver", 10**9)
    assert people["root"].post(elsewhere, {"decision": "approve"}).status_code == 404


def test_a_form_that_is_not_taken_keeps_what_was_typed(
    people: dict[str, Client], line: ReviewItem
) -> None:
    day = (timezone.now() + timedelta(days=40)).date().isoformat()
    form = {"reason": "known and dear", "risk": "low", "ends": day}
    answer = people["ada"].post(page(line, "ask-waiver"), form)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "at most 30 days from now" in shown
    assert "known and dear" in shown
    assert not Waiver.objects.exists()


def test_with_its_children_makes_one_request_for_each_line(
    people: dict[str, Client], review: Review
) -> None:
    parent = ReviewItem.objects.get(review=review, item__key="SEC-02")
    url, form = (
        page(parent, "ask-not-applicable"),
        {"reason": "x", "with_children": "on"},
    )
    people["ada"].post(url, form)
    asked = NotApplicable.objects.order_by("pk").values_list(
        "review_item__item__key", flat=True
    )
    assert list(asked) == ["SEC-02", "SEC-02.1", "SEC-02.2"]
    again = people["ada"].post(url, form)  # all or none
    assert (again.status_code, NotApplicable.objects.count()) == (422, 3)


def test_the_review_shows_what_it_goes_on_with(
    people: dict[str, Client], review: Review, line: ReviewItem
) -> None:
    url = reverse("readiness:review", args=[review.uuid])
    assert "waiver" not in people["ada"].get(url).content.decode().lower()
    pk = ask(people["ada"], line)
    waiting = people["ada"].get(url).content.decode()
    assert "SEC-03: a waiver, asked for by ada" in waiting
    api(people["root"], f"waivers/{pk}/approve")
    shown = people["ada"].get(url).content.decode()
    assert "1 waiver is in force" in shown
