"""The demo opens a review of the running commit, once, and leaves work to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import User
from kernel.build import Build
from readiness.models import Review
from readiness.queries.board import Board, board
from readiness.queries.reviews import find_review
from rrr_dashboard.demo import review as demo

Person = Callable[..., User]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def runs(commit: str) -> None:
        monkeypatch.setattr(demo, "running", lambda: Build(commit, clean=True))

    runs("ab" * 20)
    return runs


@pytest.fixture
def admin(person: Person) -> User:
    person("developer", "Developer")
    person("security", "Security Engineer")
    return person("admin", "Administrator")


def opened(admin: User) -> Board:
    review = demo.load(admin)
    assert review is not None
    return board(find_review(review), timezone.now())


def test_a_review_of_the_running_commit(admin: User, build: object) -> None:
    found = opened(admin).review
    assert (found.commit, found.environment) == ("ab" * 20, "development")


def test_it_is_opened_once_for_each_commit(
    admin: User, build: Callable[[str], None]
) -> None:
    assert demo.load(admin) is not None
    assert demo.load(admin) is None
    build("cd" * 20)
    assert demo.load(admin) is not None
    assert Review.objects.count() == 2


def test_an_unknown_commit_opens_none(
    admin: User, build: Callable[[str], None]
) -> None:
    build("unknown")
    assert demo.load(admin) is None


def test_people_claimed_something_and_nothing_is_proven_by_it(
    admin: User, build: object
) -> None:
    tally = opened(admin).counts
    assert tally.claimed > 3
    assert tally.proven == 0


def test_most_lines_are_left_open_the_last_leaf_among_them(
    admin: User, build: object
) -> None:
    shown = opened(admin)
    parents = {row.shape.parent for row in shown.rows}
    leaves = [
        row
        for row in shown.rows
        if row.shape.section.kind == "checks" and row.key not in parents
    ]
    open_ones = [row.key for row in leaves if row.state == "unclaimed"]
    assert len(open_ones) > len(leaves) / 2
    assert open_ones[-1] != shown.rows[0].key


def test_the_checklist_has_101_lines_79_of_them_inside_readiness(
    admin: User, build: object
) -> None:
    shown = opened(admin)
    assert (len(shown.rows), shown.counts.all) == (101, 79)
