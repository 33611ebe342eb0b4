"""As known at a time, on pages: the note that says so, and the field that asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from portfolio.queries.books import Scope


def known_note(scope: Scope, query: Mapping[str, Any]) -> dict[str, Any]:
    """The time (None: as known now), as its field has it in UTC, and the query that
    asks for what is known now."""
    at = scope.known_at
    rest = {name: value for name, value in query.items() if name != "known_at"}
    return {
        "known_at": at,
        "known_text": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" if at else "",
        "as_now": urlencode(rest),
    }
