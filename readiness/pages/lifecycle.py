"""What became of a review, as its page shows it and asks about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import User
from kernel import markdown
from readiness.domain.lifecycle import (
    LONGEST_REASON,
    RUNNING,
    FollowUpState,
    FollowUpWindow,
    window_of,
)
from readiness.domain.reviews import ReviewState
from readiness.domain.state import FOLLOW_UP, OUTSIDE_REASONS
from readiness.models import Review
from readiness.models.reviews import LIVING
from readiness.pages.states import STATES, StateWord
from readiness.queries.board import Board, BoardRow
from readiness.queries.follow_ups import ShownFollowUp
from readiness.queries.lifecycle import (
    Lifecycle,
    lifecycle,
    replaced_by,
    why_not_deployed_now,
)
from readiness.queries.notes import notes_of
from readiness.queries.progress import progress, state_of
from readiness.queries.records import named
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
class MeasuredLine:
    """A line of a follow-up that probes judge, with its chip."""

    row: BoardRow
    url: str

    @property
    def title(self) -> SafeString:
        return markdown.inline(self.row.shape.title)

    @property
    def state(self) -> StateWord:
        return STATES[self.row.state]

    @property
    def reason(self) -> str:
        reason = self.row.derived.reason
        return "" if reason == OUTSIDE_REASONS.get(self.row.state) else reason


@dataclass(frozen=True)
class FollowUpView:
    """A follow-up with its chip; `url` is where it is answered, "" where it is not."""

    shown: ShownFollowUp
    tone: str
    icon: str
    words: str
    answered_by: str = ""
    url: str = ""
    # Its lines behind which probes stand.
    measured: Sequence[MeasuredLine] = ()

    @property
    def form(self) -> str:
        """What its form is called where it is refused."""
        return f"answer-{self.shown.row.pk}" if self.shown.row else ""


def lifecycle_context(today: Board, person: User, at: datetime) -> dict[str, Any]:
    """What the page of a review's life is drawn from."""
    review, signed = today.review, progress(today)
    shown = lifecycle(today, at)
    living = today.state in LIVING
    ends_any = person.has_perm(ENDS_ANY)
    state = state_of(today, signed)
    tone, icon = WORDS.get(state, ("crit", "x"))
    return {
        "review": review,
        "url": reverse("readiness:review", args=[review.uuid]),
        "state": state,
        "tone": tone,
        "icon": icon,
        "ended": [each.told for each in shown.transitions],
        "differs": named(shown.differences),
        "not_deployable": why_not_deployed_now(today, signed) if living else "",
        "living": living,
        "follow_ups": _follow_ups(today, shown, person),
        "deployed": today.state in RUNNING,
        "replaced_by": replaced_by(review),
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
        "broken": what_is_broken(review)
        if ends_any and _may_be_broken(today.state)
        else "",
        "may_plan": today.state in RUNNING and _may_follow_up(person),
    }


def _follow_ups(today: Board, shown: Lifecycle, person: User) -> Sequence[FollowUpView]:
    asks = today.state is not ReviewState.INVALIDATED and _may_follow_up(person)
    return [
        FollowUpView(
            each,
            *TONES[each.state],
            answered_by=shown.answered_by(each),
            url=_answer_url(shown.review, each) if asks else "",
            measured=_measured(today, each.window),
        )
        for each in shown.follow_ups
    ]


def _measured(today: Board, window: FollowUpWindow) -> list[MeasuredLine]:
    return [
        MeasuredLine(row, reverse("readiness:item", args=[today.review.uuid, row.id]))
        for row in today.rows
        if row.shape.section.kind == FOLLOW_UP
        and row.shape.checks
        and window_of(row.shape.section.title) is window
    ]


def _answer_url(review: Review, shown: ShownFollowUp) -> str:
    asked = shown.state in {FollowUpState.OPEN, FollowUpState.OVERDUE}
    if not asked or shown.row is None:
        return ""
    return reverse("readiness:answer-follow-up", args=[review.uuid, shown.row.pk])


def _may_follow_up(person: User) -> bool:
    return person.has_perm("readiness.claim") or person.has_perm("readiness.deploy")


def _may_be_broken(state: ReviewState) -> bool:
    return state in LIVING or state in RUNNING
