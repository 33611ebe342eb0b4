"""What something would do: it is done for real, looked at, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction

Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A figure that would change; "" where there is none before or after."""

    figure: str
    before: str
    after: str


def tried(work: Callable[[], object], look: Callable[[], Seen]) -> Seen:
    """What is seen after `work`. Nothing of it stays, not in the log and not for a
    job. Raises what `work` raises."""
    with transaction.atomic():
        work()
        seen = look()
        transaction.set_rollback(True)
    return seen


def effects_of(
    work: Callable[[], object], look: Callable[[], Mapping[str, str]]
) -> list[Effect]:
    """The figures that `work` would change, as `tried` sees them."""
    before = look()
    after = tried(work, look)
    return [
        Effect(figure=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
