"""How the database is set up, asked on a fresh connection of the product's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection, connections

from kernel.registry import Measurement, Params, probe

KNOWN = ("journal_mode", "cache_size", "synchronous", "foreign_keys")


@probe(
    "db_pragmas",
    title="SQLite runs in WAL mode with a 64 MB cache",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def db_pragmas(params: Params) -> Measurement:
    """`pragma` names one setting, "journal_mode" by default. cache_size is measured
    in MB (of 1,024,000 bytes: SQLite counts in KiB, -64000 is "64 MB")."""
    name = params.get("pragma", "journal_mode")
    if name not in KNOWN:
        raise ValueError(f"pragma is one of {', '.join(KNOWN)}")
    if connection.vendor != "sqlite":
        return Measurement.uncollected(f"not SQLite: {connection.vendor}")
    seen = [_pragma(connection, name), _fresh_pragma(name)]
    if name == "cache_size":
        kib = min(_kib(value, page) for value, page in seen)
        megabytes = f"{kib / 1000:.3f}".rstrip("0").rstrip(".")
        return Measurement(
            megabytes, f"cache of {kib} KiB", "MB", {"pragma": seen[0][0]}
        )
    values = sorted({value for value, _ in seen})
    value = " and ".join(values)
    return Measurement(
        value, f"{name.replace('_', ' ')} is {value}", facts={"pragma": value}
    )


def _fresh_pragma(name: str) -> tuple[str, int]:
    """On a connection that is opened for it, as any thread's is: what was said to the
    one at hand alone would not hold."""
    fresh = connections.create_connection("default")
    try:
        return _pragma(fresh, name)
    finally:
        fresh.close()


def _pragma(opened: Any, name: str) -> tuple[str, int]:
    """(value, page size)."""
    with opened.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        value = str(cursor.fetchone()[0])
        cursor.execute("PRAGMA page_size")
        return value, int(cursor.fetchone()[0])


def _kib(value: str, page: int) -> int:
    return -int(value) if value.startswith("-") else int(value) * page // 1024
