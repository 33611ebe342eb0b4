"""A person says that an item is done, or takes it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid, Stale
from readiness.models import ReviewItem
from readiness.queries.facts import claimant
from readiness.queries.item import find_item
from readiness.queries.reviews import object_of
from readiness.services.filling import salted_values
from readiness.services.living import changing, changing_line
from readiness.services.reviews import tag_of

LONGEST_NOTE = 500
MOST_AT_ONCE = 500  # lines of one request


def claim_item(
    item: int,
    *,
    done: bool,
    revision: int,
    note: str,
    by: User,
    review: UUID | None = None,
) -> ReviewItem:
    """Set or withdraw the claim of a line (of this `review`) if nobody changed it since
    `revision`; the line as it was.

    Raises NotFound, Conflict when the review no longer takes claims, Stale, with
    `current`, when somebody was first, Invalid for a note that is too long.
    """
    _check_note(note)
    with changing_line(item, review) as line:
        if not _claimed(line, done=done, revision=revision, note=note, by=by):
            raise stale(item)
    return line


@dataclass(frozen=True)
class RefusedLine:
    """A line of several that was not claimed, and why."""

    line: ReviewItem
    error: Conflict


def claim_several(
    claims: Sequence[tuple[ReviewItem, int]], *, done: bool, note: str, by: User
) -> list[RefusedLine]:
    """Lines of one review, each by the revision that was seen of it, each its own event;
    those that somebody changed meanwhile are named and the others claimed. Raises
    Conflict for a review that has ended, Invalid for a note that is too long: then none
    is."""
    _check_note(note)
    with changing(claims[0][0].review):
        return [
            RefusedLine(line, stale(line.pk))
            for line, revision in claims
            if not _claimed(line, done=done, revision=revision, note=note, by=by)
        ]


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        limit = f"at most {LONGEST_NOTE} characters"
        raise Invalid.of([FieldError("/note", "length", limit)])


def _claimed(
    line: ReviewItem, *, done: bool, revision: int, note: str, by: User
) -> bool:
    """Of a held review; False, and nothing is written, where somebody was first."""
    now = timezone.now()
    changed = ReviewItem.objects.filter(pk=line.pk, revision=revision).update(
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
        return False
    audit.append(
        "readiness.item.claimed" if done else "readiness.item.unclaimed",
        actor=by.actor,
        object=object_of(line.review),
        data={
            "item": str(line.pk),
            "key": line.item.key,
            "revision": str(revision + 1),
            # What a person typed may name people: only its length is kept here.
            "note_length": str(len(note)),
        },
    )
    bump(tag_of(line.review))
    return True


def fill_fields(
    claim: ReviewItem, values: Mapping[str, str], *, revision: int, by: User
) -> None:
    """Fill the item's blanks if nobody changed it since `revision`.

    Blanks that `values` does not name stay as they are. Raises Invalid for a blank
    that the item does not have or a choice that it does not offer, Conflict as
    `claim_item` does.
    """
    _check_values(claim, values)
    now = timezone.now()
    salts, hmacs = salted_values(values)
    with changing(claim.review):
        changed = ReviewItem.objects.filter(pk=claim.pk, revision=revision).update(
            values={**claim.values, **values},
            salts={**claim.salts, **salts},
            changed_by=by,
            changed_at=now,
            revision=revision + 1,
        )
        if not changed:
            raise stale(claim.pk)
        audit.append(
            "readiness.item.filled",
            actor=by.actor,
            object=object_of(claim.review),
            data={
                "item": str(claim.pk),
                "key": claim.item.key,
                "hmacs": hmacs,
                "revision": str(revision + 1),
            },
        )
        bump(tag_of(claim.review))


def _check_values(claim: ReviewItem, values: Mapping[str, str]) -> None:
    fields = {field.label: field for field in claim.item.fields.all()}
    wrong = []
    for label, value in values.items():
        field = fields.get(label)
        if field is None:
            wrong.append(FieldError(f"/{label}", "unknown", "no such blank here"))
        elif field.choices and value and value not in field.choices:
            offered = ", ".join(field.choices)
            wrong.append(FieldError(f"/{label}", "choice", f"one of {offered}"))
        elif len(value) > 200:
            wrong.append(FieldError(f"/{label}", "length", "at most 200 characters"))
    if wrong:
        raise Invalid.of(wrong)


def stale(item: int) -> Stale:
    """Names who changed the item meanwhile, and how it stands."""
    row = find_item(item)
    who = row.changed_by.username if row.changed_by else "somebody"
    what = "claimed" if row.claimed else "unclaimed"
    return Stale(
        f"{row.item.key} was changed by {who} meanwhile: it is {what} now "
        f"(revision {row.revision}).",
        current=current(row),
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
