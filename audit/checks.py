"""System checks of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error

from audit.models import guard


def guard_is_there(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """audit.E001: a trigger that keeps events from being changed is missing."""
    return [
        Error(
            f"The audit log of database {alias!r} lacks {', '.join(names)}.",
            hint="Run `manage.py migrate`: it makes the triggers anew.",
            id="audit.E001",
        )
        for alias in databases or ()
        if (names := guard.missing(alias))
    ]
