"""Records of what probes saw: append-only, the newest ones stand for their line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from audit import services as audit
from kernel.cache import bump
from kernel.registry import Measurement
from readiness.domain import verdicts
from readiness.domain.verdicts import Judgement, Verdict
from readiness.models import Evidence, Standing
from readiness.queries.due import WatchedCheck
from readiness.queries.reviews import object_of
from readiness.services.living import hold_living
from readiness.services.reviews import tag_of

COLLECTOR = "j:readiness-evidence"
UNMEASURED = Measurement(value=None, detail="")


@dataclass(frozen=True)
class Observation:
    """What readiness reads of a probe's newest result."""

    measurement: Measurement
    observed_at: datetime
    configuration: str = ""


def record(
    line: WatchedCheck, judgement: Judgement, answer: Observation | None, at: datetime
) -> Evidence | None:
    """Append the record and point the item's standing at it; None, and nothing is
    written, where the review has ended meanwhile.

    Without an answer the record says why there is none. The log hears of it only
    when another pass or fail stands now than before: that something could not be
    measured is a record, never an event.
    """
    before = line.standing
    with transaction.atomic():
        if not hold_living(pk=line.review.pk):
            return None
        evidence = _append(line, judgement, answer, at)
        was = before.conclusive if before else None
        counts = judgement.verdict in verdicts.CONCLUSIVE
        conclusive = evidence if counts else was
        Standing.objects.update_or_create(
            review_item=line.item,
            check_of=line.check,
            defaults={"latest": evidence, "conclusive": conclusive},
        )
        said = was.verdict if was else "none"
        if counts and said != judgement.verdict:
            _log(line, evidence, said)
        bump(tag_of(line.review))
    return evidence


def _append(
    line: WatchedCheck, judgement: Judgement, answer: Observation | None, at: datetime
) -> Evidence:
    check = line.check
    measurement = answer.measurement if answer else UNMEASURED
    observed_at = answer.observed_at if answer else at
    valid_until = None
    if judgement.verdict == Verdict.PASS:
        valid_until = verdicts.valid_until(observed_at, check.freshness, check.grace)
    return Evidence.objects.create(
        review_item=line.item,
        check_of=check,
        kind=Evidence.Kind.METRIC,
        verdict=judgement.verdict,
        summary=measurement.detail if answer else judgement.reason,
        reason=judgement.reason,
        probe=check.probe,
        params=check.params,
        threshold=check.threshold,
        definition_sha256=check.definition_sha256,
        value=measurement.value,
        unit=measurement.unit,
        facts=dict(measurement.facts),
        commit=measurement.commit,
        environment=settings.RRR_ENV,
        configuration=answer.configuration if answer else "",
        collector=COLLECTOR,
        observed_at=observed_at,
        valid_until=valid_until,
    )


def _log(line: WatchedCheck, evidence: Evidence, was: str) -> None:
    audit.append(
        "readiness.evidence.judged",
        actor=COLLECTOR,
        object=object_of(line.review),
        data={
            "item": str(line.item.pk),
            "key": line.key,
            "probe": evidence.probe,
            "verdict": evidence.verdict,
            "was": was,
            "reason": evidence.reason[:500],
            "commit": evidence.commit,
            "definition_sha256": evidence.definition_sha256,
        },
    )
