"""What is the matter with a database that cannot be used just now: not our statement,
and nobody's code."""

from __future__ import annotations

import sqlite3
from enum import Enum

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
# Of PostgreSQL by its SQLSTATE: no process on SQLite loads that driver.
POSTGRESQL = {
    "25006": Outage.READ_ONLY,  # read_only_sql_transaction
    "XX001": Outage.DAMAGED,  # data_corrupted
    "XX002": Outage.DAMAGED,  # index_corrupted
    "25P03": Outage.AWAY,  # idle_in_transaction_session_timeout
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
    known = POSTGRESQL.get(getattr(driver, "sqlstate", None) or "")
    if known is not None:
        return known
    return Outage.AWAY if isinstance(error, OperationalError | InterfaceError) else None
