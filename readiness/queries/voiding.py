"""Reviews whose signatures a change may void, and who changed their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef

from audit import queries as audit
from readiness.models import Review, Signoff
from readiness.models.reviews import LIVING
from readiness.queries.people import names
from readiness.queries.reviews import object_of

# What changes a signed line.
KINDS = (
    *(f"readiness.item.{verb}" for verb in ("claimed", "unclaimed")),
    *(f"readiness.item.{verb}" for verb in ("filled", "restored")),
    *(f"readiness.evidence.{verb}" for verb in ("judged", "filed", "confirmed")),
    *(f"readiness.waiver.{verb}" for verb in ("approved", "revoked")),
    *(f"readiness.not_applicable.{verb}" for verb in ("approved", "revoked")),
)


def signed_reviews(most: int) -> Iterator[list[Review]]:
    """All living reviews that somebody has signed, at most so many at a time."""
    signed = Review.objects.filter(
        Exists(Signoff.objects.filter(review=OuterRef("pk"))), state__in=LIVING
    )
    ids = list(signed.order_by("pk").values_list("pk", flat=True))
    rows = Review.objects.select_related("version__template")
    for first in range(0, len(ids), most):
        yield list(rows.filter(pk__in=ids[first : first + most]).order_by("pk"))


def who_changed(review: Review, items: Sequence[int]) -> dict[int, str]:
    """Who changed each of these lines last, by the log's word: two queries."""
    asked = {str(item): item for item in items}
    last = {
        asked[str(event.data["item"])]: event.actor
        for event in audit.logged([object_of(review)], KINDS)
        if str(event.data.get("item")) in asked
    }
    called = names(set(last.values()))
    return {item: called[actor] for item, actor in last.items()}
