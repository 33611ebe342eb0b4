"""A restored copy must not wake the past: what ends before it may be opened."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.services.invitations import withdraw_all
from accounts.services.sessions import end_everybody
from audit import channels as audit_channels
from audit import queries as audit_queries
from audit.services import append
from operations.domain.alerting import TimelineKind
from operations.models import (
    Alert,
    Backup,
    Follower,
    Heartbeat,
    JobRun,
    Notice,
    Silence,
)
from operations.models.notices import FORGOTTEN
from operations.services import timeline
from operations.services.backups.files import Manifest

WHY = "restored"
NO_LEASE = {"lease_owner": "", "lease_until": None}


@transaction.atomic
def settle(manifest: Manifest, at: datetime) -> None:
    """One transaction after which the restored database may be opened."""
    _end_work(at)
    _resolve_alerts(at)
    end_everybody(reason=WHY)
    withdraw_all()
    _begin_epoch(manifest)


def _end_work(at: datetime) -> None:
    """Unfinished runs and backups are over, nothing unsent is sent, and no process of
    back then lives: a second restore would wait for it."""
    Heartbeat.objects.all().delete()
    JobRun.objects.filter(state__in=JobRun.UNFINISHED).update(
        **NO_LEASE, state=JobRun.State.LOST, finished_at=at, error=WHY
    )
    Backup.objects.filter(status=Backup.Status.RUNNING).update(
        status=Backup.Status.FAILED, finished_at=at, error=WHY
    )
    unsent = Notice.objects.filter(
        state__in=[Notice.State.QUEUED, Notice.State.SENDING]
    )
    unsent.filter(secret=True).update(body=FORGOTTEN)
    unsent.update(**NO_LEASE, state=Notice.State.SUPPRESSED, last_error=WHY)


def _resolve_alerts(at: datetime) -> None:
    unresolved = Alert.objects.exclude(state=Alert.State.RESOLVED)
    for alert in unresolved:
        timeline.note(
            alert,
            TimelineKind.RESOLVED,
            at=at,
            actor="system",
            text="restored from a backup",
        )
    unresolved.update(state=Alert.State.RESOLVED, resolved_at=at)
    # Nor does one that had calmed down say so after the restore.
    Alert.objects.filter(unsettled=True).update(unsettled=False)
    # What was silenced then may page now.
    Silence.objects.filter(ended_at=None).update(ended_at=at)


def _begin_epoch(manifest: Manifest) -> None:
    """The log says that it was restored, and from where to where; whoever follows
    it goes on behind what was there."""
    head = audit_queries.head()
    published = audit_channels.published(head.origin)
    append(
        "operations.backup.restored",
        actor="system",
        object=f"backup:{manifest.uid}",
        data={
            "origin": head.origin,
            "published_size": str(published.size if published else 0),
            "published_root": published.root if published else "",
            "restored_size": str(head.size),
            "epoch": str(audit_queries.next_epoch()),
        },
    )
    Follower.objects.update(next_seq=head.size + 1)
