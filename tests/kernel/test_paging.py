"""Walking a list by its cursors: each row once, whatever the ties, both ways."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.request import Request

from accounts.models import User
from kernel.api import link_headers
from kernel.errors import BadRequest
from kernel.paging import Key, Page, decode, encode, in_order, in_rank, newest_first

START = datetime(2026, 1, 1, tzinfo=UTC)
ENOUGH = 100
keys = st.lists(st.one_of(st.text(max_size=20), st.integers(-(2**63) + 1, 2**63 - 1)))


@given(keys)
def test_a_cursor_is_url_safe_and_comes_back(key: list[str | int]) -> None:
    cursor = encode(tuple(key))
    assert decode(cursor) == tuple(key)
    assert set(cursor) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


FOREIGN = {
    "no base64": "!",
    "not ASCII": "£",
    "no JSON": "AAAA",
    "a word": "bm9w",
    "padding": "=" * 5,
    "an object": coded({"a": 1}),
    "a fraction": coded([1.5, 2]),
    "nested": coded([["a"], 1]),
    "yes": coded([True, 1]),
    "too large": coded([2**63, 1]),
    "brackets": base64.urlsafe_b64encode(b"[" * 100_000).decode(),
}


@pytest.mark.parametrize("cursor", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_cursor_is_a_bad_request(cursor: str) -> None:
    with pytest.raises(BadRequest, match="not one of ours"):
        decode(cursor)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param((), id="empty"),
        pytest.param((1,), id="short"),
        pytest.param(("x", 1), id="no time"),
        pytest.param(("2026-01-01", 1), id="no zone"),
        pytest.param((1, 1), id="a number"),
        pytest.param(("2026-01-01T00:00:00Z", "1"), id="a text for an id"),
        pytest.param(("2026-02-30T00:00:00Z", 1), id="no day"),
        pytest.param(("0001-01-01T00:00:00+23:59", 1), id="before all years"),
        pytest.param(("9999-12-31T23:59:59-23:59", 1), id="after all years"),
    ],
)
def test_a_cursor_of_another_list_is_a_bad_request(db: None, key: Key) -> None:
    rows, cursor = User.objects.all(), encode(key)
    with pytest.raises(BadRequest, match="not one of ours"):
        newest_first(rows, field="date_joined", limit=5, cursor=cursor)
    with pytest.raises(BadRequest, match="not one of ours"):
        newest_first(rows, field="date_joined", limit=5, before=cursor)


def walked(turn: Callable[[str], Page[Any]], start: Page[Any]) -> list[Page[Any]]:
    pages = [start]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(turn(cursor))
        assert len(pages) < ENOUGH, "a walk must end"
    return pages


@given(days=st.lists(st.integers(0, 3), max_size=12), limit=st.integers(1, 5))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_pages_forth_and_back_show_each_row_once(
    db: None, days: list[int], limit: int
) -> None:
    User.objects.all().delete()
    User.objects.bulk_create(
        User(username=f"p{n}", date_joined=START + timedelta(days=day))
        for n, day in enumerate(days)
    )
    everybody = list(User.objects.order_by("-date_joined", "-id"))

    def page(cursor: str = "", before: str = "") -> Page[User]:
        return newest_first(
            User.objects.all(),
            field="date_joined",
            limit=limit,
            cursor=cursor,
            before=before,
        )

    forth = walked(lambda cursor: page(cursor=cursor), page())
    assert [row for each in forth for row in each.rows] == everybody
    assert all(len(each.rows) == limit for each in forth[:-1])
    back = [forth[-1]]
    while (cursor := back[-1].prev_cursor) is not None:
        back.append(page(before=cursor))
        assert len(back) < ENOUGH, "a walk must end"
    assert [row for each in back[::-1] for row in each.rows] == everybody
    for here, there in zip(forth, back[::-1], strict=False):
        assert here.next_cursor == there.next_cursor


def test_behind_the_last_row_is_an_empty_page(db: None) -> None:
    """Its rows may have gone since the cursor was given."""
    cursor, nobody = encode((START.isoformat(), 1)), User.objects.none()
    after = newest_first(nobody, field="date_joined", limit=5, cursor=cursor)
    before = newest_first(nobody, field="date_joined", limit=5, before=cursor)
    empty: Page[User] = Page(rows=[], next_cursor=None)
    assert (after, before) == (empty, empty)


def test_rows_added_while_reading_neither_repeat_nor_hide_others(db: None) -> None:
    def join(name: str, day: int) -> None:
        User.objects.create(username=name, date_joined=START + timedelta(days=day))

    for n in range(4):
        join(f"p{n}", n)
    rows = User.objects.exclude(username="probe")
    first = newest_first(rows, field="date_joined", limit=2)
    join("late", 9)
    second = newest_first(
        rows, field="date_joined", limit=2, cursor=str(first.next_cursor)
    )
    assert [person.username for person in second.rows] == ["p1", "p0"]
    newer = newest_first(
        rows, field="date_joined", limit=2, before=str(second.prev_cursor)
    )
    assert [person.username for person in newer.rows] == ["p3", "p2"]
    assert newer.prev_cursor is not None, "one was added above"


def test_whole_numbers_order_as_well_as_times(db: None) -> None:
    User.objects.bulk_create(User(username=f"p{n}") for n in range(5))
    pages = walked(
        lambda cursor: newest_first(
            User.objects.all(), field="id", limit=2, cursor=cursor
        ),
        newest_first(User.objects.all(), field="id", limit=2),
    )
    numbers = [row.pk for each in pages for row in each.rows]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == User.objects.count()


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.text(max_size=3)), max_size=12, unique=True
    ),
    limit=st.integers(1, 5),
)
def test_a_list_in_memory_is_walked_the_same_way(
    rows: list[tuple[int, str]], limit: int
) -> None:
    rows.sort()
    pages = walked(
        lambda cursor: in_order(rows, key=lambda row: row, limit=limit, cursor=cursor),
        in_order(rows, key=lambda row: row, limit=limit),
    )
    assert [row for each in pages for row in each.rows] == rows


def test_a_key_of_other_types_is_a_foreign_cursor() -> None:
    with pytest.raises(BadRequest, match="not one of ours"):
        in_order([1, 2], key=lambda row: (row,), limit=1, cursor=encode(("a",)))


def test_a_link_leads_to_the_next_page_and_keeps_the_query() -> None:
    request = Request(RequestFactory().get("/api/x?side=buy&cursor=old"))
    assert link_headers(request, "new") == {
        "Link": '<http://testserver/api/x?side=buy&cursor=new>; rel="next"'
    }
    assert link_headers(request, None) == {}


def test_a_link_leads_on_from_its_cursor_alone() -> None:
    """`before` would win over it, and `offset` skip once more on each page."""
    asked = RequestFactory().get("/api/x?before=newer&side=buy&offset=7")
    assert link_headers(Request(asked), "new") == {
        "Link": '<http://testserver/api/x?side=buy&cursor=new>; rel="next"'
    }


RANKED = ["BTC", "ETH", "SOL", "ADA", "XRP"]


def ranked(rows: list[str], cursor: str = "") -> Page[str]:
    return in_rank(rows, name=lambda row: row, limit=2, cursor=cursor)


def test_a_list_in_rank_is_read_page_by_page() -> None:
    first = ranked(RANKED)
    second = ranked(RANKED, first.next_cursor or "")
    third = ranked(RANKED, second.next_cursor or "")
    assert [*first.rows, *second.rows, *third.rows] == RANKED
    assert third.next_cursor is None


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (["ETH", "BTC", "SOL", "ADA", "XRP"], ["BTC", "SOL"]),
        (["SOL", "BTC", "ADA", "ETH", "XRP"], ["XRP"]),
        (["BTC", "SOL", "ADA", "XRP"], ["SOL", "ADA"]),
        (["BTC"], []),
    ],
    ids=["rose", "fell", "gone", "nearly all gone"],
)
def test_it_goes_on_after_the_row_where_that_stands_today(
    today: list[str], expected: list[str]
) -> None:
    cursor = ranked(RANKED).next_cursor or ""
    assert ranked(today, cursor).rows == expected


@pytest.mark.parametrize("key", [("ETH", 1), (-1, "ETH"), (1,), (1, 2)])
def test_a_cursor_of_another_list_is_refused_in_rank(key: Key) -> None:
    with pytest.raises(BadRequest):
        ranked(RANKED, encode(key))
