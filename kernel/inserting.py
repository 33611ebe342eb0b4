"""Many new rows at once: sent as values to one prepared statement on SQLite
(`executemany`), copied on PostgreSQL (COPY).

bulk_create makes SQL of each value of each row. With a file's fills, lots and matches
that took most of the time for which their book was locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState

from kernel.batches import batched
from kernel.fields import encode_checked, encode_units, exact_units

if TYPE_CHECKING:
    Column = models.Field[Any, Any]

Row = TypeVar("Row", bound=models.Model)
# {column: its value in each row}; a relation's column ends in _id.
Columns: TypeAlias = Mapping[str, Sequence[Any]]
FEW = 200  # rows for which bulk_create is as quick
CODED = 2000  # rows that are in memory as the database takes them
# Values of exactly these types go to both databases as they are.
PLAIN: Mapping[str, type] = {
    "CharField": str,
    "TextField": str,
    "BooleanField": bool,
    "PositiveIntegerField": int,
    "IntegerField": int,
    "BigIntegerField": int,
    "BigAutoField": int,
}


def unsaved(
    model: type[Row],
    values: Mapping[str, Any],
    related: Mapping[str, models.Model | None],
) -> Row:
    """model(**values), many times as quick: {column: value} of what is no default. The
    rows to which the relations among them lead may be given by the relation's name. No
    signal is sent, and no default may be made by a function."""
    made = model.__new__(model)
    made._state = ModelState()
    made._state.fields_cache.update(related)
    columns = vars(made)
    columns.update(_defaults(model))
    columns.update(values)
    return made


@cache
def _defaults(model: type[models.Model]) -> Mapping[str, Any]:
    """What each column holds where nothing is said."""
    fields = model._meta.concrete_fields
    assert not any(callable(field.default) for field in fields if field.has_default())
    return {field.attname: field.get_default() for field in fields}


def insert_rows(rows: Sequence[models.Model]) -> None:
    """bulk_create for unsaved rows of one model, which have their ids afterwards.
    Their fields hold values, no expressions. Raises like bulk_create."""
    if not rows:
        return
    model = type(rows[0])
    if len(rows) < FEW:
        model._base_manager.bulk_create(rows)
        return
    ids = _insert(model, map(_by_column, batched(rows, CODED)))
    for row, pk in zip(rows, ids, strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _by_column(rows: Sequence[models.Model]) -> Columns:
    held = [vars(row) for row in rows]
    return {
        field.attname: [values[field.attname] for values in held]
        for field in rows[0]._meta.concrete_fields
        if not field.primary_key
    }


def insert_columns(model: type[models.Model], columns: Columns) -> Sequence[int]:
    """insert_rows() for who needs no instances: every column but the id, exact decimals
    as ints of 10^-18 units. The ids, in the order of the rows."""
    count = len(next(iter(columns.values())))
    if count < FEW:
        return [
            row.pk for row in model._base_manager.bulk_create(made_of(model, columns))
        ]
    starts = range(0, count, CODED)
    return _insert(
        model,
        (
            {name: values[start : start + CODED] for name, values in columns.items()}
            for start in starts
        ),
        in_units=True,
    )


def made_of(model: type[Row], columns: Columns) -> list[Row]:
    """Unsaved rows of what insert_columns() takes."""
    exact = {
        field.attname
        for field in model._meta.concrete_fields
        if field.get_internal_type() == "ExactDecimalField"
    }
    values = [
        [None if units is None else exact_units(units) for units in held]
        if name in exact
        else held
        for name, held in columns.items()
    ]
    return [
        model(**dict(zip(columns, row, strict=True)))
        for row in zip(*values, strict=True)
    ]


def _insert(
    model: type[models.Model], parts: Iterable[Columns], *, in_units: bool = False
) -> Sequence[int]:
    ids: list[int] = []
    connection = connections[DEFAULT_DB_ALIAS]
    with transaction.atomic(savepoint=False):
        for columns in parts:
            count = len(next(iter(columns.values())))
            new = _next_ids(connection, model, count)
            coded = [
                new
                if field.primary_key
                else _coded(connection, field, columns[field.attname], in_units)
                for field in model._meta.concrete_fields
            ]
            _send(connection, model, list(zip(*coded, strict=True)))
            ids += new
    return ids


def _coded(
    connection: BaseDatabaseWrapper,
    field: Column,
    values: Sequence[Any],
    in_units: bool,
) -> Sequence[Any]:
    """What the field's get_db_prep_save makes of each value."""
    held = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = held.get_internal_type()
    if set(map(type, values)) <= {PLAIN.get(kind), NoneType}:
        return values
    prepare: Callable[[Any], Any]
    prepare = partial(field.get_db_prep_save, connection=connection)
    if kind == "DateTimeField" and connection.vendor == "sqlite":
        prepare = partial(_time, prepare)
    elif kind == "ExactDecimalField" and in_units:
        prepare = encode_units if connection.vendor == "sqlite" else exact_units
    elif kind == "ExactDecimalField" and connection.vendor == "sqlite":
        prepare = encode_checked
    before = made = None
    coded = []
    for value in values:
        if value is not before:  # many columns hold one value throughout
            before, made = value, None if value is None else prepare(value)
        coded.append(made)
    return coded


def _time(prepare: Callable[[Any], Any], value: Any) -> Any:
    """A quicker way to the same, where the time is in UTC as most are."""
    if type(value) is not datetime or value.tzinfo is not UTC:
        return prepare(value)
    return value.replace(tzinfo=None).isoformat(" ")


def _next_ids(
    connection: BaseDatabaseWrapper, model: type[models.Model], count: int
) -> Sequence[int]:
    """Ids that no row has or had, in the caller's transaction, which writes on
    SQLite: there nobody else takes them."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = cursor.fetchone()
            first = last[0] + 1 if last else 1
            return range(first, first + count)
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [connection.ops.quote_name(table), str(model._meta.pk.column), count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _send(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    rows: Sequence[Sequence[Any]],
) -> None:
    quote = connection.ops.quote_name
    fields = model._meta.concrete_fields
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of ours # nosec B608
                rows,
            )
            return
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
