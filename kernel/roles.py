"""Which roles may do something, in words for whoever may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Q
from django.utils.text import get_text_list


def refusal(permissions: Sequence[str], user: Any, done: str = "open") -> str:
    """ "Your role may not open this: it is for Operator or Trader; you are Viewer." Two
    queries. `permissions`: any one of them is enough ("area.verb"). Whose role may was
    refused for the token that was sent."""
    wanted = Q()
    for area, _, verb in (name.partition(".") for name in permissions):
        wanted |= Q(
            permissions__content_type__app_label=area, permissions__codename=verb
        )
    able = _names(Group.objects.filter(wanted).distinct())
    own = _names(user.groups.all())
    if set(own) & set(able):
        return (
            f"This token may not {done} this, though your role may: it lacks a scope."
        )
    said = f"Your role may not {done} this"
    said += f": it is for {get_text_list(able, 'or')}" if able else ""
    return f"{said}; you are {get_text_list(own, 'and') or 'of no role'}."


def _names(groups: Any) -> list[str]:
    return list(groups.order_by("name").values_list("name", flat=True))
