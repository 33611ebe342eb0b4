"""Who is to do a line: said beside it, never signed."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import FieldError, Invalid
from readiness.models import ReviewItem
from readiness.queries.people import person_called
from readiness.queries.reviews import object_of
from readiness.services.living import changing
from readiness.services.reviews import tag_of


def assign(lines: Sequence[ReviewItem], username: str, by: User) -> None:
    """Give these lines of one review to a person, or with "" to nobody: an event for
    each that was somebody else's. Raises Invalid for nobody who works on reviews,
    Conflict for a review that has ended."""
    assignee = _worker(username) if username else None
    review = lines[0].review
    with changing(review):
        for line in lines:
            row = ReviewItem.objects.get(pk=line.pk)
            if row.assignee_id == (assignee.pk if assignee else None):
                continue
            row.assignee = assignee
            row.save(update_fields=["assignee"])
            audit.append(
                "readiness.item.assigned",
                actor=by.actor,
                object=object_of(review),
                data={
                    "item": str(line.pk),
                    "key": line.item.key,
                    "assignee": assignee.actor if assignee else None,
                },
            )
        bump(tag_of(review))


def _worker(username: str) -> User:
    person = person_called(username)
    if person is None or not person.is_active or not person.has_perm("readiness.claim"):
        fault = FieldError("/assignee", "choice", "nobody of this name works reviews")
        raise Invalid.of([fault])
    return person
