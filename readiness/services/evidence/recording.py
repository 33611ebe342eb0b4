"""Records of what probes saw: append-only, the newest ones stand for their line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from audit import services as audit
from kernel.cache import bump
from kernel.registry import Measurement
from readiness.domain import verdicts
from readiness.domain.logged import FOLLOWED as FOLLOW_UP_JUDGED
from readiness.domain.logged import JUDGED
from readiness.domain.verdicts import Judgement, Verdict
from readiness.models import Evidence, Standing
from readiness.queries.due import FOLLOWED, FollowedCheck, WatchedCheck
from readiness.queries.logged import logged_review
from readiness.queries.reviews import object_of
from readiness.services.lifecycle import hold
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
    with transaction.atomic():
        if not hold_living(pk=line.review.pk):
            return None
        evidence = _append(line, judgement, answer, at, line.check.params)
        was = _stand(line, evidence)
        if judgement.verdict in verdicts.CONCLUSIVE and was != judgement.verdict:
            _log(JUDGED, line, evidence, was=was)
        bump(tag_of(line.review))
    return evidence


def record_follow_up(
    line: FollowedCheck, judgement: Judgement, answer: Observation | None, at: datetime
) -> Evidence | None:
    """The same of a check over the window of a follow-up, once: the log hears of each
    pass or fail, whatever was seen before the deployment. None where somebody was
    first, or the review is followed up no more."""
    with transaction.atomic():
        log = logged_review(hold(line.review))
        question = (str(line.item.pk), line.check.probe, line.check.definition_sha256)
        if question in log.followed or str(log.state) not in FOLLOWED:
            return None
        evidence = _append(line, judgement, answer, at, dict(line.params))
        was = _stand(line, evidence)
        if judgement.verdict in verdicts.CONCLUSIVE:
            _log(FOLLOW_UP_JUDGED, line, evidence, was=was, window=line.window)
        bump(tag_of(line.review))
    return evidence


def _stand(line: WatchedCheck, evidence: Evidence) -> str:
    """Point the line's standing at the record; the verdict that stood before."""
    was = line.standing.conclusive if line.standing else None
    counts = evidence.verdict in verdicts.CONCLUSIVE
    Standing.objects.update_or_create(
        review_item=line.item,
        check_of=line.check,
        defaults={"latest": evidence, "conclusive": evidence if counts else was},
    )
    return was.verdict if was else "none"


def _append(
    line: WatchedCheck,
    judgement: Judgement,
    answer: Observation | None,
    at: datetime,
    params: Mapping[str, str],
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
        params=params,
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


def _log(
    kind: str, line: WatchedCheck, evidence: Evidence, *, was: str, **more: str
) -> None:
    audit.append(
        kind,
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
            **more,
        },
    )
