"""Evidence: what probes saw, judged; what persons file; who confirms it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.build import Build, running
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from kernel.registry import PROBES
from operations import queries as operations
from operations.services import probing
from readiness.domain import verdicts
from readiness.domain.verdicts import Judgement, Measured
from readiness.models import Check, Confirmation, Evidence, ReviewItem, Standing
from readiness.queries.reviews import Watched, watched_checks
from readiness.services.claims import refuse_ended
from readiness.services.reviews import object_of, tag_of

COLLECTOR = "j:readiness-evidence"
Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Result:
    """What readiness reads of a probe's newest result."""

    measured: Measured
    observed_at: datetime
    commit: str
    clean: bool
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Collected:
    """What one round did."""

    watched: int
    recorded: int
    requested: int

    def __str__(self) -> str:
        return (
            f"{self.watched} checks watched, {self.recorded} records added, "
            f"{self.requested} probes asked for"
        )


def collect(at: datetime) -> Collected:
    """Judge what probes have seen since, and ask for what should be seen again.

    Only reviews of the running commit: nobody else can say anything about them.
    """
    build = running()
    watched = watched_checks(build.commit, settings.RRR_ENV)
    results = _newest_results(watched, build)
    recorded = sum(_judge_one(one, results, build, at) for one in watched)
    due = {
        _key(one.check.probe, one.check.params): one.check
        for one in watched
        if _may_ask(one.check) and build.proves and one.due(at, _at(one, results))
    }
    for check in due.values():
        probing.request(check.probe, dict(check.params))
    return Collected(len(watched), recorded, len(due))


def _key(probe: str, params: Mapping[str, str]) -> Key:
    return probe, frozenset(params.items())


def _may_ask(check: Check) -> bool:
    """Heavy probes (load, scans) run when a person asks, never by themselves."""
    known = PROBES.get(check.probe)
    return known is not None and not known.heavy


def _at(one: Watched, results: Mapping[Key, Result]) -> datetime | None:
    found = results.get(_key(one.check.probe, one.check.params))
    return found.observed_at if found else None


def _newest_results(watched: Sequence[Watched], build: Build) -> dict[Key, Result]:
    wanted = {
        _key(one.check.probe, one.check.params): (
            one.check.probe,
            dict(one.check.params),
        )
        for one in watched
        if one.check.probe in PROBES
    }
    found = operations.latest_results(
        list(wanted.values()), build.commit, settings.RRR_ENV
    )
    return {
        _key(row.name, row.params): Result(
            measured=Measured(row.value, row.detail, row.unit, row.error),
            observed_at=row.observed_at,
            commit=row.commit,
            clean=row.tree_clean,
            facts=row.facts,
        )
        for row in found.values()
    }


def _judge_one(
    one: Watched, results: Mapping[Key, Result], build: Build, at: datetime
) -> bool:
    """Append a record when there is something new to say; True if so."""
    latest = one.standing.latest if one.standing else None
    result = results.get(_key(one.check.probe, one.check.params))
    if one.check.probe not in PROBES:
        judgement, result = verdicts.unavailable(one.check.probe), None
    elif not build.proves:
        judgement, result = verdicts.unproving(clean=build.clean), None
    elif result is None or (latest and result.observed_at <= latest.observed_at):
        return False
    elif not result.clean:
        judgement = verdicts.unproving(clean=False)
    else:
        judgement = verdicts.judge(result.measured, one.check.threshold)
    if latest is not None and _says_nothing_new(one, latest, judgement, at):
        return False
    record(one, judgement, result, at)
    return True


def _says_nothing_new(
    one: Watched, latest: Evidence, judgement: Judgement, at: datetime
) -> bool:
    """The same could-not-measure again, or a fresh verdict repeated too early."""
    if judgement.verdict != latest.verdict:
        return False
    if judgement.verdict == verdicts.ERROR:
        return judgement.reason == latest.reason
    return at < verdicts.due_at(latest.verdict, latest.observed_at, one.check.freshness)


def record(
    one: Watched, judgement: Judgement, result: Result | None, at: datetime
) -> Evidence:
    """Append the record and point the item's standing at it.

    The log hears of it only when the verdict changed.
    """
    check, before = one.check, one.standing
    observed_at = result.observed_at if result else at
    passed = judgement.verdict == verdicts.PASS
    with transaction.atomic():
        evidence = Evidence.objects.create(
            review_item=one.item,
            check_of=check,
            kind=Evidence.Kind.METRIC,
            verdict=judgement.verdict,
            summary=result.measured.detail if result else judgement.reason,
            reason=judgement.reason,
            probe=check.probe,
            params=check.params,
            threshold=check.threshold,
            definition_sha256=check.definition_sha256,
            value=result.measured.value if result else None,
            unit=result.measured.unit if result else "",
            facts=dict(result.facts) if result else {},
            commit=result.commit if result else "",
            environment=settings.RRR_ENV,
            collector=COLLECTOR,
            observed_at=observed_at,
            valid_until=(
                verdicts.valid_until(observed_at, check.freshness, check.grace)
                if passed
                else None
            ),
        )
        conclusive = (
            evidence
            if judgement.verdict in verdicts.CONCLUSIVE
            else (before.conclusive if before else None)
        )
        Standing.objects.update_or_create(
            review_item=one.item,
            check_of=check,
            defaults={"latest": evidence, "conclusive": conclusive},
        )
        was = before.latest.verdict if before else "none"
        if was != judgement.verdict:
            audit.append(
                "readiness.evidence.judged",
                actor=COLLECTOR,
                object=object_of(one.review),
                data={
                    "item": str(one.item.pk),
                    "key": one.key,
                    "probe": check.probe,
                    "verdict": judgement.verdict,
                    "was": was,
                    "reason": judgement.reason[:500],
                    "commit": evidence.commit,
                    "definition_sha256": check.definition_sha256,
                },
            )
        bump(tag_of(one.review))
    return evidence


