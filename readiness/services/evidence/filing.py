"""Evidence of persons: one files it, another confirms it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel import blobs
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from readiness.domain.filed_files import refusal
from readiness.models import Confirmation, Evidence, ReviewItem, Standing
from readiness.queries.reviews import object_of
from readiness.services.living import changing, refuse_ended
from readiness.services.reviews import tag_of

FILE_LIMIT = 10_000_000
TEXT_LIMIT = 20_000
LONGEST_NAME = 200
LINKS = ("https://", "http://")
NAMED = re.compile(r"https?://[^/?#\\]*@")
FILED_KINDS = (Evidence.Kind.FILE, Evidence.Kind.LINK, Evidence.Kind.OUTPUT)


@dataclass(frozen=True)
class NewEvidence:
    """Filed by a person: `content` is the text's or link's UTF-8, or a file's
    bytes; `name` is what the browser called it, `stated` the type it gave it."""

    kind: str
    summary: str
    content: bytes
    name: str = ""
    stated: str = ""


def file_evidence(item: ReviewItem, new: NewEvidence, by: User) -> Evidence:
    """Keep it by its SHA-256; it counts once another person has confirmed it.

    Raises Invalid for empty, oversized or unsafe content, Conflict for a review
    that has ended.
    """
    refuse_ended(item.review)
    _check(new)
    digest = blobs.keep(new.content)
    with changing(item.review):
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
            blob_name=Path(new.name).name,
            blob_size=len(new.content),
            filed_by=by,
        )
        Standing.objects.create(review_item=item, latest=evidence)
        _log("filed", item, evidence, by, kind=new.kind)
        bump(tag_of(item.review))
    return evidence


def confirm_evidence(item: ReviewItem, evidence_id: int, by: User) -> Evidence:
    """A second person agrees. Raises NotFound, Forbidden for one's own and for a
    service account, Conflict when it is confirmed already."""
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
    if by.is_service:
        raise Forbidden("A person confirms this, no service account.", code="person")
    if evidence.filed_by == by:
        raise Forbidden("Somebody else must confirm what you filed.", code="own")
    try:
        with changing(item.review):
            Confirmation.objects.create(evidence=evidence, by=by)
            _log("confirmed", item, evidence, by)
            bump(tag_of(item.review))
    except IntegrityError as error:
        raise Conflict("It is confirmed already.", code="confirmed") from error
    return evidence


def _check(new: NewEvidence) -> None:
    wrong = []
    limit = FILE_LIMIT if new.kind == Evidence.Kind.FILE else TEXT_LIMIT
    if new.kind not in FILED_KINDS:
        wrong.append(FieldError("/kind", "choice", "one of file, link, output"))
    if not new.content:
        wrong.append(FieldError("/content", "empty", "it is empty"))
    if len(new.content) > limit:
        wrong.append(FieldError("/content", "size", f"at most {limit:,} bytes"))
    if not new.summary.strip() or len(new.summary) > 500:
        wrong.append(FieldError("/summary", "length", "1 to 500 characters"))
    if new.kind == Evidence.Kind.LINK:
        wrong += _of_link(new.content.decode(errors="replace"))
    if len(Path(new.name).name) > LONGEST_NAME:
        said = f"the file's name has at most {LONGEST_NAME} characters: shorten it"
        wrong.append(FieldError("/file", "length", said))
    if new.kind == Evidence.Kind.FILE and not wrong:
        fault = refusal(new.name, new.content, new.stated)
        wrong += [fault] if fault else []
    if wrong:
        raise Invalid.of(wrong)


def _of_link(link: str) -> list[FieldError]:
    """What is wrong with it. Evidence is kept for good, and shown to all who read it."""
    if not link.startswith(LINKS):
        return [FieldError("/content", "link", "a link starts with https://")]
    if NAMED.match(link):
        said = "a link holds no user name or password"
        return [FieldError("/content", "link", said)]
    return []


def _log(
    verb: str, item: ReviewItem, evidence: Evidence, by: User, **more: str
) -> None:
    audit.append(
        f"readiness.evidence.{verb}",
        actor=by.actor,
        object=object_of(item.review),
        data={
            "item": str(item.pk),
            "key": item.item.key,
            "evidence": str(evidence.pk),
            "sha256": evidence.blob_sha256,
            **more,
        },
    )
