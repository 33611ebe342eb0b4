"""Waivers and "not applicable": those that count (approved and not revoked), those of
a line, and who may approve them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet, Value

from accounts.models import User
from kernel.errors import NotFound
from readiness.domain.state import Exemption
from readiness.models import NotApplicable, ReviewItem, Waiver
from readiness.models.reviews import LIVING, ExemptionRecord

SHOWN = 20  # of one kind on the page of a line: more than are ever taken
# How events and addresses name them, and how people do.
KIND: Mapping[type[ExemptionRecord], str] = {
    Waiver: "waiver",
    NotApplicable: "not_applicable",
}
WORDS: Mapping[type[ExemptionRecord], str] = {
    Waiver: "waiver",
    NotApplicable: "“not applicable”",
}
# Whoever holds one of these, and did not ask for it.
APPROVERS: Mapping[type[ExemptionRecord], Sequence[str]] = {
    Waiver: ("readiness.approve_waivers",),
    NotApplicable: ("readiness.claim", "readiness.approve_waivers"),
}
REVOKERS = APPROVERS[NotApplicable]
Kept = TypeVar("Kept", Waiver, NotApplicable)


@dataclass(frozen=True)
class Waiting:
    """A request that nobody has decided."""

    words: str
    requested_by: str
    ends: datetime | None


@dataclass(frozen=True)
class Exemptions:
    """By the review item's id: those that count, and those that wait."""

    waivers: dict[int, Exemption] = field(default_factory=dict)
    not_applicable: dict[int, Exemption] = field(default_factory=dict)
    waiting: dict[int, list[Waiting]] = field(default_factory=dict)


def exemptions(reviews: Sequence[int]) -> Exemptions:
    """Those of several reviews: one query.

    An ended waiver is still listed: the rules know the moment, this does not.
    """
    columns = (
        "id",
        "review_item_id",
        "reason",
        "salt",
        "requested_by__username",
        "approved_by__username",
        "requested_by_id",
        "approved_by_id",
    )
    standing = {"review_item__review__in": reviews, "revoked_at__isnull": True}
    waivers = (
        Waiver.objects.filter(**standing)
        .order_by()
        .annotate(kind=Value("waiver"))
        .values_list("kind", "ends", *columns)
    )
    not_applicable = (
        NotApplicable.objects.filter(**standing)
        .order_by()
        # The union needs a column of the waiver's type; it is not read.
        .annotate(kind=Value("not_applicable"))
        .values_list("kind", "requested_at", *columns)
    )
    both = Exemptions()
    for kind, end, pk, item, reason, salt, *people in waivers.union(
        not_applicable, all=True
    ):
        requested_by, approved_by, requester, approver = people
        waiver = kind == "waiver"
        ends = end if waiver else None
        if approved_by is None:
            kept = Waiting(
                WORDS[Waiver if waiver else NotApplicable], requested_by, ends
            )
            both.waiting.setdefault(item, []).append(kept)
            continue
        exemption = Exemption(
            id=pk,
            salt=bytes(salt),
            reason=reason,
            ends=ends,
            requested_by=requested_by,
            approved_by=approved_by,
            requester=requester,
            approver=approver,
        )
        _keep_longest(both.waivers if waiver else both.not_applicable, item, exemption)
    return both


def _keep_longest(
    by_item: dict[int, Exemption], item: int, exemption: Exemption
) -> None:
    """Of several waivers of one item the longest counts."""
    other = by_item.get(item)
    if other is None or (other.ends and exemption.ends and exemption.ends > other.ends):
        by_item[item] = exemption


def may_approve(row: ExemptionRecord, person: User) -> bool:
    """By role; that nobody approves their own is another rule."""
    return any(person.has_perm(name) for name in APPROVERS[type(row)])


def may_revoke(person: User) -> bool:
    return any(person.has_perm(name) for name in REVOKERS)


def exemptions_of(model: type[Kept], item: ReviewItem) -> list[Kept]:
    """Of one line, the newest first."""
    return list(_with_people(model).filter(review_item=item)[:SHOWN])


def find_exemption(model: type[Kept], pk: int) -> Kept:
    """With its line and review. Raises NotFound."""
    row = (
        _with_people(model)
        .select_related(
            "review_item__review__version__template", "review_item__item__section"
        )
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise NotFound(f"There is no such {WORDS[model]}.", code="not_found")
    return row


def _with_people(model: type[Kept]) -> QuerySet[Kept]:
    return model._default_manager.select_related(
        "requested_by", "approved_by", "revoked_by"
    )


def newly_ended(at: datetime, most: int) -> list[Waiver]:
    """Approved waivers of living reviews that have ended and were not noted yet."""
    rows = _with_people(Waiver).select_related(
        "review_item__review__version__template", "review_item__item"
    )
    return list(
        rows.filter(
            approved_by__isnull=False,
            revoked_by=None,
            ends__lte=at,
            ended=None,
            review_item__review__state__in=LIVING,
        ).order_by("ends")[:most]
    )