def run_now(item: ReviewItem, checks: Iterable[Check]) -> list[str]:
    """Ask for the item's probes at once; the names of those that can run here.

    Raises Conflict when none of them can.
    """
    refuse_ended(item.review)
    asked = []
    for check in checks:
        if check.probe in PROBES:
            probing.request(check.probe, dict(check.params))
            asked.append(check.probe)
    if not asked:
        raise Conflict(
            "No probe of this item is available here: a person files its evidence.",
            code="no_probe",
        )
    return asked


# --- evidence of persons ----------------------------------------------------

FILE_LIMIT = 20_000_000
TEXT_LIMIT = 20_000
LINKS = ("https://", "http://")


@dataclass(frozen=True)
class NewEvidence:
    """Filed by a person: `content` is the text's or link's UTF-8, or a file's
    bytes; `name` and `type` are what the browser said of a file."""

    kind: str
    summary: str
    content: bytes
    name: str = ""
    type: str = "text/plain"


def file_evidence(item: ReviewItem, new: NewEvidence, by: User) -> Evidence:
    """Keep it by its SHA-256; it counts once another person has confirmed it.

    Raises Invalid for empty, oversized or unsafe content, Conflict for a review
    that has ended.
    """
    refuse_ended(item.review)
    _check_new(new)
    digest = _keep(new.content)
    with transaction.atomic():
        evidence = Evidence.objects.create(
            review_item=item,
            kind=new.kind,
            verdict=Evidence.Verdict.INFO,
            summary=new.summary,
            reason=f"filed by {by.username}",
            commit=item.review.commit,
            environment=item.review.environment,
            collector=by.actor,
            observed_at=timezone.now(),
            blob_sha256=digest,
            blob_name=Path(new.name).name[:200],
            blob_type=new.type[:100],
            blob_size=len(new.content),
            filed_by=by,
        )
        Standing.objects.create(review_item=item, latest=evidence)
        audit.append(
            "readiness.evidence.filed",
            actor=by.actor,
            object=object_of(item.review),
            data={
                "item": str(item.pk),
                "key": item.item.key,
                "evidence": str(evidence.pk),
                "kind": new.kind,
                "sha256": digest,
            },
        )
        bump(tag_of(item.review))
    return evidence


def confirm_evidence(item: ReviewItem, evidence_id: int, by: User) -> Evidence:
    """A second person agrees. Raises NotFound, Forbidden for one's own, Conflict
    when it is confirmed already."""
    refuse_ended(item.review)
    evidence = (
        Evidence.objects.filter(
            pk=evidence_id, review_item=item, filed_by__isnull=False
        )
        .select_related("filed_by")
        .first()
    )
    if evidence is None:
        raise NotFound("There is no such evidence here.", code="not_found")
    if evidence.filed_by == by:
        raise Forbidden("Somebody else must confirm what you filed.", code="own")
    try:
        with transaction.atomic():
            Confirmation.objects.create(evidence=evidence, by=by)
            audit.append(
                "readiness.evidence.confirmed",
                actor=by.actor,
                object=object_of(item.review),
                data={
                    "item": str(item.pk),
                    "key": item.item.key,
                    "evidence": str(evidence.pk),
                    "sha256": evidence.blob_sha256,
                },
            )
            bump(tag_of(item.review))
    except IntegrityError as error:
        raise Conflict("It is confirmed already.", code="confirmed") from error
    return evidence


def _check_new(new: NewEvidence) -> None:
    wrong = []
    limit = FILE_LIMIT if new.kind == Evidence.Kind.FILE else TEXT_LIMIT
    if new.kind not in (Evidence.Kind.FILE, Evidence.Kind.LINK, Evidence.Kind.OUTPUT):
        wrong.append(FieldError("/kind", "choice", "one of file, link, output"))
    if not new.content:
        wrong.append(FieldError("/content", "empty", "it is empty"))
    if len(new.content) > limit:
        wrong.append(FieldError("/content", "size", f"at most {limit:,} bytes"))
    if not new.summary.strip() or len(new.summary) > 500:
        wrong.append(FieldError("/summary", "length", "1 to 500 characters"))
    if new.kind == Evidence.Kind.LINK and not new.content.decode(
        errors="replace"
    ).startswith(LINKS):
        wrong.append(FieldError("/content", "link", "a link starts with https://"))
    if wrong:
        words = "; ".join(f"{one.pointer.strip('/')}: {one.detail}" for one in wrong)
        raise Invalid(words, code="invalid", errors=wrong)


def blob_path(sha256: str) -> Path:
    """Where a blob lies: outside everything that is served as static."""
    return Path(settings.STATE_DIR) / "files" / sha256[:2] / sha256


def _keep(content: bytes) -> str:
    """Write by digest, atomically; the same content is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    path = blob_path(digest)
    if path.exists():
        return digest
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{digest}.{os.getpid()}.part")
    with draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.chmod(0o600)
    draft.replace(path)
    return digest
