"""A review's states, and the sign-off policy that it starts with."""

from __future__ import annotations

import pytest

from readiness.domain.lifecycle import may_follow
from readiness.domain.reviews import (
    PolicySection,
    ReviewState,
    default_policy,
    may_sign,
    meaning_allowed,
    review_state,
)

HEADINGS = [
    PolicySection("security", "🔒 Security", "checks"),
    PolicySection("performance", "Performance", "checks"),
    PolicySection("monitoring", "Monitoring", "checks"),
    PolicySection("testing", "Testing", "checks"),
    PolicySection("rollback", "Rollback", "rollback"),
    PolicySection("first-week", "First week", "monitoring"),
    PolicySection("review", "Technical review", "sign-off"),
]


def scopes() -> dict[str, tuple[str, ...]]:
    return {rule.role: rule.sections for rule in default_policy(HEADINGS)}


def test_five_roles_in_two_groups_in_the_checklists_order() -> None:
    found = [(rule.role, rule.group) for rule in default_policy(HEADINGS)]
    assert found == [
        ("Developer", 1),
        ("Security Engineer", 1),
        ("DevOps Engineer", 1),
        ("Technical Lead", 2),
        ("Product Owner", 2),
    ]


def test_each_role_signs_what_it_knows() -> None:
    assert scopes()["Developer"] == ("security", "performance", "monitoring", "testing")
    assert scopes()["Security Engineer"] == ("security",)
    assert scopes()["DevOps Engineer"] == ("performance", "monitoring")
    assert "rollback" in scopes()["Technical Lead"]


def test_nobody_signs_follow_ups_or_the_sign_off_itself() -> None:
    assert not {"first-week", "review"} & {
        s for some in scopes().values() for s in some
    }


def test_a_role_whose_words_match_nothing_takes_all_technical_sections() -> None:
    plain = [PolicySection("tasks", "Tasks", "checks")]
    assert {rule.sections for rule in default_policy(plain)} == {("tasks",)}


def test_frozen_numbers_are_text() -> None:
    frozen = default_policy(HEADINGS)[1].frozen()
    assert frozen == {
        "role": "Security Engineer",
        "sections": ["security"],
        "group": "1",
        "minimum": "1",
        "distinct": True,
    }


@pytest.mark.parametrize(
    ("stored", "ready", "complete", "wanted"),
    [
        ("open", False, False, "open"),
        ("open", False, True, "open"),
        ("open", True, False, "ready"),
        ("open", True, True, "approved"),
        ("deployed", True, True, "deployed"),
        ("rejected", True, True, "rejected"),
        ("draft", True, True, "draft"),
    ],
)
def test_ready_and_approved_are_derived(
    stored: str, ready: bool, complete: bool, wanted: str
) -> None:
    assert review_state(stored, ready=ready, complete=complete) == wanted


def test_signing_starts_open_and_ends_with_deployment() -> None:
    assert [
        s for s in ("draft", "open", "ready", "approved", "deployed") if may_sign(s)
    ] == [
        "open",
        "ready",
        "approved",
    ]


def test_approved_is_said_only_of_what_is_ready() -> None:
    assert not meaning_allowed("approved", ready=False)
    assert meaning_allowed("reviewed", ready=False)


def test_only_an_open_review_becomes_deployed() -> None:
    before = {now for now in ReviewState if may_follow(now, ReviewState.DEPLOYED)}

    assert before == {ReviewState.OPEN}
