"""What this product can see of a review, and why not the rest."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from kernel import build
from kernel.registry import PROBES, Weight
from readiness.models import Review
from readiness.queries.due import counts_here


def out_of_reach(probe: str, review: Review) -> str:
    """Why no evidence of this probe can come from this product for this review, as a
    sentence; "" where it can, and where there is no such probe at all."""
    if probe not in PROBES:
        return ""
    commit = build.running().commit
    if review.commit != commit:
        return (
            f"This product runs commit {commit[:8]}: it can see nothing of "
            f"{review.commit[:8]}."
        )
    if not counts_here(probe, review.environment, settings.RRR_ENV):
        return (
            f"{probe} looks at a running product: only one in "
            f"{review.environment} can show it, and this is {settings.RRR_ENV}."
        )
    return ""


def why_not_now(probe: str, review: Review) -> str:
    """Why a person cannot ask for this probe here and now; "" where they can."""
    known = PROBES.get(probe)
    if known is None:
        return f"There is no probe {probe} here."
    if reason := out_of_reach(probe, review):
        return reason
    if known.weight is Weight.HEAVY:
        return f"{probe} comes from `make evidence`: the product stands still for it."
    running = build.running()
    if not running.proves:
        doubt = running.doubt or "tracked files differ from the commit"
        return f"Nothing can be bound to a commit here: {doubt}. Commit and restart."
    return ""


def why_not_collected(probes: Iterable[str], review: Review) -> str:
    """Why none of these probes can be asked for, the first reason; "" where one can."""
    reasons = [why_not_now(probe, review) for probe in probes]
    return reasons[0] if reasons and all(reasons) else ""
