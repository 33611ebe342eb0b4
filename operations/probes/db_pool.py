"""Connections of the database are pooled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connections

from kernel.registry import Measurement, Params, probe

OPENED = 8


@probe(
    "db_pool",
    title="Connections of the database come from a pool",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def db_pool(params: Params) -> Measurement:
    """Counts faults: no pool, or connections that are new however often they were
    given back."""
    connection = connections.create_connection("default")
    if connection.vendor != "postgresql":
        return Measurement.uncollected(
            f"not PostgreSQL: {connection.vendor} has nothing to pool"
        )
    try:
        faults = list(faults_of(connection))
    finally:
        connection.close()
    return Measurement.of_faults(faults, "connections that were given back come again")


def faults_of(connection: Any) -> Iterator[str]:
    options = connection.settings_dict["OPTIONS"].get("pool")
    if not options:
        kept = connection.settings_dict["CONN_MAX_AGE"]
        yield f"there is no pool: each thread keeps its own connection for {kept} s"
        return
    most = options.get("max_size", 4) if isinstance(options, dict) else 4
    backends = set()
    for _ in range(OPENED):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backends.add(cursor.fetchone()[0])
        connection.close()
    if len(backends) > min(most, OPENED - 1):
        yield f"{OPENED} turns took {len(backends)} connections: none came again"
