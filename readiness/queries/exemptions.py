"""Waivers and "not applicable" that count: approved and not revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Value

from readiness.domain.state import Exemption
from readiness.models import NotApplicable, Waiver


@dataclass(frozen=True)
class Exemptions:
    """By the review item's id."""

    waivers: dict[int, Exemption] = field(default_factory=dict)
    not_applicable: dict[int, Exemption] = field(default_factory=dict)


def exemptions(reviews: Sequence[int]) -> Exemptions:
    """Those of several reviews: one query.

    An ended waiver is still listed: the rules know the moment, this does not.
    """
    columns = (
        "review_item_id",
        "reason",
        "requested_by__username",
        "approved_by__username",
    )
    approved = {
        "review_item__review__in": reviews,
        "approved_by__isnull": False,
        "revoked_at__isnull": True,
    }
    waivers = (
        Waiver.objects.filter(**approved)
        .order_by()
        .annotate(kind=Value("waiver"))
        .values_list("kind", "ends", *columns)
    )
    not_applicable = (
        NotApplicable.objects.filter(**approved)
        .order_by()
        # The union needs a column of the waiver's type; it is not read.
        .annotate(kind=Value("not_applicable"))
        .values_list("kind", "requested_at", *columns)
    )
    both = Exemptions()
    for kind, ends, item, reason, requested_by, approved_by in waivers.union(
        not_applicable, all=True
    ):
        waiver = kind == "waiver"
        exemption = Exemption(
            reason=reason,
            ends=ends if waiver else None,
            requested_by=requested_by,
            approved_by=approved_by,
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
