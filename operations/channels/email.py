"""Mail, through Django's backend: files under var/mail in a demo, SMTP elsewhere.
In production and staging a file is nothing that was sent."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.core.mail.message import sanitize_address

from kernel.deadline import Overdue, within
from operations.channels import ChannelError, Message

SECONDS = 10.0
NO_SERVER = "EMAIL_URL is not set: mail would be written to a file and reach nobody"
PERMANENT = 500  # what SMTP answers from here on it will answer again


def check(address: str) -> str:
    if not address:
        return "has no mail address"
    try:
        sanitize_address(address, "utf-8")
    except (ValueError, LookupError):
        return f"{address!r} is no mail address"
    return ""


def send(message: Message) -> None:
    """Send one mail whose Message-ID is the notice's uid."""
    if problem := check(message.address):
        raise ChannelError(problem, permanent=True)
    if not settings.MAIL_ARRIVES:
        raise ChannelError(NO_SERVER, permanent=False)
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
        raise _refused(message.address, error) from error
    except smtplib.SMTPResponseException as error:
        raise ChannelError(_said(error), permanent=_is_final(error)) from error
    except ImproperlyConfigured as error:
        reason = f"EMAIL_URL or EMAIL_BACKEND is wrong: {error}"
        raise ChannelError(reason, permanent=False) from error
    except (OSError, smtplib.SMTPException) as error:
        reason = str(error) or type(error).__name__
        raise ChannelError(reason, permanent=False) from error


def server_refusal() -> str:
    """Why the mail server would take nothing just now, log-in included; "" when it
    would. Sends nothing. Without a server mails are files, which reach nobody outside
    of a demo."""
    if not settings.MAIL_ARRIVES:
        return NO_SERVER
    if not settings.EMAIL_URL:
        return ""

    def greet() -> None:
        server = get_connection()
        server.open()
        server.close()

    try:
        within(SECONDS, greet)
    except Overdue:
        return f"the mail server took longer than {SECONDS:g} s"
    except smtplib.SMTPResponseException as error:
        return _said(error)
    except (OSError, smtplib.SMTPException, ImproperlyConfigured) as error:
        return str(error) or type(error).__name__
    return ""


def _refused(address: str, refused: smtplib.SMTPRecipientsRefused) -> ChannelError:
    """For good, unless the server says with a 4xx to come again: a grey list does."""
    codes = [code for code, _ in refused.recipients.values()]
    return ChannelError(
        f"{address} was refused" + "".join(f" ({code})" for code in codes),
        permanent=all(code >= PERMANENT for code in codes),
    )


def _is_final(error: smtplib.SMTPResponseException) -> bool:
    """The server will never take this message: a 5xx to its sender or its content. One
    to our greeting or log-in is a setting that somebody can mend."""
    about_mail = isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused)
    return about_mail and error.smtp_code >= PERMANENT


def _said(error: smtplib.SMTPResponseException) -> str:
    words = error.smtp_error
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    return f"the mail server said {error.smtp_code}: {text}"
