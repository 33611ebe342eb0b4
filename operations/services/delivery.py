"""Empties the outbox: what is a row is delivered at least once.

Claims are compare-and-set with a lease and a fence, so two deliverers never send
the same notice at the same time, and a killed one's notice is sent again with the
same Message-ID.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from operations.channels import ChannelError, Message, channel
from operations.models import Notice
from operations.models.notices import FORGOTTEN
from operations.services import leases

LEASE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 10
BATCH = 20
State = Notice.State


def deliver(at: datetime) -> int:
    """Send what is due, at most 20 notices; returns how many were sent."""
    _free_expired(at)
    due = Notice.objects.filter(state=State.QUEUED, next_attempt_at__lte=at)
    sent = 0
    for pk in list(
        due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:BATCH]
    ):
        notice = _claim(pk, at)
        if notice is not None:
            sent += _send(notice, at)
    return sent


def _free_expired(at: datetime) -> None:
    Notice.objects.filter(state=State.SENDING, lease_until__lt=at).update(
        state=State.QUEUED, lease_owner="", lease_until=None, next_attempt_at=at
    )


def _claim(pk: int, at: datetime) -> Notice | None:
    won = Notice.objects.filter(pk=pk, state=State.QUEUED).update(
        state=State.SENDING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_owner=leases.owner(),
        lease_until=at + LEASE,
    )
    return Notice.objects.get(pk=pk) if won else None


def _send(notice: Notice, at: datetime) -> int:
    try:
        channel(notice.channel).send(
            Message(
                uid=str(notice.uid),
                address=notice.address,
                subject=notice.subject,
                body=notice.body,
            )
        )
    except ChannelError as error:
        _failed(notice, error, at)
        return 0
    _settle(notice, state=State.SENT, sent_at=at, last_error="")
    return 1


def _failed(notice: Notice, error: ChannelError, at: datetime) -> None:
    dead = error.permanent or notice.attempts >= MOST_ATTEMPTS
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (notice.attempts - 1))
    _settle(
        notice,
        state=State.DEAD if dead else State.QUEUED,
        next_attempt_at=at + wait,
        last_error=str(error)[:500],
    )


def _settle(notice: Notice, **values: object) -> None:
    """Write a result only while the claim is still ours."""
    if notice.secret and values["state"] in {State.SENT, State.DEAD}:
        values["body"] = FORGOTTEN
    with transaction.atomic():
        Notice.objects.filter(
            pk=notice.pk, fence=notice.fence, state=State.SENDING
        ).update(lease_owner="", lease_until=None, **values)
