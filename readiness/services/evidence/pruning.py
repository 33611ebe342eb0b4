"""Old records of probes that nothing needs any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Exists, OuterRef, Q, QuerySet

from readiness.domain.keeping import OldRecord, forgettable
from readiness.models import Evidence, Signoff, Standing

KEPT = timedelta(days=40)
CHUNK = 500


def prune(at: datetime) -> int:
    """Delete probes' records older than 40 days; how many.

    What a check stands on today (its latest record and its latest pass or fail),
    each change of verdict and what was signed stay; what a person filed, confirmed
    or attested stays for ever, and so do its files.
    """
    ids = list(_forgettable(at))
    for start in range(0, len(ids), CHUNK):
        _unneeded().filter(pk__in=ids[start : start + CHUNK]).delete()
    return len(ids)


def _unneeded() -> QuerySet[Evidence]:
    """Records of probes that no check stands on."""
    pointer = Q(latest=OuterRef("pk")) | Q(conclusive=OuterRef("pk"))
    return Evidence.objects.filter(
        ~Exists(Standing.objects.filter(pointer)),
        check_of__isnull=False,
        filed_by=None,
        blob_sha256="",
    )


def _forgettable(at: datetime) -> Iterator[int]:
    signed = defaultdict(list)
    for review, moment in Signoff.objects.values_list("review", "signed_at"):
        signed[review].append(moment)
    rows = (
        _unneeded()
        .filter(observed_at__lt=at - KEPT)
        .order_by("review_item", "check_of", "observed_at", "pk")
        .values_list(
            "review_item__review", "review_item", "check_of",
            "pk", "observed_at", "verdict",
        )
    )  # fmt: skip
    for (review, _, _), group in groupby(rows.iterator(), key=lambda row: row[:3]):
        records = [OldRecord(*row[3:]) for row in group]
        yield from forgettable(records, signed_at=signed[review])
