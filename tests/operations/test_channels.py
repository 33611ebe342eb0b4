"""A channel is one file: nothing but that file makes a new kind work."""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from accounts.models import User
from operations import channels
from operations.channels import ChannelError, Message, channel
from operations.models import Notice
from operations.services import delivery, outbox, paging, spool, telling
from operations.services.database_watch import DatabaseWatch
from operations.services.outbox import Announcement, Recipient
from tests import breaches

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Flight = tuple[str, str, str]
PIGEON = """
from operations.channels import ChannelError

flown = []


def check(address):
    return "" if address.startswith("loft ") else "has no loft"


def send(message):
    if "storm" in message.address:
        raise ChannelError("the storm turned it back", permanent=False)
    if "hawk" in message.address:
        raise ChannelError("a hawk took it", permanent=True)
    flown.append((message.uid, message.address, message.subject))
"""
ANNOUNCEMENT = Announcement(
    kind="alert", about="alert:1", level="firing", subject="Fire", body="Now."
)


@pytest.fixture
def flown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Flight]]:
    """What the pigeons carried; the kind is one file more in the folder."""
    (tmp_path / "pigeon.py").write_text(PIGEON)
    folders = [*channels.__path__, str(tmp_path)]
    monkeypatch.setattr(channels, "__path__", folders)
    yield channel("pigeon").flown  # type: ignore[attr-defined]
    del sys.modules["operations.channels.pigeon"]


def pigeon(address: str) -> Recipient:
    return Recipient(name="ada", address=address, channel="pigeon")


def test_a_new_kind_delivers_what_is_queued_for_it(
    db: None, flown: list[Flight]
) -> None:
    assert outbox.queue(ANNOUNCEMENT, [pigeon("loft 7")], NOON) == 1
    assert delivery.deliver(NOON) == 1
    notice = Notice.objects.get()
    assert flown == [(str(notice.uid), "loft 7", "Fire")]
    assert (notice.state, notice.dedup_key) == ("sent", "alert:1/firing/ada/pigeon")
    assert mail.outbox == []


def test_a_new_kind_carries_an_alert_from_the_rule_to_the_loft(
    db: None, flown: list[Flight], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "operators", lambda: [pigeon("loft 7")])
    breaches.look(NOON, seconds=30)
    delivery.deliver(NOON + timedelta(seconds=1))
    assert [address for _, address, _ in flown] == ["loft 7"]


def test_a_new_kind_carries_the_database_alert_while_the_database_is_away(
    db: None, flown: list[Flight], monkeypatch: pytest.MonkeyPatch, settings, tmp_path
) -> None:
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(paging, "operators", lambda: [pigeon("loft 7")])
    paging.mirror()
    watch = DatabaseWatch(ask=lambda: "gone")
    watch.look(NOON)
    watch.look(NOON + timedelta(seconds=5))
    assert len(flown) == 1
    spool.absorb(NOON)
    notice = Notice.objects.get()
    assert (notice.channel, notice.state) == ("pigeon", "sent")


def test_one_person_on_two_channels_is_told_on_both(
    db: None, flown: list[Flight]
) -> None:
    by_mail = Recipient(name="ada", address="ada@example.test")
    assert outbox.queue(ANNOUNCEMENT, [pigeon("loft 7"), by_mail], NOON) == 2
    assert delivery.deliver(NOON) == 2
    assert len(mail.outbox) == len(flown) == 1


@pytest.mark.parametrize(
    ("address", "state", "error"),
    [
        ("loft storm", "queued", "the storm turned it back"),
        ("loft hawk", "dead", "a hawk took it"),
    ],
    ids=["temporary", "permanent"],
)
def test_a_refusal_is_tried_again_unless_it_is_permanent(
    db: None, flown: list[Flight], address: str, state: str, error: str
) -> None:
    outbox.queue(ANNOUNCEMENT, [pigeon(address)], NOON)
    assert delivery.deliver(NOON) == 0
    notice = Notice.objects.get()
    assert (notice.state, notice.last_error) == (state, error)


@pytest.mark.parametrize(
    "recipient",
    [
        Recipient(name="ada", address="", channel="email"),
        Recipient(name="ada", address="7", channel="pigeon"),
        Recipient(name="ada", address="7", channel="smoke"),
        Recipient(name="ada", address="7", channel="__init__"),
    ],
    ids=["no mail address", "its check says no", "unknown kind", "no kind at all"],
)
def test_who_cannot_be_reached_is_nobody(
    db: None, flown: list[Flight], recipient: Recipient
) -> None:
    assert outbox.queue(ANNOUNCEMENT, [recipient], NOON) == 0
    notice = Notice.objects.get()
    assert (notice.state, notice.recipient) == ("dead", "operators")
    assert notice.last_error == "no active Operator has a mail address"


def test_a_notice_of_a_kind_that_was_taken_out_is_dead(
    db: None, flown: list[Flight]
) -> None:
    outbox.queue(ANNOUNCEMENT, [pigeon("loft 7")], NOON)
    Notice.objects.update(channel="smoke")
    delivery.deliver(NOON)
    notice = Notice.objects.get()
    assert (notice.state, notice.last_error) == ("dead", "there is no channel 'smoke'")


def test_the_same_change_is_told_once(db: None) -> None:
    ada = Recipient(name="ada", address="ada@example.test")
    for _ in range(2):
        outbox.queue(ANNOUNCEMENT, [ada], NOON)
    assert Notice.objects.count() == 1


def test_a_temporary_refusal_waits_longer_each_time_and_dies_after_ten(
    db: None, flown: list[Flight]
) -> None:
    outbox.queue(ANNOUNCEMENT, [pigeon("loft storm")], NOON)
    at, waits = NOON, []
    for _ in range(10):
        delivery.deliver(at)
        notice = Notice.objects.get()
        assert notice.next_attempt_at
        waits.append((notice.next_attempt_at - at).total_seconds())
        at = notice.next_attempt_at
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert (notice.state, notice.attempts) == ("dead", 10)


MESSAGE = Message(uid="7", address="ada@example.test", subject="A\nb", body="c")


def test_a_subject_of_two_lines_is_sent_as_one(settings) -> None:
    channel("email").send(MESSAGE)
    assert mail.outbox[0].subject == "A b"


@pytest.mark.parametrize(
    ("raised", "permanent", "reason"),
    [
        (smtplib.SMTPRecipientsRefused({}), True, "ada@example.test was refused"),
        (smtplib.SMTPServerDisconnected("gone"), False, "gone"),
        (TimeoutError(), False, "TimeoutError"),
    ],
    ids=["recipient refused", "server gone", "no words at all"],
)
def test_what_a_mail_server_raises_becomes_a_reason(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, permanent: bool, reason: str
) -> None:
    def send(self: EmailMessage, **kwargs: object) -> int:
        raise raised

    monkeypatch.setattr(EmailMessage, "send", send)
    with pytest.raises(ChannelError, match=reason) as caught:
        channel("email").send(MESSAGE)
    assert caught.value.permanent is permanent


def test_only_active_operators_with_an_address_are_told(
    person: Callable[..., User],
) -> None:
    person("olga", "Operator")
    person("tom", "Trader")
    gone, mute = person("gone", "Operator"), person("mute", "Operator")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    User.objects.filter(pk=mute.pk).update(email="")
    assert telling.operators() == [
        Recipient(name="olga", address="olga@example.test", channel="email")
    ]
