"""Mail, through Django's backend: files under var/mail in a demo, SMTP elsewhere."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

from kernel.deadline import Overdue, within
from operations.channels import ChannelError, Message

SECONDS = 10.0


def check(address: str) -> str:
    return "" if address else "has no mail address"


def send(message: Message) -> None:
    """Send one mail whose Message-ID is the notice's uid."""
    mail = EmailMessage(
        subject=" ".join(message.subject.split()),
        body=message.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.address],
        headers={"Message-ID": f"<{message.uid}@rrr-dashboard>"},
    )
    try:
        within(SECONDS, mail.send)
    except Overdue as error:
        reason = f"the mail server took longer than {SECONDS:g} s"
        raise ChannelError(reason, permanent=False) from error
    except smtplib.SMTPRecipientsRefused as error:
        reason = f"{message.address} was refused"
        raise ChannelError(reason, permanent=True) from error
    except (OSError, smtplib.SMTPException) as error:
        reason = str(error) or type(error).__name__
        raise ChannelError(reason, permanent=False) from error
