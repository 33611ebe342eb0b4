"""What became of a review, as its page shows it and asks about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import User
from readiness.domain.lifecycle import LONGEST_REASON, RUNNING, FollowUpState
from readiness.domain.reviews import ReviewState
from readiness.models import Review
from readiness.models.reviews import LIVING
from readiness.queries.board import Board
from readiness.queries.lifecycle import (
    Lifecycle,
    ShownFollowUp,
    lifecycle,
    told,
    why_not_deployed_now,
)
from readiness.queries.notes import notes_of
from readiness.queries.progress import progress, state_of
from readiness.services import notes
from readiness.services.lifecycle import ENDS_ANY, what_is_broken

TONES = {
    FollowUpState.WAITING: ("", "clock", "Waits"),
    FollowUpState.OPEN: ("info", "clock", "Open"),
    FollowUpState.OVERDUE: ("crit", "warn", "Overdue"),
    FollowUpState.DONE: ("ok", "check", "Done"),
}
WORDS = {
    ReviewState.OPEN: ("", "minus"),
    ReviewState.READY: ("info", "check"),
    ReviewState.APPROVED: ("ok", "check"),
    ReviewState.DEPLOYED: ("ok", "check"),
    ReviewState.MONITORING: ("info", "clock"),
    ReviewState.CLOSED: ("ok", "lock"),
}


@dataclass(frozen=True)
class FollowUpView:
    """A follow-up with its chip; `url` is where it is answered, "" where it is not."""

    shown: ShownFollowUp
    tone: str
    icon: str
    words: str
    url: str

    @property
    def form(self) -> str:
        """What its form is called where it is refused."""
        return f"answer-{self.shown.row.pk}"


def lifecycle_context(today: Board, person: User, at: datetime) -> dict[str, Any]:
    """What the page of a review's life is drawn from."""
    review, signed = today.review, progress(today)
    shown = lifecycle(review, at)
    living = review.state in LIVING
    ends_any = person.has_perm(ENDS_ANY)
    state = state_of(today, signed)
    tone, icon = WORDS.get(state, ("crit", "x"))
    return {
        "review": review,
        "url": reverse("readiness:review", args=[review.uuid]),
        "state": state,
        "tone": tone,
        "icon": icon,
        "ended": [told(row) for row in shown.transitions],
        "not_deployable": why_not_deployed_now(today, signed) if living else "",
        "living": living,
        "follow_ups": _follow_ups(shown, person),
        "deployed": review.state in RUNNING,
        "notes": notes_of(review),
        "longest": LONGEST_REASON,
        "longest_note": notes.LONGEST,
        "may_note": person.has_perm("readiness.claim"),
        "may_deploy": living and person.has_perm("readiness.deploy"),
        "may_abort": living
        and (
            ends_any
            or (review.created_by_id == person.pk and person.has_perm("readiness.open"))
        ),
        "broken": what_is_broken(review) if ends_any and _may_be_broken(review) else "",
        "may_plan": review.state in RUNNING and _may_follow_up(person),
    }


def _follow_ups(shown: Lifecycle, person: User) -> Sequence[FollowUpView]:
    return [
        FollowUpView(each, *TONES[each.state], _answer_url(each, person))
        for each in shown.follow_ups
    ]


def _answer_url(shown: ShownFollowUp, person: User) -> str:
    asked = shown.state in {FollowUpState.OPEN, FollowUpState.OVERDUE}
    ended = shown.row.review.state == Review.State.INVALIDATED
    if not asked or ended or not _may_follow_up(person):
        return ""
    where = (shown.row.review.uuid, shown.row.pk)
    return reverse("readiness:answer-follow-up", args=where)


def _may_follow_up(person: User) -> bool:
    return person.has_perm("readiness.claim") or person.has_perm("readiness.deploy")


def _may_be_broken(review: Review) -> bool:
    return review.state in LIVING or review.state in RUNNING
