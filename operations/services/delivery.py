"""Empties the outbox: what is a row is delivered at least once.

Claims are compare-and-set with a lease and a fence, so two deliverers never send
the same notice at the same time, and a killed one's notice is sent again with the
same Message-ID. What somebody hears of an alert on one channel comes in the order
in which it was written: an older word is never sent after a newer one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from operations.channels import ChannelError, Message, send
from operations.domain.waits import wait_after
from operations.models import Alert, Notice
from operations.models.notices import FORGOTTEN, SUPERSEDED
from operations.services import leases

# A mail server is given up after 10 s; what a killed deliverer held is free soon.
LEASE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
MOST_ATTEMPTS = 10
UNRESOLVED = 7  # attempts that count while the alert lasts; then each waits longest
BATCH = 20
# A tick has 30 s in all, and one mail may take 10 of them.
BEGIN_WITHIN = 15.0
ENDED_ITS_DELIVERER = "each process that began to send it ended before it was sent"
State = Notice.State


def deliver(at: datetime, *, begin_within: float = BEGIN_WITHIN) -> int:
    """Send what is due, at most 20 notices, each begun within so many seconds;
    returns how many were sent."""
    now = _clock(at)
    _free_expired(at)
    due = Notice.objects.filter(state=State.QUEUED, next_attempt_at__lte=at)
    waited_longest = due.order_by("next_attempt_at", "pk")[:BATCH]
    last_begin = at + timedelta(seconds=begin_within)
    sent = 0
    for pk in sorted(waited_longest.values_list("pk", flat=True)):
        if now() >= last_begin:
            break
        notice = _claim(pk, now())
        if notice is not None:
            sent += _send(notice, now)
    return sent


def _clock(at: datetime) -> Callable[[], datetime]:
    """What time it is when `at` was now, to the second: a lease counts from its claim,
    and a mail is sent when it was taken, however many went before."""
    begun = time.monotonic()
    return lambda: at + timedelta(seconds=int(time.monotonic() - begun))


def _free_expired(at: datetime) -> None:
    """Leases and waits that a clock set back left further ahead than they can be
    are pulled back. What ended its deliverer ten times will end the next."""
    sending = Notice.objects.filter(state=State.SENDING)
    lost = sending.filter(lease_until__lt=at)
    for notice in lost.filter(attempts__gte=MOST_ATTEMPTS)[:BATCH]:
        _settle(notice, state=State.DEAD, last_error=ENDED_ITS_DELIVERER)
    lost.filter(attempts__lt=MOST_ATTEMPTS).update(
        state=State.QUEUED, lease_owner="", lease_until=None, next_attempt_at=at
    )
    sending.filter(lease_until__gt=at + 2 * LEASE).update(lease_until=at + LEASE)
    queued = Notice.objects.filter(state=State.QUEUED)
    queued.filter(next_attempt_at__gt=at + LONGEST_WAIT).update(next_attempt_at=at)


def _claim(pk: int, at: datetime) -> Notice | None:
    """The notice, now ours until the lease ends; None when it is not to be had."""
    notice = Notice.objects.get(pk=pk)
    with transaction.atomic():
        if notice.kind == "alert" and not _is_next_word(notice):
            return None
        won = Notice.objects.filter(pk=pk, state=State.QUEUED).update(
            state=State.SENDING,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            lease_owner=leases.owner(),
            lease_until=at + LEASE,
        )
    return Notice.objects.get(pk=pk) if won else None


def _is_next_word(notice: Notice) -> bool:
    """Whether its reader may hear it now. It waits for an older one that is being
    sent, and is given up once a newer one is: "resolved" must not follow "firing
    again". Locks what this reader hears of the alert on this channel."""
    words = _words_like(notice).select_for_update().order_by("pk")
    states = dict(words.values_list("pk", "state"))
    newer = {state for pk, state in states.items() if pk > notice.pk}
    if newer & {State.SENDING, State.SENT}:
        Notice.objects.filter(pk=notice.pk, state=State.QUEUED).update(
            state=State.SUPPRESSED, last_error=SUPERSEDED
        )
        return False
    return all(
        pk >= notice.pk or state != State.SENDING for pk, state in states.items()
    )


def _words_like(notice: Notice) -> QuerySet[Notice]:
    return Notice.objects.filter(
        about=notice.about, recipient=notice.recipient, channel=notice.channel
    )


def _send(notice: Notice, now: Callable[[], datetime]) -> int:
    try:
        send(
            notice.channel,
            Message(
                uid=str(notice.uid),
                address=notice.address,
                subject=notice.subject,
                body=notice.body,
            ),
        )
    except ChannelError as error:
        _failed(notice, error, now())
        return 0
    _settle(notice, state=State.SENT, sent_at=now(), last_error="")
    return 1


def _failed(notice: Notice, error: ChannelError, at: datetime) -> None:
    """Tried in vain for long, it dies, but not while its alert is unresolved: the mail
    server may be what the alert is about."""
    goes_on = _is_of_unresolved(notice)
    dead = error.permanent or (notice.attempts >= MOST_ATTEMPTS and not goes_on)
    wait = min(LONGEST_WAIT, wait_after(notice.attempts))
    _settle(
        notice,
        state=State.DEAD if dead else State.QUEUED,
        next_attempt_at=at + wait,
        # Below the most, so that one more killed deliverer does not end it.
        attempts=min(notice.attempts, UNRESOLVED) if goes_on else notice.attempts,
        last_error=str(error)[:500],
    )


def _is_of_unresolved(notice: Notice) -> bool:
    if notice.kind != "alert":
        return False
    alerts = Alert.objects.exclude(state=Alert.State.RESOLVED)
    return notice.about in {
        f"alert:{uid}" for uid in alerts.values_list("uid", flat=True)
    }


def _settle(notice: Notice, **values: object) -> None:
    """Write a result only while the claim is still ours."""
    if notice.secret and values["state"] in {State.SENT, State.DEAD}:
        values["body"] = FORGOTTEN
    with transaction.atomic():
        Notice.objects.filter(
            pk=notice.pk, fence=notice.fence, state=State.SENDING
        ).update(lease_owner="", lease_until=None, **values)
