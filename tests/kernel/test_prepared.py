"""A prepared query reads what its queryset would, and writes its SQL once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Session, User
from kernel.prepared import PreparedQuery

pytestmark = pytest.mark.django_db
Person = Callable[..., User]
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def sessions(users: list[int], before: datetime) -> QuerySet[Session]:
    rows = Session.objects.filter(user__in=users, opened_at__lt=before)
    rows = rows.select_related("user").order_by("opened_at")
    return rows.annotate(groups=Count("user__groups"))


@pytest.fixture
def people(person: Person) -> list[User]:
    people = [person(f"p{number}", "Trader") for number in range(5)]
    for number, user in enumerate(people):
        Session.objects.create(
            user=user, kind="api", opened_at=NOW + timedelta(hours=number)
        )
    return people


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_it_reads_what_its_queryset_reads(people: list[User], count: int) -> None:
    query = PreparedQuery(sessions)
    ids = [user.pk for user in people[:count]]
    for hours in (0, 2, 9):
        before = NOW + timedelta(hours=hours)
        rows, expected = query(ids, before), list(sessions(ids, before))
        assert rows == expected
        assert [row.user.username for row in rows] == [
            row.user.username for row in expected
        ]
        assert [vars(row)["groups"] for row in rows] == [1] * len(rows)


def test_values_come_with_their_types(people: list[User]) -> None:
    @PreparedQuery
    def times(users: list[int]) -> QuerySet[Session, Any]:
        return Session.objects.filter(user__in=users).values_list("opened_at", "kind")

    assert times([people[0].pk]) == [(NOW, "api")]


def test_its_sql_is_written_once_for_lists_of_about_a_length(
    people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = PreparedQuery(sessions)
    ids = [user.pk for user in people]
    query(ids[:3], NOW)
    written: list[Any] = []
    monkeypatch.setattr(SQLCompiler, "as_sql", lambda *_: written.append(1))
    with CaptureQueriesContext(connection) as asked:
        assert len(query(ids[:4], NOW + timedelta(days=1))) == 4
        assert query(ids[2:5], NOW) == []
    assert (written, len(asked)) == ([], 2)


def test_nobody_is_asked_about_nothing() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert PreparedQuery(sessions)([], timezone.now()) == []
    assert len(asked) == 0


def test_what_is_not_compared_is_refused(people: list[User]) -> None:
    @PreparedQuery
    def first(count: int) -> QuerySet[User]:
        return User.objects.order_by("pk")[:count]

    with pytest.raises(TypeError, match="only compare"):
        first(1)
    with pytest.raises(TypeError, match="cannot be an argument"):
        PreparedQuery(sessions)([people[0].pk], "today")
