"""Reviews, their lines and checklists as files: all rows that fit, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from kernel.access import access
from kernel.sheets import csv_file, every_page
from readiness.pages.review import ReviewRow, review_rows
from readiness.pages.work import change_rows
from readiness.queries import templates
from readiness.queries.board import BoardRow, board
from readiness.queries.review_diff import compared
from readiness.queries.reviews import find_review, reviews
from readiness.queries.work import kept_lines
from readiness.views.work import asked, search_of

AT_ONCE = 50  # reviews whose boards are in memory at once
REVIEW = ("id", "template", "version", "release", "commit", "environment", "state")
COUNTS = (
    *("proven", "stale", "claimed", "unclaimed", "failed", "waived"),
    "not_applicable",
)
SIGNED = ("blockers", "signatures", "required", "opened_at", "opened_by")
LINE = (
    *("key", "title", "section", "state", "reason", "claimed", "claimed_by"),
    *("claimed_at", "assignee", "probe", "observed_at", "valid_until"),
)
CHANGE = ("key", "title", "what", "before", "now")
VERSION = (
    *("template", "title", "version", "state", "items", "checks"),
    *("created_at", "created_by", "published_at", "sha256"),
)


@require_safe
@access("readiness.view")
def reviews_csv(request: HttpRequest) -> HttpResponseBase:
    """Newest first, each with its verdict as it is now."""
    at = timezone.now()
    pages = every_page(lambda cursor: reviews(AT_ONCE, cursor))
    rows = (_review(row) for page in pages for row in review_rows(page, at))
    return csv_file("reviews", (*REVIEW, *COUNTS, *SIGNED), rows)


def _review(row: ReviewRow) -> Sequence[Any]:
    review, counts = row.review, row.board.counts.as_dict()
    signed, opener = row.panel.signatures, review.created_by
    return (
        *(str(review.uuid), review.version.template.slug, review.version.number),
        *(review.release, review.commit, review.environment, row.state),
        *(counts[name] for name in COUNTS),
        *(len(row.board.verdict.blockers), signed.value, signed.of),
        *(review.created_at, opener.username if opener else None),
    )


@require_safe
@access("readiness.view")
def lines_csv(request: HttpRequest, review: UUID) -> HttpResponseBase:
    """In document order; the filters are those of the page."""
    today = board(find_review(review), timezone.now())
    kept = kept_lines(today, search_of(asked(request)))
    return csv_file("lines", LINE, map(_line, kept))


def _line(row: BoardRow) -> Sequence[Any]:
    claim, record = row.claim, row.evidence
    return (
        *(row.key, row.shape.title, row.shape.section.title, row.state),
        *(row.derived.reason, claim.claimed, row.claimed_by, claim.claimed_at),
        claim.assignee.username if claim.assignee else None,
        *(
            (record.probe or None, record.observed_at, record.valid_until)
            if record
            else (None, None, None)
        ),
    )


@require_safe
@access("readiness.view")
def changes_csv(request: HttpRequest, review: UUID) -> HttpResponseBase:
    """What changed since the last review of the checklist, a fact a row."""
    diff = compared(find_review(review), None, timezone.now()).diff
    rows = (
        (row.line.key, row.line.title, row.what, row.before, row.now)
        for row in change_rows(diff)
    )
    return csv_file("changes", CHANGE, rows)


@require_safe
@access("readiness.view")
def versions_csv(request: HttpRequest) -> HttpResponseBase:
    """Every checklist by title, its versions newest first."""
    return csv_file("checklists", VERSION, _versions())


def _versions() -> Iterator[Sequence[Any]]:
    rows = list(templates.templates())
    versions = templates.versions_of(rows)
    for template in rows:
        for version in versions[template.pk]:
            by, report = version.created_by, version.report
            yield (
                *(template.slug, template.title, version.number, version.state),
                *(report.get("items", 0), len(report.get("checks", []))),
                *(version.created_at, by.username if by else None),
                *(version.published_at, version.sha256),
            )
