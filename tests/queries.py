"""Counting database queries against a reviewed file.

`tests/query_counts.json` says how many reads and writes a walk may take. What
opens, closes or marks a transaction is not counted: it reads and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

FILE = Path(__file__).with_name("query_counts.json")
MARKS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


@contextmanager
def at_most(name: str) -> Iterator[None]:
    """Fail, printing the SQL, when the block takes more than the file allows."""
    allowed = json.loads(FILE.read_text())[name]
    with CaptureQueriesContext(connection) as seen:
        yield
    queries = [
        query["sql"]
        for query in seen.captured_queries
        if not query["sql"].startswith(MARKS)
    ]
    listed = "\n".join(f"{n + 1}. {sql[:400]}" for n, sql in enumerate(queries))
    assert len(queries) <= allowed, f"{name}: {len(queries)} > {allowed}\n{listed}"
