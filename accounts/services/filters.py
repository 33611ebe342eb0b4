"""Filters that a person keeps under a name of their own, beside their preferences."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from kernel.errors import FieldError, Invalid

MOST, LONGEST_NAME, LONGEST_QUERY = 20, 40, 500
# By the list that they narrow: where they stand among a person's preferences.
LISTS = {"lines": "filters", "trades": "trade_filters"}


def saved_filters(person: User, of: str) -> dict[str, str]:
    """{name: query}, in the order in which they were saved, of one of LISTS."""
    held = person.preferences.get(LISTS[of], {})
    return {str(name): str(query) for name, query in held.items()}


def save_filter(person: User, of: str, name: str, query: str) -> None:
    """Replaces one of the same name. Raises Invalid for a name or a query that is empty
    or too long, and for one too many."""
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        _refuse("/name", f"a name has 1 to {LONGEST_NAME} characters")
    if not 0 < len(query) <= LONGEST_QUERY:
        _refuse("/query", f"a filter has 1 to {LONGEST_QUERY} characters")
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=person.pk)
        kept = {**saved_filters(held, of), name: query}
        if len(kept) > MOST:
            _refuse("/name", f"at most {MOST} are kept: forget one first")
        _keep(held, of, kept)


def forget_filter(person: User, of: str, name: str) -> None:
    """One that is not there is forgotten already."""
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=person.pk)
        kept = saved_filters(held, of)
        kept.pop(name, None)
        _keep(held, of, kept)


def _keep(held: User, of: str, kept: dict[str, str]) -> None:
    held.preferences = {**held.preferences, LISTS[of]: kept}
    held.save(update_fields=["preferences"])


def _refuse(pointer: str, reason: str) -> None:
    raise Invalid.of([FieldError(pointer, "length", reason)])
