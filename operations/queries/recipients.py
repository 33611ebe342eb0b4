"""Reading who is told of alerts, and who of them could not be."""

from __future__ import annotations

from django.db.models import Max

from accounts.models import User
from operations.models import Notice

TRIED = (Notice.State.QUEUED, Notice.State.SENDING, Notice.State.DEAD)


def operators() -> list[tuple[str, str]]:
    """Name and mail address of the people whom alerts are mailed to."""
    people = User.objects.filter(
        groups__name="Operator", is_active=True, is_service=False
    ).exclude(email="")
    return list(people.order_by("pk").values_list("username", "email"))


def unheard() -> dict[str, list[Notice]]:
    """Each operator, and what they were to be told since they last heard something at
    the address that they have now, as far as somebody tried: oldest first."""
    tried = Notice.objects.filter(kind="alert", state__in=TRIED).exclude(last_error="")
    unsent = list(tried.order_by("pk"))
    heard = _last_heard({notice.recipient for notice in unsent})
    return {
        name: [
            notice
            for notice in unsent
            if (notice.recipient, notice.address) == (name, address)
            and notice.pk > heard.get((name, address), 0)
        ]
        for name, address in operators()
    }


def _last_heard(recipients: set[str]) -> dict[tuple[str, str], int]:
    """The newest notice that reached each of these people, by name and address."""
    sent = Notice.objects.filter(state=Notice.State.SENT, recipient__in=recipients)
    newest = sent.order_by().values_list("recipient", "address")
    return {(name, where): pk for name, where, pk in newest.annotate(last=Max("pk"))}
