"""Old records of probes are forgotten; what decided, was signed or filed is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import SigningKey, User
from kernel import blobs
from readiness.models import Check, Evidence, Review, ReviewItem, Signoff, Standing
from readiness.services.evidence import pruning

DAY = timedelta(days=1)


@pytest.fixture
def line(review: Review) -> ReviewItem:
    return ReviewItem.objects.get(review=review, item__key="SEC-01")


def seen(line: ReviewItem, age: timedelta, verdict: str = "pass") -> Evidence:
    return Evidence.objects.create(
        review_item=line,
        check_of=Check.objects.get(item=line.item),
        kind="metric",
        verdict=verdict,
        summary="seen",
        environment="development",
        collector="j:readiness-evidence",
        observed_at=timezone.now() - age,
    )


def filed(line: ReviewItem, by: User, age: timedelta) -> Evidence:
    return Evidence.objects.create(
        review_item=line,
        kind="file",
        verdict="info",
        summary="seen",
        environment="development",
        collector=by.actor,
        filed_by=by,
        blob_sha256=blobs.keep(b"what ada saw"),
        observed_at=timezone.now() - age,
    )


def stand(line: ReviewItem, latest: Evidence, conclusive: Evidence) -> None:
    Standing.objects.create(
        review_item=line,
        check_of=latest.check_of,
        latest=latest,
        conclusive=conclusive,
    )


def sign(review: Review, by: User, at: datetime) -> None:
    key = SigningKey.objects.create(user=by, key_id="k" * 64, public=b"p", wrapped=b"w")
    Signoff.objects.create(
        review=review,
        role="Developer",
        signer=by,
        key=key,
        meaning="reviewed",
        nonce="n",
        envelope=b"e",
        envelope_sha256="e" * 64,
        claim_root="c" * 64,
        claims=b"",
        signed_at=at,
    )


def test_old_records_go_and_what_counts_stays(line: ReviewItem) -> None:
    changed, repeated = seen(line, 90 * DAY), seen(line, 80 * DAY)
    passed, silent = seen(line, 70 * DAY), seen(line, 60 * DAY, "error")
    latest, young = seen(line, 50 * DAY, "error"), seen(line, DAY)
    stand(line, latest, passed)
    assert pruning.prune(timezone.now()) == 2
    kept = set(Evidence.objects.all())
    assert kept == {changed, passed, latest, young}
    assert {repeated.pk, silent.pk}.isdisjoint(record.pk for record in kept)
    assert Standing.objects.count() == 1, "its pointers lead somewhere"
    assert pruning.prune(timezone.now()) == 0


def test_what_stood_at_a_signature_stays(
    review: Review, line: ReviewItem, ada: User
) -> None:
    first, signed, later = (seen(line, age * DAY) for age in (90, 80, 60))
    sign(review, ada, timezone.now() - 70 * DAY)
    assert pruning.prune(timezone.now()) == 1
    assert set(Evidence.objects.all()) == {first, signed}
    assert later.pk not in Evidence.objects.values_list("pk", flat=True)


def test_what_a_person_filed_and_its_file_stay_for_ever(
    line: ReviewItem, ada: User
) -> None:
    record = filed(line, ada, 4_000 * DAY)
    assert pruning.prune(timezone.now()) == 0
    assert list(Evidence.objects.all()) == [record]
    assert blobs.blob_path(record.blob_sha256).read_bytes() == b"what ada saw"


def test_many_go_in_parts(line: ReviewItem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 7)
    records = [seen(line, (90 - number) * DAY) for number in range(40)]
    assert pruning.prune(timezone.now()) == 39
    assert list(Evidence.objects.all()) == [records[0]]
