"""What became of a review: its transitions, its follow-ups, and what comes due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from kernel.errors import Conflict, Invalid, NotFound
from readiness.domain.lifecycle import (
    RUNNING,
    FollowUpState,
    Gap,
    follow_up_state,
    why_not_deployed,
)
from readiness.models import FollowUp, Review, Transition
from readiness.models.reviews import LIVING
from readiness.queries.board import Board
from readiness.queries.follow_ups import ASKED
from readiness.queries.progress import PlaceState, SignoffProgress, state_of
from readiness.queries.reviews import find_review


@dataclass(frozen=True)
class ShownFollowUp:
    """A follow-up and how it stands at a moment."""

    row: FollowUp
    state: FollowUpState


@dataclass(frozen=True)
class Lifecycle:
    """What became of a review, oldest first, and its follow-ups as of a moment."""

    review: Review
    transitions: Sequence[Transition]
    follow_ups: Sequence[ShownFollowUp]

    @property
    def end(self) -> Transition | None:
        """What ended it: the first that is stored of it."""
        return self.transitions[0] if self.transitions else None


def lifecycle(review: Review, at: datetime) -> Lifecycle:
    """Two queries."""
    transitions = Transition.objects.filter(review=review).select_related("by", "cause")
    follow_ups = FollowUp.objects.filter(review=review).select_related("done_by")
    return Lifecycle(
        review,
        list(transitions),
        [
            ShownFollowUp(row, follow_up_state(row.due_at, row.done_at, at))
            for row in follow_ups
        ],
    )


def how_it_ended(review: Review) -> str:
    """Why a review takes no more changes, and by whom, in one sentence."""
    last = (
        Transition.objects.filter(review=review)
        .select_related("by", "cause")
        .order_by("-at", "-id")
        .first()
    )
    return told(last) if last else f"This review is {review.state}."


def told(transition: Transition) -> str:
    """A transition in one sentence."""
    state, moment = transition.state, f"{transition.at:%Y-%m-%d %H:%M} UTC"
    if transition.state == Review.State.SUPERSEDED and transition.cause:
        return (
            f"This review was superseded on {moment}: {transition.cause.release} was "
            f"deployed to {transition.cause.environment}"
            f"{_by(transition)}."
        )
    if state == Review.State.EXPIRED:
        return f"This review expired on {moment}: {transition.reason}"
    why = f" Reason: {transition.reason}" if transition.reason else ""
    verb = {
        Review.State.MONITORING: "is being monitored since",
        Review.State.CLOSED: "was closed on",
    }.get(Review.State(state), f"was {state} on")
    return f"This review {verb} {moment}{_by(transition)}.{why}"


def _by(transition: Transition) -> str:
    return f" by {transition.by.username}" if transition.by else ""


def gap(board: Board, progress: SignoffProgress) -> Gap:
    """What stands between the review and its deployment."""
    return Gap(
        state=state_of(board, progress),
        blockers=len(board.verdict.blockers),
        missing=tuple(
            place.role
            for place in progress.places
            if place.state is not PlaceState.SIGNED
        ),
    )


def why_not_deployed_now(board: Board, progress: SignoffProgress) -> str:
    """In one sentence; "" where it may be."""
    if board.review.state not in LIVING:
        return how_it_ended(board.review)
    return why_not_deployed(gap(board, progress))


def review_to_deploy(given: dict[str, object]) -> Review:
    """By its id, or as the gate names it: release, environment and commit.

    Raises NotFound, Invalid for neither, Conflict where several have the three.
    """
    if isinstance(review := given.get("review"), UUID):
        return find_review(review)
    names = {name: given.get(name) for name in ("release", "environment", "commit")}
    if not all(names.values()):
        raise Invalid(
            "Name the review by its id, or by release, environment and commit.",
            code="review",
        )
    rows = list(
        Review.objects.filter(**names, state__in=(*LIVING, *ASKED))
        .select_related("version__template", "created_by")
        .order_by("-created_at", "-id")[:2]
    )
    if not rows:
        raise NotFound("There is no such review.", code="not_found")
    if len(rows) > 1:
        raise Conflict(
            "Several reviews are of this release, environment and commit: name one by "
            "its id.",
            code="several",
        )
    return rows[0]


def undeployed(before: datetime, most: int) -> list[Review]:
    """Living reviews of no demo that were opened before."""
    rows = Review.objects.filter(
        state__in=LIVING, is_demo=False, created_at__lte=before
    ).exclude(environment="demo")
    return list(rows.order_by("created_at")[:most])


def to_remind(at: datetime, most: int) -> list[Review]:
    """Reviews, none of them invalidated, whose next review has come and of which nobody was reminded."""
    rows = Review.objects.filter(
        next_review_at__lte=at.date(), reminded_at=None, state__in=RUNNING
    ).select_related("created_by")
    return list(rows.order_by("next_review_at")[:most])


def concerned(review: Review) -> list[User]:
    """Who opened it, and who deployed it: whom letters about its time go to."""
    deployed = Q(review=review, state=Review.State.DEPLOYED)
    rows = Transition.objects.filter(deployed).select_related("by")
    people = [review.created_by, *(row.by for row in rows)]
    known = {person.pk: person for person in people if person is not None}
    return [each for each in known.values() if each.is_active and each.email]
