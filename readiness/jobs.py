"""Jobs of readiness; operations runs them and knows nothing of checklists."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from kernel.display import plural
from kernel.registry import Params, job
from readiness.services import coming_due, endings, voiding
from readiness.services.evidence import collecting, following, pruning


@job(
    "readiness-evidence",
    title="Evidence of open reviews",
    schedule="every 10s",
    queue="probes",
)
def collect(params: Params) -> str:
    """Judge the newest results of open reviews' checks and ask for those due."""
    return str(collecting.collect(timezone.now()))


@job(
    "readiness.waivers",
    title="Waivers that end",
    schedule="every 60s",
    goes_on="who asked and who approved must hear that a waiver has ended",
)
def waivers(params: Params) -> str:
    """Log the waivers that have ended, and write to who asked and who approved."""
    return f"waivers that have ended: {endings.note_endings(timezone.now())}"


@job(
    "readiness.lifecycle",
    title="Ends, follow-ups and reminders of reviews",
    schedule="every 60s",
)
def lifecycle(params: Params) -> str:
    """Expire undeployed reviews (not in the demo), open follow-ups, have probes judge
    their lines, and remind."""
    now = timezone.now()
    expired = 0 if settings.RRR_ENV == "demo" else coming_due.expire(now)
    opened, reminded = coming_due.open_follow_ups(now), coming_due.remind(now)
    judged = following.follow(now)
    return (
        f"expired: {expired}, follow-ups opened: {opened}, their lines judged: {judged}, "
        f"reminded: {reminded}"
    )


@job(
    "readiness.void",
    title="Letters about void signatures",
    schedule="every 60s",
    goes_on="signers must hear that their signature is void",
)
def void(params: Params) -> str:
    """Write to signers whose signatures a change has made void."""
    return f"signers written to: {voiding.tell(timezone.now())}"


@job("readiness.prune", title="Cleaning up old evidence", schedule="daily 03:40 UTC")
def prune(params: Params) -> str:
    """Forget old records of probes that nothing needs."""
    return f"{plural(pruning.prune(timezone.now()), 'record')} of probes deleted"
