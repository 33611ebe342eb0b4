"""A liar with the log, the cache, the checklist and the files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from audit import queries as audit
from audit.models import AuditEvent, guard
from kernel.blobs import blob_path
from readiness.models import (
    Check,
    Evidence,
    Review,
    Signoff,
)
from readiness.queries import logged, structure
from readiness.queries.claims import rule_of
from readiness.queries.signatures import filled, signatures
from tests.readiness.lies.acts import (
    flip_a_fail,
    is_named_everywhere,
    records,
    saw,
    state,
    today,
)

# --- the log, the cache, the files -------------------------------------------------------


def test_a_log_that_does_not_hold_bears_nothing_out(
    review: Review, vera: Client
) -> None:
    """A fail was hidden under the name of another thing, and its record flipped."""
    flip_a_fail(review)
    records().update(valid_until=None)
    for record in records():
        check = Check.objects.get(pk=record.check_of_id)
        ends = record.observed_at + timedelta(seconds=check.freshness + check.grace)
        records().filter(pk=record.pk).update(valid_until=ends)
    guard.remove()
    failed = AuditEvent.objects.filter(kind="readiness.evidence.judged").latest("seq")
    AuditEvent.objects.filter(pk=failed.pk).update(object="thing:1")
    logged._KEPT.clear()
    assert not today(review).differences

    assert not audit.verification().ok
    is_named_everywhere(review, vera, "the audit log does not hold: event ")


def test_a_cache_that_says_whole_is_not_believed(review: Review) -> None:
    guard.remove()
    first = AuditEvent.objects.get(seq=1)
    AuditEvent.objects.filter(pk=first.pk).update(actor="p:4711")
    assert not audit.verification().ok
    log = audit.log_name()
    forged = {"of": f"audit-found:{log}", "problems": []}
    size = audit.head().size
    leaf = audit.leaf_at(size - 1)
    assert leaf is not None
    cache.set(f"audit-found:{log}", forged)
    cache.set(
        f"audit-verified:{size}:{leaf.hex()[:16]}",
        {"ok": True, "size": size, "root": "", "problems": [], "unsure": []},
    )
    assert not audit.verification().ok
    assert state(today(review)) == "open"


def test_a_limit_that_was_lowered_judges_nothing(review: Review) -> None:
    """By the worker that has read the checklist before, too."""
    Check.objects.filter(probe="cors").update(threshold="< 1000")
    saw("7")
    row = today(review).by_key["SEC-02"]
    assert row.state == "stale"
    assert "not the one that was published" in row.derived.reason
    structure._kept.cache_clear()
    saw("8")
    assert not records().filter(verdict="pass", value__in=("7", "8")).exists()


_OWN = {"id", "uuid", "nonce", "envelope_sha256", "note", "revoked_at"}


def test_two_rows_of_one_envelope_are_one_signature(review: Review) -> None:
    first = Signoff.objects.filter(role="Developer").get()
    Signoff.objects.create(
        **{
            field.attname: getattr(first, field.attname)
            for field in Signoff._meta.concrete_fields
            if field.name not in _OWN
        },
        nonce="other",
        envelope_sha256="e" * 64,
        note="twice",
        revoked_at=timezone.now(),
    )
    shown = signatures(today(review)).signed
    rule = {**rule_of(review, "Developer"), "distinct": False, "minimum": "2"}
    assert len([each for each in shown if each.signed.role == "Developer"]) == 2
    assert filled(rule, shown) == 1


@pytest.mark.parametrize("content", [b"something else", None])
def test_a_file_that_was_exchanged_is_not_handed_on(
    review: Review, vera: Client, content: bytes | None
) -> None:
    record = Evidence.objects.get(kind="output")
    url = (
        f"/readiness/reviews/{review.uuid}/items/{record.review_item_id}"
        f"/evidence/{record.pk}/file/"
    )
    answer = vera.get(url)
    assert b"".join(answer) == b"yes"
    path = blob_path(record.blob_sha256)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    answer = vera.get(url)
    assert answer.status_code == 404
    assert "no longer stored as it was filed" in answer.content.decode()
