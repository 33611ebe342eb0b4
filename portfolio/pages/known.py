"""As known at a time, on pages: the note that says so, and the field that asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from portfolio.queries.books import Scope


def known_note(scope: Scope, query: Mapping[str, Any]) -> dict[str, Any]:
    """The time (None: as known now), as its field has it in UTC to the last digit, and
    the query that asks for what is known now."""
    at = scope.known_at
    rest = {name: value for name, value in query.items() if name != "known_at"}
    return {
        "known_at": at,
        "known_text": _field_text(at) if at else "",
        # A browser's field for times holds milliseconds: finer ones are text.
        "known_finer": bool(at and at.microsecond % 1000),
        "as_now": urlencode(rest),
    }


def _field_text(at: datetime) -> str:
    utc = at.astimezone(UTC).replace(tzinfo=None)
    if at.microsecond % 1000:
        return f"{utc.isoformat()}Z"
    return utc.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
