"""Which rows may contain a text? An index of all substrings, in a table of its own.

It knows the groups of three letters that a row's text has: by SQLite's FTS5 with the
trigram tokenizer, on PostgreSQL as an array under GIN, which needs no extension and
knows no order of them. A row that has all groups of a text need not have the text: who
asks looks into it. Letters of ASCII count as the same in both cases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from django.db import connection

# A parameter of a statement.
Asked: TypeAlias = str | list[str]
GROUP = 3
MOST_GROUPS = 32  # of what is looked for
TRIGRAMS_SINCE = (3, 34)  # of SQLite's versions
# Row 0, which nobody deletes alone: the index is whole. Nobody types its letters.
WHOLE = "\u27e6\u27e7\u27e6"
NO_FTS5 = "this SQLite was built without FTS5"


class _Sqlite:
    THERE = "SELECT 1 FROM sqlite_master WHERE name = %s"
    MAKE = (
        "CREATE VIRTUAL TABLE {table} USING fts5(words, tokenize = 'trigram',"
        " content = '', columnsize = 0)",
    )
    ADD = "INSERT INTO {table} (rowid, words) VALUES (%s, %s)"
    FIND = "SELECT rowid AS id FROM {table} WHERE {table} MATCH %s"
    ID = "rowid"

    @staticmethod
    def held(text: str) -> str:
        return text.replace("\0", " ")  # where older tokenizers end

    @staticmethod
    def asked(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'


class _Postgresql:
    THERE = "SELECT 1 FROM pg_class WHERE oid = to_regclass(%s)"
    MAKE = (
        "CREATE TABLE {table} (id bigint PRIMARY KEY, groups text[] NOT NULL)",
        "CREATE INDEX ON {table} USING gin (groups) WITH (fastupdate = off)",
    )
    ADD = (
        "INSERT INTO {table} (id, groups) VALUES (%s, %s)"
        " ON CONFLICT (id) DO UPDATE SET groups = excluded.groups"
    )
    FIND = "SELECT id FROM {table} WHERE groups @> %s::text[]"
    ID = "id"

    @staticmethod
    def held(text: str) -> list[str]:
        # As UPPER makes them, in whatever language the database is: of ASCII at least.
        return groups_of(text.upper().replace("\u0130", "I"))

    @staticmethod
    def asked(text: str) -> list[str]:
        return groups_of(text.upper())[:MOST_GROUPS]


@dataclass(frozen=True)
class SubstringIndex:
    """One such index, kept in a `table` that has no model: its rows come from elsewhere
    and can be made anew."""

    table: str

    def missing(self) -> str:
        """Why there is none and can be none, in words; "" where there can."""
        return NO_FTS5 if connection.vendor == "sqlite" and not _has_fts5() else ""

    def is_whole(self) -> bool:
        """Whether it is there as it was made. Two queries."""
        if self.missing() or not self.is_there():
            return False
        sql, params = self.marker()
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchone() is not None

    def is_there(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(self._way.THERE, [self.table])
            return cursor.fetchone() is not None

    def make_anew(self) -> None:
        """Empty, in the caller's transaction."""
        with connection.cursor() as cursor:
            cursor.execute(self._sql("DROP TABLE IF EXISTS {table}"))
            for statement in self._way.MAKE:
                cursor.execute(self._sql(statement))
        self.add([(0, WHOLE)])

    def add(self, texts: Sequence[tuple[int, str]]) -> None:
        """(id, text) of rows; of SQLite's each comes once."""
        rows = [(pk, self._way.held(text)) for pk, text in texts]
        with connection.cursor() as cursor:
            cursor.executemany(self._sql(self._way.ADD), rows)

    def marker(self) -> tuple[str, list[Asked]]:
        """SQL that has one row while nobody emptied the index."""
        sql = f"{self._sql(self._way.FIND)} AND {self._way.ID} = 0"
        return sql, [self._way.asked(WHOLE)]

    def finding(self, text: str) -> tuple[str, list[Asked]]:
        """SQL of the ids of rows that may contain the text: printable ASCII, at least
        GROUP letters."""
        return self._sql(self._way.FIND), [self._way.asked(text)]

    @property
    def _way(self) -> type[_Sqlite] | type[_Postgresql]:
        return _Sqlite if connection.vendor == "sqlite" else _Postgresql

    def _sql(self, statement: str) -> str:
        return statement.format(table=connection.ops.quote_name(self.table))


def groups_of(text: str) -> list[str]:
    """Each once."""
    starts = range(len(text) - GROUP + 1)
    return list(dict.fromkeys(text[start : start + GROUP] for start in starts))


@cache
def _has_fts5() -> bool:
    if sqlite3.sqlite_version_info < TRIGRAMS_SINCE:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
        return bool(cursor.fetchone()[0])
