"""The page of one review and the answer to a tick; and the list of reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import User
from audit import queries as audit
from kernel.errors import Conflict
from readiness.domain.reviews import ReviewState
from readiness.models import Review, ReviewItem
from readiness.pages.activity import activity
from readiness.pages.board import (
    LineFilter,
    VerdictView,
    budget,
    expiries,
    filter_choices,
    notes,
    section_page,
    sections,
    signed_sections,
    verdict,
)
from readiness.pages.item import item_view, item_views
from readiness.pages.signoffs import signoff_panel
from readiness.queries.board import Board, board, boards
from readiness.queries.progress import (
    SignoffProgress,
    progress,
    progress_of,
    state_of,
)
from readiness.queries.reviews import object_of
from readiness.queries.statements import role_to_sign

ACTS = 12


@dataclass(frozen=True, kw_only=True)
class ReviewRow:
    """One row of the list of reviews."""

    review: Review
    board: Board
    verdict: VerdictView
    panel: SignoffProgress
    state: ReviewState


def review_rows(reviews: Sequence[Review], at: datetime) -> list[ReviewRow]:
    today = boards(reviews, at)
    signed = progress_of(list(today.values()))
    return [
        ReviewRow(
            review=review,
            board=today[review.pk],
            verdict=verdict(today[review.pk]),
            panel=signed[review.pk],
            state=state_of(today[review.pk], signed[review.pk]),
        )
        for review in reviews
    ]


def review_context(today: Board, person: User, asked: LineFilter) -> dict[str, Any]:
    """What the review's page and each of its parts are drawn from."""
    review = today.review
    signed = progress(today)
    role = role_to_sign(today, signed.signed, person)
    return {
        "board": today,
        "review": review,
        "url": reverse("readiness:review", args=[review.uuid]),
        "sign_as": role,
        "sign_url": _sign_url(review, role),
        "verify_url": reverse("readiness:verify", args=[review.uuid]),
        "state": state_of(today, signed),
        "verdict": verdict(today),
        "notes": notes(today, signed),
        "budget": budget(today),
        "panel": signoff_panel(signed),
        "sections": sections(today, asked, signed_sections(today, signed)),
        "signed": signed,
        "choices": filter_choices(today, asked.keep),
        "keep": asked.keep,
        "query": asked.address(asked.section, asked.after),
        "expiries": expiries(today),
        "activity": activity(audit.about([object_of(review)], ACTS), person),
        "may_claim": person.has_perm("readiness.claim"),
        "may_run": person.has_perm("readiness.run"),
    }


def _sign_url(review: Review, role: str | None) -> str:
    url = reverse("readiness:sign", args=[review.uuid])
    return f"{url}?{urlencode({'role': role})}" if role else url


def tick_context(
    ticked: ReviewItem,
    person: User,
    at: datetime,
    conflict: Conflict | None,
    asked: LineFilter,
) -> dict[str, Any]:
    """The line that was ticked, its ancestors, and every count that it moves; `asked`
    is the page that it stands on."""
    today = board(ticked.review, at)
    row = today.by_id[ticked.pk]
    context = review_context(today, person, asked)
    held = signed_sections(today, context["signed"])
    view = item_view(today, row, held)
    return {
        **context,
        "view": view,
        "views": [view],
        "ancestors": item_views(today, today.ancestors(row), held),
        "part": section_page(today, row),
        "conflict": conflict,
        "undo": "false" if row.claim.claimed else "true",
        "say": (
            conflict.detail
            if conflict
            else f"{_said(today, row.key)}{_voided(context['signed'], row.key)}"
        ),
        "newest": getattr(ticked, "newest", False),
    }


def _said(today: Board, key: str) -> str:
    what = "claimed" if today.by_key[key].claim.claimed else "no longer claimed"
    return f"{key} is {what}. {verdict(today).title}."


def _voided(signed: SignoffProgress, key: str) -> str:
    """Whose signatures the line, as it is now, makes void."""
    whose = [
        f"{each.signed.handle}’s as {each.signed.role}"
        for each in signed.signed
        if key in {change.key for change in each.void}
    ]
    return f" Void now: the signature {', '.join(whose)}." if whose else ""
