"""A liar with the database: what the log tells of nobody is under a seal.

No event says when an unchanged verdict was seen again, with which settings, or what a
probe measured before anybody judged it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.management.utils import get_random_secret_key
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.registry import PROBES
from operations.models import ProbeResult
from operations.queries.measurements import params_digest
from readiness.domain.state import FORGED
from readiness.models import Check, Evidence, Review, Standing
from readiness.services.evidence.collecting import collect
from readiness.services.lifecycle import deploy
from tests.readiness.conftest import COMMIT
from tests.readiness.lies.acts import Attack, records, saw, state, today


def see_it_again(review: Review) -> None:
    """It was seen yesterday, and is moved to today."""
    check = Check.objects.get(probe="cors")
    now = timezone.now()
    ends = now + timedelta(seconds=check.freshness + check.grace)
    records().update(observed_at=now, valid_until=ends)


def see_it_with_other_settings(review: Review) -> None:
    records().update(configuration="c" * 64)


def see_something_nicer(review: Review) -> None:
    records().update(value="0", summary="nothing at all", reason="no faults at all")


def copy_it_by_hand(review: Review) -> None:
    """As a new record, at which the standing points."""
    record = records().latest("pk")
    record.pk, record.observed_at = None, timezone.now()
    check = Check.objects.get(probe="cors")
    record.valid_until = record.observed_at + timedelta(
        seconds=check.freshness + check.grace
    )
    (made,) = Evidence.objects.bulk_create([record])
    Standing.objects.filter(check_of=check).update(latest=made, conclusive=made)


def take_the_seal_away(review: Review) -> None:
    records().update(seal="")


ATTACKS = [
    see_it_again,
    see_it_with_other_settings,
    see_something_nicer,
    copy_it_by_hand,
    take_the_seal_away,
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_record_that_was_changed_is_out_of_date_until_it_is_seen_anew(
    review: Review, vera: Client, attack: Attack
) -> None:
    assert state(today(review)) == "approved"
    attack(review)

    shown = today(review)
    row = shown.by_key["SEC-02"]
    assert (row.state, row.derived.reason) == ("stale", FORGED)
    assert not shown.verdict.ready
    api = f"/api/readiness/reviews/{review.uuid}"
    items = vera.get(f"{api}/items").json()["items"]
    assert [each["state"] for each in items if each["key"] == "SEC-02"] == ["stale"]
    page = vera.get(f"/readiness/reviews/{review.uuid}/").content.decode()
    assert FORGED.rstrip(".") in page

    saw("0")
    assert today(review).by_key["SEC-02"].state == "proven"


def test_a_fail_that_was_forged_over_stays_a_fail(review: Review) -> None:
    saw("2")
    see_it_again(review)
    assert today(review).by_key["SEC-02"].state == "failed"


def measured(value: str) -> ProbeResult:
    """As `saw` has it, but by hand: past the product."""
    now = timezone.now()
    return ProbeResult(
        name="cors", params={}, params_digest=params_digest({}), definition="d" * 64,
        about=PROBES["cors"].about, commit=COMMIT, tree_clean=True,
        environment="development", host="here", value=value, detail=f"saw {value}",
        started_at=now, observed_at=now,
    )  # fmt: skip


def test_what_no_probe_measured_is_not_judged(review: Review) -> None:
    saw("3")
    forged = measured("0")
    forged.seal = ProbeResult.objects.latest("pk").seal  # of another measurement
    ProbeResult.objects.bulk_create([forged])
    collect(timezone.now())
    assert today(review).by_key["SEC-02"].state == "failed"
    assert records().latest("pk").value == "3"


def test_a_measurement_that_was_changed_is_not_judged(review: Review) -> None:
    known = records().count()
    ProbeResult.objects.bulk_create([measured("4")])
    ProbeResult.objects.update(value="0", detail="clean")
    collect(timezone.now())
    assert records().count() == known


def test_a_seal_outlives_a_rotated_key_and_no_longer_than_it(
    review: Review, settings: LazySettings
) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, get_random_secret_key()
    settings.SECRET_KEY_FALLBACKS = [old]
    assert today(review).by_key["SEC-02"].state == "proven"
    settings.SECRET_KEY_FALLBACKS = []
    assert today(review).by_key["SEC-02"].derived.reason == FORGED


def test_what_has_ended_does_not_rot_with_the_key(
    review: Review, people: dict[str, User], settings: LazySettings
) -> None:
    deploy(review, people["dorian"])
    settings.SECRET_KEY = get_random_secret_key()
    shown = today(review, days=30)
    assert (state(shown), shown.by_key["SEC-02"].state) == ("deployed", "proven")
