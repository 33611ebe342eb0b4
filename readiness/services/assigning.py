"""Who is to do a line, and who owns a section: said beside them, never signed."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import FieldError, Invalid
from readiness.models import Review, ReviewItem
from readiness.queries.people import person_called
from readiness.queries.reviews import object_of
from readiness.queries.structure import structure
from readiness.services.living import changing
from readiness.services.reviews import tag_of


def assign(lines: Sequence[ReviewItem], username: str, by: User) -> None:
    """Give these lines of one review to a person, or with "" to nobody: an event for
    each that was somebody else's. Raises Invalid for nobody who works on reviews,
    Conflict for a review that has ended."""
    assignee = _worker(username, "assignee") if username else None
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


def own_section(review: Review, slug: str, username: str, by: User) -> None:
    """Make a person the owner of a section of this review, or with "" nobody; an event
    where it was somebody else's. Raises Invalid for no section of it and for nobody who
    works on reviews, Conflict for a review that has ended."""
    titles = {each.slug: each.title for each in structure(review.version).sections}
    if slug not in titles:
        fault = FieldError("/section", "choice", "this review has no such section")
        raise Invalid.of([fault])
    owner = _worker(username, "owner") if username else None
    with changing(review) as held:
        name = owner.actor if owner else ""
        if held.owners.get(slug, "") == name:
            return
        held.owners.pop(slug, None)
        if name:
            # Names may change hands, ids do not.
            held.owners[slug] = name
        held.save(update_fields=["owners"])
        audit.append(
            "readiness.section.owned",
            actor=by.actor,
            object=object_of(held),
            data={
                "section": slug,
                "title": titles[slug],
                "owner": owner.actor if owner else None,
            },
        )
        bump(tag_of(held))


def _worker(username: str, field: str) -> User:
    person = person_called(username)
    if (
        person is None
        or not person.is_active
        or person.is_service
        or not person.has_perm("readiness.claim")
    ):
        fault = FieldError(f"/{field}", "choice", "nobody of this name works reviews")
        raise Invalid.of([fault])
    return person
