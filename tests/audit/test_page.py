"""The log as people and clients read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from accounts.models import User
from audit import services
from audit.models import AuditEvent, guard


@pytest.fixture
def grace(person: Callable[..., User]) -> User:
    """May read the log and verify it."""
    grace = person("grace")
    kind, _ = ContentType.objects.get_or_create(app_label="audit", model="area")
    for verb in ("view", "verify"):
        permission, _ = Permission.objects.get_or_create(
            codename=verb, content_type=kind, defaults={"name": verb}
        )
        grace.user_permissions.add(permission)
    return grace


@pytest.fixture
def desk(grace: User, client_of: Callable[[User], Client]) -> Client:
    for number in range(1, 120):
        services.append(
            "readiness.item.claimed",
            actor=grace.actor,
            object=f"item:{number}",
            data={"key": f"SEC-{number}"},
        )
    return client_of(grace)


def answer(client: Client, path: str) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def test_whoever_may_not_read_it_is_told_so(
    person: Callable[..., User], client_of: Callable[[User], Client]
) -> None:
    mallory = client_of(person("mallory"))

    assert mallory.get("/audit/").status_code == 403
    for path in ("/api/audit", "/api/audit/verify", "/api/audit/checkpoint"):
        assert mallory.get(path).status_code == 403
        assert Client().get(path).status_code == 401
    assert Client().get("/audit/").status_code == 302


def test_the_page_shows_newest_first_and_that_the_log_is_whole(desk: Client) -> None:
    page = desk.get("/audit/").content.decode()

    assert page.index("item:119") < page.index("item:118") < page.index("item:70")
    assert "item:69<" not in page
    assert "Whole" in page
    assert "120 events" in page


def test_paging_by_links_reaches_every_event_once(desk: Client) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        context = desk.get("/audit/", {"cursor": cursor} if cursor else {}).context
        seen += [row.seq for row in context["events"]]
        cursor = context["older"]
        if not cursor:
            break

    assert seen == list(range(119, -1, -1))


def test_the_page_says_that_the_log_is_broken(desk: Client) -> None:
    with guard.lifted():
        AuditEvent.objects.filter(seq=7).delete()

    page = desk.get("/audit/").content.decode()

    assert "Not whole" in page
    assert "event 7 is missing" in page
    assert answer(desk, "/api/audit/verify")["problems"][0] == "event 7 is missing"


def test_clients_read_the_exact_body_and_its_leaf(desk: Client) -> None:
    first = answer(desk, "/api/audit?limit=1")["events"][0]

    row = AuditEvent.objects.get(seq=119)
    assert first["seq"] == 119
    assert first["body"].encode() == bytes(row.body)
    assert first["leaf"] == bytes(row.leaf).hex()
    assert (first["kind"], first["object"]) == ("readiness.item.claimed", "item:119")


def test_cursors_lead_through_the_whole_log(desk: Client) -> None:
    seen: list[int] = []
    path = "/api/audit?limit=50"
    while path:
        found = answer(desk, path)
        seen += [one["seq"] for one in found["events"]]
        cursor = found["next_cursor"]
        path = f"/api/audit?limit=50&cursor={cursor}" if cursor else ""

    assert seen == list(range(119, -1, -1))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "cursor=%21", "page=2"]
)
def test_a_wrong_question_is_a_400(desk: Client, query: str) -> None:
    assert desk.get(f"/api/audit?{query}").status_code == 400


def test_verify_says_size_and_root(desk: Client) -> None:
    found = answer(desk, "/api/audit/verify")

    assert (found["ok"], found["size"], found["problems"]) == (True, 120, [])
    assert len(found["root"]) == 64


def test_the_newest_checkpoint_is_served_as_signed(desk: Client) -> None:
    assert desk.get("/api/audit/checkpoint").status_code == 404
    made = services.checkpoint()

    found = answer(desk, "/api/audit/checkpoint")

    assert found["note"].encode() == bytes(made.note)
    assert found["vkey"].startswith(made.origin)
    assert found["size"] == 120
