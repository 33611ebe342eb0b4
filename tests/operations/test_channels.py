"""A channel is one file: nothing but that file makes a new kind work."""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from accounts.models import User
from operations import channels
from operations.channels import ChannelError, Message, channel
from operations.channels import send as hand_over
from operations.models import Alert, Notice
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
    if "cat" in message.address:
        raise KeyError("nobody thought of cats")
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
        (
            "loft cat",
            "queued",
            "pigeon could not send it: KeyError: 'nobody thought of cats'",
        ),
    ],
    ids=["temporary", "permanent", "not thought of"],
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
        Recipient(name="ada", address="ada@", channel="email"),
        Recipient(name="ada", address="a@b.test, c@d.test", channel="email"),
        Recipient(name="ada", address=f"ada@{'x' * 70}.ü", channel="email"),
        Recipient(name="ada", address="7", channel="pigeon"),
        Recipient(name="ada", address="7", channel="smoke"),
        Recipient(name="ada", address="7", channel="__init__"),
    ],
    ids=[
        "no mail address",
        "half of one",
        "two",
        "one that no mail reaches",
        "its check says no",
        "unknown kind",
        "no kind at all",
    ],
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
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600, 600]
    assert (notice.state, notice.attempts) == ("dead", 10)


@pytest.mark.parametrize(
    ("loft", "resolved", "state"),
    [
        ("storm", False, "queued"),
        ("storm", True, "dead"),
        ("hawk", False, "dead"),
    ],
    ids=["it lasts", "it is over", "refused for good"],
)
def test_an_alert_that_lasts_is_told_however_long_nobody_could_be(
    db: None,
    flown: list[Flight],
    make_alert: Callable[..., Alert],
    loft: str,
    resolved: bool,
    state: str,
) -> None:
    alert = make_alert(state="resolved" if resolved else "firing")
    fire = replace(ANNOUNCEMENT, about=f"alert:{alert.uid}")
    outbox.queue(fire, [pigeon(f"loft {loft}")], NOON)
    for number in range(30):
        delivery.deliver(NOON + number * timedelta(minutes=10))
    assert Notice.objects.get().state == state
    Notice.objects.update(address="loft 7")
    delivery.deliver(NOON + timedelta(hours=6))
    assert len(flown) == (state == "queued")


MESSAGE = Message(uid="7", address="ada@example.test", subject="A\nb", body="c")


def test_mail_that_no_server_takes_is_not_sent(db: None, settings) -> None:
    """In production without EMAIL_URL a file was written, and called sent."""
    settings.MAIL_ARRIVES = False
    ada = Recipient(name="ada", address="ada@example.test")
    outbox.queue(ANNOUNCEMENT, [ada], NOON)
    assert delivery.deliver(NOON) == 0
    notice = Notice.objects.get()
    assert notice.state == "queued"
    assert "EMAIL_URL is not set" in notice.last_error
    assert mail.outbox == []


def test_a_subject_of_two_lines_is_sent_as_one(settings) -> None:
    channel("email").send(MESSAGE)
    assert mail.outbox[0].subject == "A b"


@pytest.mark.parametrize(
    ("raised", "permanent", "reason"),
    [
        (
            smtplib.SMTPRecipientsRefused({"ada@example.test": (550, b"unknown")}),
            True,
            r"ada@example\.test was refused \(550\)",
        ),
        (
            smtplib.SMTPRecipientsRefused({"ada@example.test": (450, b"grey")}),
            False,
            r"ada@example\.test was refused \(450\)",
        ),
        (smtplib.SMTPDataError(552, b"too large"), True, "said 552: too large"),
        (smtplib.SMTPDataError(451, b"busy"), False, "said 451: busy"),
        (smtplib.SMTPSenderRefused(550, b"who?", "us"), True, "said 550: who"),
        (smtplib.SMTPAuthenticationError(535, b"no"), False, "said 535: no"),
        (smtplib.SMTPServerDisconnected("gone"), False, "gone"),
        (TimeoutError(), False, "TimeoutError"),
        (ImproperlyConfigured("no such backend"), False, "EMAIL_URL .* no such"),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), False, "UnicodeEncodeError"),
        (ValueError("nobody thought of it"), False, "nobody thought of it"),
    ],
    ids=[
        "recipient refused",
        "recipient on a grey list",
        "mail refused",
        "mail refused for now",
        "sender refused",
        "log-in refused",
        "server gone",
        "no words at all",
        "settings",
        "a password that is not ASCII",
        "anything",
    ],
)
def test_what_a_mail_server_raises_becomes_a_reason(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, permanent: bool, reason: str
) -> None:
    def send(self: EmailMessage, **kwargs: object) -> int:
        raise raised

    monkeypatch.setattr(EmailMessage, "send", send)
    with pytest.raises(ChannelError, match=reason) as caught:
        hand_over("email", MESSAGE)
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


def test_a_channel_whose_check_breaks_keeps_no_alert_from_being_written(
    db: None, flown: list[Flight], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel("pigeon"), "check", lambda address: 1 / 0)
    assert outbox.queue(ANNOUNCEMENT, [pigeon("loft 7")], NOON) == 0
    assert Notice.objects.get().state == "dead"


# --- time goes on while mails are sent


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each mail takes 6 s; who got one."""
    now, taken = [100.0], list[str]()

    def take(message: Message) -> None:
        now[0] += 6
        taken.append(message.address)

    monkeypatch.setattr("operations.services.delivery.time.monotonic", lambda: now[0])
    monkeypatch.setattr(channel("email"), "send", take)
    return taken


def test_leases_and_times_of_sending_count_from_each_mail(
    db: None, slow: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Recipient(name=each, address=f"{each}@e.test") for each in ("ada", "bob")]
    outbox.queue(ANNOUNCEMENT, people, NOON)
    leases, claim = [], delivery._claim

    def watched(pk: int, at: datetime) -> Notice | None:
        notice = claim(pk, at)
        assert notice is not None
        leases.append(notice.lease_until)
        return notice

    monkeypatch.setattr(delivery, "_claim", watched)
    assert delivery.deliver(NOON) == 2
    assert leases == [NOON + timedelta(seconds=30), NOON + timedelta(seconds=36)]
    sent = Notice.objects.order_by("pk").values_list("sent_at", flat=True)
    assert [*sent] == [NOON + timedelta(seconds=6), NOON + timedelta(seconds=12)]


def test_no_mail_is_begun_when_a_tick_has_sent_for_long(
    db: None, slow: list[str]
) -> None:
    people = [Recipient(name=f"p{each}", address=f"{each}@e.test") for each in range(5)]
    outbox.queue(ANNOUNCEMENT, people, NOON)
    assert delivery.deliver(NOON) == 3
    assert Notice.objects.filter(state="queued", attempts=0).count() == 2
    assert delivery.deliver(NOON + timedelta(seconds=20), begin_within=5) == 1
    assert delivery.deliver(NOON + timedelta(seconds=40)) == 1
    assert len(set(slow)) == len(slow) == 5


def test_what_ends_its_deliverer_again_and_again_is_given_up(
    db: None, flown: list[Flight]
) -> None:
    outbox.queue(ANNOUNCEMENT, [pigeon("loft 7")], NOON)
    for number in range(10):
        at = NOON + timedelta(minutes=number)
        delivery._free_expired(at)
        claimed = delivery._claim(Notice.objects.get().pk, at)
        assert claimed is not None, number  # and then it is killed
    assert delivery.deliver(NOON + timedelta(minutes=11)) == 0
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == ("dead", 10)
    assert "ended before it was sent" in notice.last_error
