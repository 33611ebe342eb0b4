"""A person says that an item is done, or takes it back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict
from readiness.models import Review, ReviewItem
from readiness.models.reviews import LIVING
from readiness.queries.board import claimant
from readiness.queries.reviews import find_item
from readiness.services.reviews import object_of, tag_of


def claim_item(
    claim: ReviewItem, *, done: bool, revision: int, note: str, by: User
) -> None:
    """Set or withdraw the claim if nobody changed the item since `revision`.

    `claim` comes with its review and item. Raises Conflict, with `current`, when
    somebody was first or the review no longer takes claims.
    """
    refuse_ended(claim.review)
    now = timezone.now()
    with transaction.atomic():
        changed = ReviewItem.objects.filter(pk=claim.pk, revision=revision).update(
            claimed=done,
            claimed_by=by if done else None,
            claimed_by_import=False,
            claimed_at=now if done else None,
            claim_note=note,
            changed_by=by,
            changed_at=now,
            revision=revision + 1,
        )
        if not changed:
            raise stale(claim.pk)
        audit.append(
            "readiness.item.claimed" if done else "readiness.item.unclaimed",
            actor=by.actor,
            object=object_of(claim.review),
            data={
                "item": str(claim.pk),
                "key": claim.item.key,
                "revision": str(revision + 1),
                # What a person typed may name people: only its length is kept here.
                "note_length": str(len(note)),
            },
        )
        bump(tag_of(claim.review))


def refuse_ended(review: Review) -> None:
    """Raises Conflict for a review whose facts are final."""
    if review.state not in LIVING:
        raise Conflict(
            f"This review is {review.state}: it takes no more changes.",
            code="review_ended",
        )


def stale(item: int) -> Conflict:
    """Names who changed the item meanwhile, and how it stands."""
    row = find_item(item)
    who = row.changed_by.username if row.changed_by else "somebody"
    what = "claimed" if row.claimed else "unclaimed"
    return Conflict(
        f"{row.item.key} was changed by {who} meanwhile: it is {what} now "
        f"(revision {row.revision}).",
        code="stale_revision",
        extra={"current": current(row)},
    )


def current(row: ReviewItem) -> dict[str, object]:
    """How a claim stands, as a conflict tells it."""
    return {
        "revision": row.revision,
        "claimed": row.claimed,
        "claimed_by": claimant(row),
        "claimed_at": row.claimed_at,
        "changed_by": row.changed_by.username if row.changed_by else None,
        "changed_at": row.changed_at,
    }
