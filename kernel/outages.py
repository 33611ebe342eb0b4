"""What is the matter with a database that cannot be used just now: not our statement,
and nobody's code."""

from __future__ import annotations

import sqlite3
from enum import Enum

import psycopg
from django.db import InterfaceError, OperationalError


class Outage(Enum):
    """In words for a log; `told` is for whoever asked."""

    AWAY = "the database does not answer"
    READ_ONLY = "the database takes no changes"
    DAMAGED = "the database is damaged"

    def told(self, *, changes: bool) -> str:
        if self is Outage.AWAY:
            check = " Check whether your change arrived before you repeat it."
            return "The database is not answering." + (check if changes else "")
        if self is Outage.READ_ONLY:
            return (
                "The database takes no changes just now: nothing of yours was saved. "
                "What only reads still works."
            )
        return "The database is damaged, and an operator must look at it."


# Of SQLite by the beginning of its name, as SQLITE_READONLY_DBMOVED.
SQLITE = {
    "SQLITE_READONLY": Outage.READ_ONLY,
    "SQLITE_CORRUPT": Outage.DAMAGED,
    "SQLITE_NOTADB": Outage.DAMAGED,
}
# Of a statement, as of a table that is not there: PostgreSQL tells these apart, too.
MEANINGLESS = "SQLITE_ERROR"
POSTGRESQL: dict[type[psycopg.Error], Outage] = {
    psycopg.errors.ReadOnlySqlTransaction: Outage.READ_ONLY,
    psycopg.errors.DataCorrupted: Outage.DAMAGED,
    psycopg.errors.IndexCorrupted: Outage.DAMAGED,
    psycopg.errors.IdleInTransactionSessionTimeout: Outage.AWAY,
}


def outage(error: BaseException | None) -> Outage | None:
    """None for what is no outage. Django wraps what a driver says, which is asked."""
    driver = error.__cause__ if error is not None else None
    if isinstance(driver, sqlite3.Error):
        said = getattr(driver, "sqlite_errorname", "")
        if said == MEANINGLESS:
            return None
        for beginning, what in SQLITE.items():
            if said.startswith(beginning):
                return what
    for kind, what in POSTGRESQL.items():
        if isinstance(driver, kind):
            return what
    return Outage.AWAY if isinstance(error, OperationalError | InterfaceError) else None
