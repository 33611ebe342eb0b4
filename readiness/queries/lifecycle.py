"""What became of a review: its transitions, its follow-ups, and what comes due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from kernel.errors import Conflict, Invalid, NotFound
from readiness.domain.lifecycle import (
    RUNNING,
    Gap,
    why_not_deployed,
)
from readiness.models import Review, Transition
from readiness.models.reviews import LIVING
from readiness.queries.board import Board
from readiness.queries.follow_ups import ASKED, ShownFollowUp, follow_ups_of
from readiness.queries.people import names
from readiness.queries.progress import PlaceState, SignoffProgress, state_of
from readiness.queries.records import RecordDifference, why_unlike_the_log
from readiness.queries.reviews import find_review
from readiness.queries.transitions import (
    ShownTransition,
    how_it_ended,
    transitions_of,
    unlogged,
)


@dataclass(frozen=True)
class Lifecycle:
    """What became of a review, oldest first, and its follow-ups as of a moment, as the
    log tells them; `differences` are what the database says besides."""

    review: Review
    transitions: Sequence[ShownTransition]
    follow_ups: Sequence[ShownFollowUp]
    answerers: Mapping[str, str]
    differences: Sequence[RecordDifference]

    def answered_by(self, shown: ShownFollowUp) -> str:
        """Who answered a follow-up, as a username; "" where nobody has."""
        return self.answerers.get(shown.done_by, "")


def lifecycle(board: Board, at: datetime) -> Lifecycle:
    """Three queries, and names."""
    review, log = board.review, board.log
    shown = transitions_of(review, log)
    follow_ups = follow_ups_of([review], {review.pk: log}, at)[review.pk].shown
    own = [RecordDifference("", text) for each in shown for text in each.differs]
    return Lifecycle(
        review,
        shown,
        follow_ups,
        names({each.done_by for each in follow_ups if each.done_by}),
        [*board.differences, *own, *unlogged(review, log)],
    )


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
    if board.state not in LIVING:
        return how_it_ended(board.review)
    if differs := why_unlike_the_log(board.differences, "nothing is deployed"):
        return differs
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
    """Reviews whose next review has come and of which nobody was reminded; none that was
    invalidated, and none that another deployment has replaced."""
    rows = Review.objects.filter(
        ~Exists(_later_deployments()),
        next_review_at__lte=at.date(),
        reminded_at=None,
        state__in=RUNNING,
    ).select_related("created_by")
    return list(rows.order_by("next_review_at")[:most])


def _later_deployments() -> QuerySet[Review]:
    """Of the same template and environment as the review of the query around it."""
    return Review.objects.filter(
        version__template=OuterRef("version__template"),
        environment=OuterRef("environment"),
        ended_at__gt=OuterRef("ended_at"),
        state__in=RUNNING,
    )


def replaced_by(review: Review) -> Review | None:
    """The deployed review that has taken this one's place since; None where none has."""
    if review.state not in RUNNING or review.ended_at is None:
        return None
    later = Review.objects.filter(
        version__template=review.version.template_id,
        environment=review.environment,
        ended_at__gt=review.ended_at,
        state__in=RUNNING,
    )
    return later.order_by("ended_at").last()


def concerned(review: Review) -> list[User]:
    """Who opened it, and who deployed it: whom letters about its time go to."""
    deployed = Q(review=review, state=Review.State.DEPLOYED)
    rows = Transition.objects.filter(deployed).select_related("by")
    people = [review.created_by, *(row.by for row in rows)]
    known = {person.pk: person for person in people if person is not None}
    return [each for each in known.values() if each.is_active and each.email]
