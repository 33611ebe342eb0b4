"""Until when a probe that looks back looks."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from kernel.registry import Params


def moment_of(params: Params) -> datetime:
    """`until`, a moment with its zone that has come; now where it is not given. Raises
    ValueError for any other."""
    now = timezone.now()
    if "until" not in params:
        return now
    until = datetime.fromisoformat(params["until"])
    if until.tzinfo is None or until > now:
        raise ValueError("until is a moment with its zone, and not of the future")
    return until
