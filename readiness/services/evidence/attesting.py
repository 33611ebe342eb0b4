"""Reports that somebody attests for a commit: of tests (JUnit) and of coverage.

From a service account that may attest, a report is read by the probes of its lines,
which hold it against what pytest collects at that commit. From a person it is evidence
of that person's, which counts for nothing until another confirms it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import probe
from audit import services as audit
from kernel import blobs, build
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid, TooLarge
from operations.domain.xml_reports import NoReport, read_coverage, read_junit
from operations.services import probing, reports
from operations.services.sources import NotHere
from readiness.models import Check, Evidence, Review, ReviewItem, Standing
from readiness.queries.reviews import object_of
from readiness.services.evidence.filing import LONGEST_NAME
from readiness.services.living import hold_living
from readiness.services.reviews import tag_of

COMMIT = re.compile(r"[0-9a-f]{40}")
JUNIT, COVERAGE = "junit", "coverage"
KINDS = (JUNIT, COVERAGE)


@dataclass(frozen=True)
class NewAttestation:
    """`name` is what the sender called the file."""

    kind: str
    commit: str
    content: bytes
    name: str = ""


@dataclass(frozen=True)
class Attestation:
    """`suites` that the report names; a report of coverage names none."""

    sha256: str
    suites: Sequence[str]


def attest(new: NewAttestation, by: User) -> Attestation:
    """Take the report in. Raises TooLarge, Invalid for what is no such report or says
    itself that it is about another commit, Conflict where no living review is about
    this commit."""
    suites = _suites(new)
    digest = hashlib.sha256(new.content).hexdigest()
    with transaction.atomic():
        reviews = hold_living(commit=new.commit)
        if not reviews:
            raise Conflict(
                f"No living review is about commit {new.commit[:12]}.", code="no_review"
            )
        if by.is_service and by.has_perm("readiness.attest"):
            _hand_to_probes(new, suites, reviews)
        else:
            _file(new, suites, reviews, by)
        _log(new, digest, suites, reviews, by)
    return Attestation(digest, suites)


def attest_own(kind: str, commit: str, suites: Sequence[str]) -> None:
    """Tell the log what `make evidence` has just written: as account `probe`, for the
    living reviews of this commit. Raises NotHere for a report that no probe could
    read either."""
    name = f"junit-{suites[0]}.xml" if suites else reports.COVERAGE
    content = reports.read(commit, name)
    if content is None:
        raise NotHere(f"{name} has more than {reports.MOST_BYTES:,} bytes or is gone")
    new = NewAttestation(kind, commit, content)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        _log(new, digest, suites, hold_living(commit=commit), probe.account())


def _suites(new: NewAttestation) -> list[str]:
    """What the file itself tells."""
    if not COMMIT.fullmatch(new.commit):
        said = "40 hexadecimal digits, as `git rev-parse HEAD` says them"
        raise Invalid.of([FieldError("/commit", "commit", said)])
    if new.kind not in KINDS:
        raise Invalid.of([FieldError("/kind", "choice", "one of junit, coverage")])
    if len(new.content) > reports.MOST_BYTES:
        raise TooLarge(f"A report has at most {reports.MOST_BYTES:,} bytes.")
    try:
        if new.kind == COVERAGE:
            read_coverage(new.content)
            return []
        report = read_junit(new.content)
    except NoReport as error:
        said = f"this is no {new.kind} report: {error}"
        raise Invalid.of([FieldError("/file", "report", said)]) from None
    if report.commit not in {"", new.commit}:
        said = f"the report says that it is about commit {report.commit[:12]}"
        raise Invalid.of([FieldError("/file", "other_commit", said)])
    return [str(suite) for suite in report.suites]


def _hand_to_probes(
    new: NewAttestation, suites: Sequence[str], reviews: Iterable[Review]
) -> None:
    """The newest report of a suite counts. Judging takes a probe at this commit."""
    names = [f"junit-{suite}.xml" for suite in suites] or [reports.COVERAGE]
    for name in names:
        reports.keep(new.commit, name, new.content)
    if new.commit == build.running().commit:
        checks = _checks(new.kind, suites, reviews)
        asked = {(check.probe, frozenset(check.params.items())) for check in checks}
        for name, params in sorted(asked, key=str):
            probing.request(name, dict(params))


def _file(
    new: NewAttestation, suites: Sequence[str], reviews: Iterable[Review], by: User
) -> None:
    """Beside each line that the report is about, as this person's word."""
    blobs.keep(new.content)
    checks = list(_checks(new.kind, suites, reviews))
    told = ", ".join(suites) or "coverage"
    for review in reviews:
        lines = ReviewItem.objects.filter(
            review=review, item__in={check.item_id for check in checks}
        )
        for line in lines.select_related("review", "item"):
            evidence = Evidence.objects.create(
                review_item=line,
                kind=Evidence.Kind.ATTESTATION,
                verdict=Evidence.Verdict.INFO,
                summary=f"{new.kind} report of commit {new.commit[:12]}: {told}",
                reason=f"attested by {by.username}",
                commit=new.commit,
                environment=review.environment,
                collector=by.actor,
                observed_at=timezone.now(),
                blob_sha256=hashlib.sha256(new.content).hexdigest(),
                blob_name=new.name[-LONGEST_NAME:],
                blob_size=len(new.content),
                filed_by=by,
            )
            Standing.objects.create(review_item=line, latest=evidence)
            _log_filed(line, evidence, by)
        bump(tag_of(review))


def _checks(
    kind: str, suites: Sequence[str], reviews: Iterable[Review]
) -> Iterable[Check]:
    """The checks of these reviews' lines that such a report is about."""
    lines = ReviewItem.objects.filter(review__in=reviews)
    asked = Check.objects.filter(
        probe__in=("junit", "smoke", "coverage"), item__in=lines.values("item")
    )
    for check in asked.order_by("pk"):
        suite = check.params.get("suite", "unit")
        about = {"junit": suite, "smoke": "smoke"}.get(check.probe)
        if (kind == COVERAGE) if about is None else about in suites:
            yield check


def _log_filed(line: ReviewItem, evidence: Evidence, by: User) -> None:
    audit.append(
        "readiness.evidence.filed",
        actor=by.actor,
        object=object_of(line.review),
        data={
            "item": str(line.pk),
            "key": line.item.key,
            "evidence": str(evidence.pk),
            "sha256": evidence.blob_sha256,
            "kind": evidence.kind,
        },
    )


def _log(
    new: NewAttestation,
    digest: str,
    suites: Sequence[str],
    reviews: Iterable[Review],
    by: User,
) -> None:
    for review in reviews:
        audit.append(
            "readiness.report.attested",
            actor=by.actor,
            object=object_of(review),
            data={
                "kind": new.kind,
                "commit": new.commit,
                "sha256": digest,
                "suites": list(suites),
            },
        )
