"""Blanks of a line that this product knows itself: filled while its review is opened.

Nothing writes them afterwards but a person: a field is signed, and a newer value shows
in the line's evidence only.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.utils import timezone

from audit import services as audit
from kernel.display import age
from readiness.models import Review, ReviewItem
from readiness.queries.reviews import object_of
from readiness.services.filling import salted_values


def _known() -> Mapping[str, Mapping[str, str]]:
    """{probe of the line: {label in lower case: value}}."""
    retention = ", ".join(
        f"{n} {unit}" for unit, n in settings.BACKUP_RETENTION.items()
    )
    return {
        "backup_restore": {
            "frequency": age(settings.BACKUP_FREQUENCY.total_seconds()),
            "retention": retention,
        }
    }


def fill_known(review: Review) -> None:
    """In the transaction that opens the review; of another environment we know
    nothing."""
    if review.environment != settings.RRR_ENV:
        return
    known = _known()
    lines = ReviewItem.objects.filter(review=review, item__checks__probe__in=known)
    for line in lines.select_related("item").distinct():
        values = {
            field.label: value
            for check in line.item.checks.all()
            for field in line.item.fields.all()
            if (value := known.get(check.probe, {}).get(field.label.lower()))
        }
        if values:
            _fill(review, line, values)


def _fill(review: Review, line: ReviewItem, values: Mapping[str, str]) -> None:
    revision = line.revision + 1
    salts, hmacs = salted_values(values)
    ReviewItem.objects.filter(pk=line.pk).update(
        values=dict(values), salts=salts, changed_at=timezone.now(), revision=revision
    )
    audit.append(
        "readiness.item.filled",
        actor="system",
        object=object_of(review),
        data={
            "item": str(line.pk),
            "key": line.item.key,
            "hmacs": hmacs,
            "revision": str(revision),
        },
    )
