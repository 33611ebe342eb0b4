"""Waivers that have ended: logged once, and told to who asked and who approved.

The waiver itself stays as it was signed; that it holds no more follows from `ends`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.registry import Letter, post
from kernel.web import own_origin
from readiness.models import EndedWaiver, Waiver
from readiness.queries.exemptions import newly_ended
from readiness.queries.reviews import object_of
from readiness.services.reviews import tag_of

AT_ONCE = 100


def note_endings(now: datetime) -> int:
    """How many were noted; what is left waits for the next run."""
    return sum(_note(waiver, now) for waiver in newly_ended(now, AT_ONCE))


def _note(waiver: Waiver, now: datetime) -> bool:
    item = waiver.review_item
    with transaction.atomic():
        _, new = EndedWaiver.objects.get_or_create(waiver=waiver, defaults={"at": now})
        if not new:
            return False
        for person in (waiver.requested_by, waiver.approved_by):
            if person is not None and person.is_active and person.email:
                post(_letter(waiver, person))
        audit.append(
            "readiness.waiver.ended",
            actor="j:readiness.waivers",
            object=object_of(item.review),
            data={
                "item": str(item.pk),
                "key": item.item.key,
                "waiver": str(waiver.pk),
                "ends": waiver.ends.isoformat(),
            },
        )
        bump(tag_of(item.review))
    return True


def _letter(waiver: Waiver, person: User) -> Letter:
    item = waiver.review_item
    where = reverse("readiness:item", args=[item.review.uuid, item.pk])
    return Letter(
        kind="waiver-ended",
        about=f"waiver:{waiver.pk}",
        recipient=person.username,
        address=person.email,
        subject=f"The waiver of {item.item.key} has ended",
        body=(
            f"The waiver of {item.item.key} in {item.review} ended at "
            f"{waiver.ends:%Y-%m-%d %H:%M} UTC. The line counts again as what it is.\n\n"
            f"{own_origin()}{where}\n"
        ),
    )
