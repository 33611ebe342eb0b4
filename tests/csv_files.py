"""A download of a table, read as a spreadsheet would."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.test import Client


def csv_rows(
    client: Client, path: str, query: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """Its lines by column; it is a streamed attachment of plain UTF-8."""
    answer: Any = client.get(path, query or {})
    assert answer.status_code == 200, path
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows
