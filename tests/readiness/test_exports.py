"""The Markdown of a review: what stands below a line, and how roles have signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from readiness.domain.exemptions import NewWaiver
from readiness.models import Evidence, ReviewItem, Standing
from readiness.queries.board import board
from readiness.queries.exports import review_markdown
from readiness.queries.progress import progress
from readiness.services.claims import claim_item
from readiness.services.exemptions import approve, ask_waiver
from readiness.services.importing import Importing, import_template
from readiness.services.publishing import publish
from readiness.services.reviews import NewReview, open_review

DOCUMENT = b"""\
# Desk

## Security checks

- [ ] Rate limits
- [x] Certificate
  - Expiry: ____
- [ ] Team was told
"""
COMMIT = "ab" * 20


@pytest.fixture
def lines(ada: User) -> dict[str, ReviewItem]:
    """The lines of an open review by their titles."""
    version = publish(import_template(DOCUMENT, Importing(checks={}), None), None)
    review = open_review(NewReview(version, "1.0.0", COMMIT, "development"), ada)
    rows = ReviewItem.objects.filter(review=review).select_related("item", "review")
    return {row.item.title: row for row in rows}


def markdown(lines: dict[str, ReviewItem]) -> str:
    review = next(iter(lines.values())).review
    today = board(review, timezone.now())
    return review_markdown(today, progress(today))


def below(text: str, title: str) -> list[str]:
    """What stands below a line, up to the next."""
    rows = text.splitlines()
    start = next(n for n, row in enumerate(rows) if title in row)
    following = (row for row in rows[start + 1 :])
    return [row.strip() for row in following if row.startswith("  ")][:4]


def test_a_tick_of_the_document_is_no_claim(lines: dict[str, ReviewItem]) -> None:
    text = markdown(lines)

    assert "- [ ] Certificate" in text
    assert "- [x]" not in text


def test_a_claim_is_a_tick_and_names_who_made_it(
    lines: dict[str, ReviewItem], ada: User
) -> None:
    claim_item(lines["Team was told"].pk, done=True, revision=1, note="", by=ada)

    text = markdown(lines)

    assert "- [x] Team was told" in text
    assert "- Claimed by ada" in below(text, "Team was told")


def filed(line: ReviewItem, by: User, **over: Any) -> None:
    values: dict[str, Any] = {
        "review_item": line,
        "kind": "output",
        "verdict": "info",
        "summary": "seen\nby all",
        "commit": COMMIT,
        "environment": "development",
        "collector": by.actor,
        "observed_at": timezone.now(),
        "filed_by": by,
        **over,
    }
    Standing.objects.create(review_item=line, latest=Evidence.objects.create(**values))


EVIDENCE = [
    pytest.param({}, ": seen by all", id="a summary of two lines becomes one"),
    pytest.param(
        {"summary": "", "reason": "filed by ada"},
        ": filed by ada",
        id="else the reason",
    ),
    pytest.param(
        {"summary": "# Not a heading"}, ": # Not a heading", id="no heading of its own"
    ),
]


@pytest.mark.parametrize(("over", "ending"), EVIDENCE)
def test_evidence_stands_below_its_line(
    lines: dict[str, ReviewItem], ada: User, over: dict[str, str], ending: str
) -> None:
    filed(lines["Rate limits"], ada, **over)

    (note,) = [
        row for row in below(markdown(lines), "Rate limits") if "Evidence" in row
    ]

    assert note.startswith("- Evidence: output info, ")
    assert note.endswith(f", {COMMIT[:12]}{ending}")


def test_a_waiver_says_until_when_and_why(
    lines: dict[str, ReviewItem], ada: User, person: Callable[..., User]
) -> None:
    ends = timezone.now() + timedelta(days=3)
    new = NewWaiver("one more week", "low", ends)
    (waiver,) = ask_waiver([lines["Rate limits"]], new, ada)
    approve(waiver, person("olive", "Administrator"))

    notes = below(markdown(lines), "Rate limits")

    assert "- State: waived (one more week)" in notes
    assert f"- Waived until {ends:%Y-%m-%dT%H:%M:%S.%f}Z: one more week" in notes


FILLED = [
    pytest.param({"Expiry": "2027-01-01"}, "- Expiry: 2027-01-01", id="filled in"),
    pytest.param({"Expiry": ""}, "- Expiry: ____", id="emptied again"),
    pytest.param({}, "- Expiry: ____", id="never filled in"),
    pytest.param(
        {"Expiry": "a\n- [x] b"}, "- Expiry: a - [x] b", id="no line of its own"
    ),
]


@pytest.mark.parametrize(("values", "row"), FILLED)
def test_blanks_show_what_stands_in_them(
    lines: dict[str, ReviewItem], values: dict[str, str], row: str
) -> None:
    ReviewItem.objects.filter(pk=lines["Certificate"].pk).update(values=values)

    assert row in [line.strip() for line in markdown(lines).splitlines()]


def test_the_end_names_the_commit_and_every_role(lines: dict[str, ReviewItem]) -> None:
    end = markdown(lines).rpartition("---\n")[2]

    assert f"**Commit**: `{COMMIT}`" in end
    assert [row for row in end.splitlines() if row.startswith("- ")] == [
        "- Developer: To sign (1 section)",
        "- Security Engineer: To sign (1 section)",
        "- DevOps Engineer: To sign (1 section)",
        "- Technical Lead: Locked (opens after the technical roles)",
        "- Product Owner: Locked (opens after the technical roles)",
    ]
