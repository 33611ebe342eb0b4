"""What a person likes: theme, time zone, P&L colours, shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction

from accounts.models import User

CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("auto", "light", "dark"),
    "pnl": ("teal", "blue", "green"),
    "shortcuts": ("on", "off"),
}


@cache
def zones() -> tuple[str, ...]:
    """The IANA names a person may choose, sorted, UTC first."""
    names = {name for name in available_timezones() if "/" in name}
    hidden = ("Etc/", "SystemV/", "posix/", "right/")
    return ("UTC", *sorted(name for name in names if not name.startswith(hidden)))


def understood(given: Mapping[str, Any]) -> dict[str, str]:
    """The known preferences with a known value; everything else is left out."""
    known = {
        name: str(given[name])
        for name, options in CHOICES.items()
        if given.get(name) in options
    }
    if given.get("zone") in zones():
        known["zone"] = str(given["zone"])
    return known


def remember(user: User, chosen: Mapping[str, str]) -> None:
    """Change these preferences of the person and keep the others."""
    rest = {name: value for name, value in chosen.items() if name != "zone"}
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        held.preferences = {**held.preferences, **rest}
        held.zone = chosen.get("zone", held.zone)
        held.save(update_fields=["preferences", "zone"])
    user.preferences, user.zone = held.preferences, held.zone
