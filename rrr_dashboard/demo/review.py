"""The demo's review: opened for the running commit, with a little life in it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from kernel.build import UNKNOWN, running
from readiness.queries.board import Board, BoardRow, board
from readiness.queries.item import find_item
from readiness.queries.reviews import was_reviewed
from readiness.services.builtin import builtin
from readiness.services.claims import claim_item
from readiness.services.comments import comment
from readiness.services.evidence.filing import NewEvidence, file_evidence
from readiness.services.reviews import NewReview, open_review

CLAIMANTS = ("developer", "security", "devops")
EVERY = 2  # of the lines that only people can show, every other one is claimed


def load(by: User) -> UUID | None:
    """Open a review for the running commit if it has none here yet; its id.

    People of the demo, where they exist, claim some lines through the same
    service as everybody; most lines are left for whoever looks. None when the
    commit has a review already, or is unknown: nothing could be bound to it.
    """
    version = builtin(by)
    commit = running().commit
    if commit == UNKNOWN or was_reviewed(commit, settings.RRR_ENV):
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
    _live(board(review, timezone.now()))
    return review.uuid


def _live(shown: Board) -> None:
    people = list(User.objects.filter(username__in=CLAIMANTS).order_by("username"))
    lines = _for_people(shown)
    if not people or not lines:
        return
    claimed = lines[::EVERY]
    for number, row in enumerate(claimed):
        claim_item(
            row.id,
            done=True,
            revision=row.claim.revision,
            note="",
            by=people[number % len(people)],
        )
    notes = NewEvidence(
        kind="output",
        summary="Notes of the walk-through",
        content=b"Demo: the team walked through this line together.",
    )
    file_evidence(find_item(claimed[0].id), notes, people[0])
    question = "Demo: who looks at this a second time?"
    comment(find_item(claimed[-1].id), question, people[-1])


def _for_people(shown: Board) -> Sequence[BoardRow]:
    """Lines inside readiness without a check and without nested lines."""
    parents = {row.shape.parent for row in shown.rows}
    return [
        row
        for row in shown.rows
        if row.inside and not row.shape.checks and row.key not in parents
    ]
