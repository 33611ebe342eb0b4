"""Queries whose SQL is written once.

Django writes the SQL of a queryset anew each time, which takes many times as long as
both databases need to answer one of ours. A `PreparedQuery` is written when it is first
asked, of stand-ins for its arguments; after that only their values change. A list is
filled up to a power of two with its last value, so that few texts stand for all lengths.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

Row = TypeVar("Row")
STAND_IN = 8_000_000_000_000_000_000
NEVER = datetime(9876, 1, 1, tzinfo=UTC)


def prepared(connection: BaseDatabaseWrapper) -> AbstractContextManager[Any]:
    """A cursor for statements that are always the same text: SQLite keeps those of a
    connection anyhow, PostgreSQL those that are sent without their values, which Django
    writes into the text."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    # With its driver, which no process on SQLite loads.
    from kernel.postgresql.prepared import PreparedCursor

    connection.ensure_connection()
    cursor = PreparedCursor(connection.connection)
    wrapped: AbstractContextManager[Any] = connection._prepare_cursor(cursor)  # type: ignore[attr-defined]
    return wrapped


@dataclass(frozen=True, slots=True)
class _Written(Generic[Row]):
    """`slots` holds for each parameter the place of the value that it stands for, None
    for what is the same each time."""

    rows: QuerySet[Any, Row]
    compiler: Any
    sql: str
    params: Sequence[Any]
    slots: Sequence[int | None]


class PreparedQuery(Generic[Row]):
    """`build` makes a queryset of arguments that are whole numbers, times, days or lists
    of these, which it only compares with columns. Its rows are read by iterating."""

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build
        self._written: dict[Hashable, _Written[Row]] = {}

    def __call__(self, *arguments: Any) -> list[Row]:
        """The rows. One query, none for an empty list."""
        if any(isinstance(each, list) and not each for each in arguments):
            return list(self._build(*arguments))
        filled = [
            _filled(each) if isinstance(each, list) else each for each in arguments
        ]
        connection = connections[DEFAULT_DB_ALIAS]
        shape = (
            connection.vendor,
            *(len(each) if isinstance(each, list) else 0 for each in filled),
        )
        written = self._written.get(shape)
        if written is None:
            written = self._written[shape] = _write(self._build, filled, connection)
        return _read(written, [*_flat(filled)], connection)


def _filled(values: list[Any]) -> list[Any]:
    length = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (length - len(values))]


def _flat(arguments: Sequence[Any]) -> Iterator[Any]:
    for each in arguments:
        if isinstance(each, list):
            yield from each
        else:
            yield each


def _write(
    build: Callable[..., QuerySet[Any, Row]],
    arguments: Sequence[Any],
    connection: BaseDatabaseWrapper,
) -> _Written[Row]:
    standing_in: list[Any] = []

    def stand_in(value: Any) -> Any:
        standing_in.append(_stand_in(value, len(standing_in) + 1))
        return standing_in[-1]

    given = [
        [stand_in(value) for value in each]
        if isinstance(each, list)
        else stand_in(each)
        for each in arguments
    ]
    rows = build(*given)
    compiler: Any = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, params = compiler.as_sql()
    places = {_sent(each, connection): at for at, each in enumerate(standing_in)}
    slots = [
        places.get(each) if isinstance(each, int | str | date) else None
        for each in params
    ]
    if len({slot for slot in slots if slot is not None}) != len(standing_in):
        raise TypeError(f"{build.__name__} does not only compare what it is given")
    return _Written(rows, compiler, sql, params, slots)


def _stand_in(value: Any, number: int) -> Any:
    """A value of the same kind that occurs nowhere."""
    if isinstance(value, datetime):
        return NEVER + timedelta(microseconds=number)
    if isinstance(value, date):
        return NEVER.date() + timedelta(days=number)
    if type(value) is int:
        return STAND_IN + number
    raise TypeError(f"{value!r} cannot be an argument of a prepared query")


def _sent(value: Any, connection: BaseDatabaseWrapper) -> Any:
    """The value as Django gives it to the database's library."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    return value


def _read(
    written: _Written[Row], values: Sequence[Any], connection: BaseDatabaseWrapper
) -> list[Row]:
    """Django does all of it but to write the SQL."""
    sent = [_sent(each, connection) for each in values]
    params = tuple(
        same if slot is None else sent[slot]
        for same, slot in zip(written.params, written.slots, strict=True)
    )
    compiler = copy.copy(written.compiler)
    compiler.connection = connection
    compiler.as_sql = lambda *_, **__: (written.sql, params)
    rows = written.rows.all()
    rows.query.get_compiler = lambda *_, **__: compiler  # type: ignore[method-assign]
    return list(rows)
