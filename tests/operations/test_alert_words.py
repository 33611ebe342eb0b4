"""What somebody hears of an alert: in the order in which it was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from accounts.models import User
from operations.domain.alerting import Reading
from operations.models import Alert, JobRun, Notice, Rule
from operations.models.jobs import Job
from operations.services import alerting, delivery, leases, outbox
from operations.services.outbox import Announcement, Recipient

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLGA = Recipient(name="olga", address="olga@example.test")
OSKAR = Recipient(name="oskar", address="oskar@example.test")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def word(level: str, *, about: str = "alert:1", to: Recipient = OLGA) -> Notice:
    announcement = Announcement(
        kind="alert", about=about, level=level, subject=level, body=level
    )
    outbox.queue(announcement, [to], NOON)
    return Notice.objects.get(about=about, level=level, recipient=to.name)


def state_of(notice: Notice) -> str:
    return Notice.objects.get(pk=notice.pk).state


def test_a_word_that_waits_to_be_tried_again_does_not_follow_a_newer_one() -> None:
    resolved = word("resolved")
    Notice.objects.filter(pk=resolved.pk).update(next_attempt_at=after(60), attempts=3)
    again = word("firing again")
    for seconds in (10, 60, 3600):
        delivery.deliver(after(seconds))
    assert [message.subject for message in mail.outbox] == ["firing again"]
    resolved.refresh_from_db()
    assert (resolved.state, resolved.last_error) == (
        "suppressed",
        "a newer message about it was sent first",
    )
    assert state_of(again) == "sent"


def test_words_that_are_due_together_are_sent_in_their_order() -> None:
    first, second = word("firing"), word("resolved")
    Notice.objects.filter(pk=first.pk).update(next_attempt_at=after(5))
    Notice.objects.filter(pk=second.pk).update(next_attempt_at=after(1))
    assert delivery.deliver(after(10)) == 2
    assert [message.subject for message in mail.outbox] == ["firing", "resolved"]


def test_a_newer_word_waits_for_the_one_that_is_being_sent() -> None:
    first = word("firing")
    assert delivery._claim(first.pk, NOON) is not None
    second = word("resolved")
    assert delivery.deliver(after(10)) == 0
    assert state_of(second) == "queued"
    assert delivery.deliver(after(40)) == 2


@pytest.mark.parametrize(
    ("about", "to"), [("alert:2", OLGA), ("alert:1", OSKAR)], ids=["alert", "reader"]
)
def test_another_alerts_or_readers_word_is_not_held_back(
    about: str, to: Recipient
) -> None:
    waiting = word("resolved")
    Notice.objects.filter(pk=waiting.pk).update(next_attempt_at=after(60))
    word("firing", about=about, to=to)
    delivery.deliver(after(10))
    delivery.deliver(after(60))
    assert [message.subject for message in mail.outbox] == ["firing", "resolved"]


def test_waits_that_a_clock_set_back_left_in_the_future_are_pulled_back() -> None:
    queued, sending = word("firing"), word("firing", about="alert:2")
    far = after(2 * 3600)
    Notice.objects.filter(pk=queued.pk).update(next_attempt_at=far)
    Notice.objects.filter(pk=sending.pk).update(state="sending", lease_until=far)
    run = JobRun.objects.create(
        job=Job.objects.create(name="dead"), due_at=NOON, state="running"
    )
    JobRun.objects.update(lease_until=far)
    delivery.deliver(NOON)
    leases.free_lost(NOON)
    assert (state_of(queued), state_of(sending)) == ("sent", "sending")
    delivery.deliver(after(31))
    leases.free_lost(after(31))
    run.refresh_from_db()
    assert (state_of(sending), run.state) == ("sent", "queued")


def test_an_open_alert_is_found_after_the_clock_was_set_back(
    operator: User, memory_rule: Rule, make_alert: Callable[..., Alert]
) -> None:
    mark = alerting.fingerprint("memory", "host")
    make_alert(60, "resolved", fingerprint=mark, target="host")
    open_one = make_alert(0, "firing", fingerprint=mark, target="host")
    low = Reading("memory", "host", memory_rule.threshold)
    for seconds in range(0, 60, 10):
        alerting.apply(low, memory_rule, after(seconds))
    open_one.refresh_from_db()
    assert open_one.state == "resolved"
