"""The demo's review: opened for the running commit, with a little life in it."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from kernel.build import UNKNOWN, running
from readiness.models import Evidence, Review, ReviewItem
from readiness.queries.board import BoardRow, board
from readiness.queries.item import find_item
from readiness.services.builtin import builtin
from readiness.services.claims import claim_item
from readiness.services.comments import comment
from readiness.services.evidence.filing import NewEvidence, file_evidence
from readiness.services.reviews import NewReview, open_review

CLAIMANTS = ("developer", "security", "devops")
EVERY = 2  # of the lines that only people can show, every other one is claimed


def load(by: User) -> Review | None:
    """Open a review for the running commit if it has none here yet.

    People of the demo, where they exist, claim some lines through the same
    service as everybody; most lines are left for whoever looks. None when the
    commit has a review already, or is unknown: nothing could be bound to it.
    """
    version = builtin(by)
    commit = running().commit
    here = Review.objects.filter(commit=commit, environment=settings.RRR_ENV)
    if commit == UNKNOWN or here.exists():
        return None
    review = open_review(
        NewReview(
            version=version,
            release=settings.RRR_VERSION,
            commit=commit,
            environment=settings.RRR_ENV,
            is_demo=True,
        ),
        by,
    )
    _live(review)
    return review


def _live(review: Review) -> None:
    people = list(User.objects.filter(username__in=CLAIMANTS).order_by("username"))
    lines = _for_people(review)
    if not people or not lines:
        return
    claimed = lines[::EVERY]
    for number, row in enumerate(claimed):
        claim_item(
            _fresh(row),
            done=True,
            revision=row.claim.revision,
            note="",
            by=people[number % len(people)],
        )
    file_evidence(
        _fresh(claimed[0]),
        NewEvidence(
            Evidence.Kind.OUTPUT,
            "Notes of the walk-through",
            b"Demo: the team walked through this line together.",
        ),
        people[0],
    )
    comment(_fresh(claimed[-1]), "Demo: who looks at this a second time?", people[-1])


def _for_people(review: Review) -> Sequence[BoardRow]:
    """Lines inside readiness without a check and without nested lines."""
    shown = board(review, timezone.now())
    parents = {row.shape.parent for row in shown.rows}
    return [
        row
        for row in shown.rows
        if row.inside and not row.shape.checks and row.key not in parents
    ]


def _fresh(row: BoardRow) -> ReviewItem:
    return find_item(row.id)
