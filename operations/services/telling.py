"""Who is told about an alert, and in which words."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.template.defaultfilters import pluralize
from django.urls import reverse

from accounts.models import User
from kernel.http import own_base
from operations.domain.alerting import TimelineKind
from operations.models import Alert
from operations.services import outbox, timeline
from operations.services.outbox import Announcement, Recipient


def operators() -> list[Recipient]:
    """The people whom alerts are mailed to."""
    people = User.objects.filter(
        groups__name="Operator", is_active=True, is_service=False
    ).exclude(email="")
    return [
        Recipient(name=name, address=address)
        for name, address in people.order_by("pk").values_list("username", "email")
    ]


def announcement(
    alert: Alert, *, title: str, level: str, text: str, at: datetime
) -> Announcement:
    """The mail about one change of an alert; `alert` need not be a row yet."""
    where = reverse("operations:alert", args=[alert.uid])
    return Announcement(
        kind="alert",
        about=f"alert:{alert.uid}",
        level=level,
        subject=f"[{alert.severity}] {title} {level} on {alert.target} ({settings.RRR_ENV})",
        body="\n".join(
            (
                f"{title}: {level} since {at:%Y-%m-%d %H:%M:%S} UTC on {alert.target}.",
                text,
                "",
                f"{own_base()}{where}",
            )
        ),
    )


def tell_operators(
    alert: Alert, *, title: str, level: str, text: str, at: datetime
) -> None:
    """Queue the mails and note on the timeline how many there are."""
    mail = announcement(alert, title=title, level=level, text=text, at=at)
    told = outbox.queue(mail, operators(), at)
    timeline.note(
        alert,
        TimelineKind.NOTIFIED,
        at=at,
        actor="j:alerting",
        text=f"mail to {told} operator{pluralize(told)} about {level}",
    )
