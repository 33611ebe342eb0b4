"""Mail, through Django's backend: files under var/mail in a demo, SMTP elsewhere."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage


@dataclass(eq=False)
class ChannelError(Exception):
    """A message was not taken. `permanent`: trying again will not help."""

    message: str
    permanent: bool

    def __str__(self) -> str:
        return self.message


def send(*, uid: str, address: str, subject: str, body: str) -> None:
    """Send one mail whose Message-ID is the notice's uid, so that a repeat after a
    crash is recognisable. Raises ChannelError."""
    message = EmailMessage(
        subject=" ".join(subject.split()),
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        headers={"Message-ID": f"<{uid}@rrr-dashboard>"},
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        raise ChannelError(f"{address} was refused", permanent=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(
            str(error) or type(error).__name__, permanent=False
        ) from error
