"""The first rows of many lists together, for hardly more than those of one.

`WHERE book IN (…) ORDER BY time LIMIT 51`: both databases had rather walk all rows by
time, however few are of these books (0.9 s among a million). SQLite reads as few of
each list as are needed when it is held to the index that begins with the list's
column; PostgreSQL when each list is a limited subquery of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Max, Min, Model, OuterRef, QuerySet, Subquery
from django.db.models.sql import datastructures

M = TypeVar("M", bound=Model)
Rows = TypeVar("Rows", bound=QuerySet[Any])

# What is overridden here is missing from django-stubs.
BaseTable: Any = datastructures.BaseTable


class _HintedTable(BaseTable):  # type: ignore[misc] # see above
    """A table that is read by one of its indexes, or by its key where none is named,
    whatever SQLite thinks of it."""

    index: str

    def as_sql(
        self, compiler: Any, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        sql, params = super().as_sql(compiler, connection)
        if not self.index:
            return f"{sql} NOT INDEXED", params
        return f"{sql} INDEXED BY {connection.ops.quote_name(self.index)}", params

    def relabeled_clone(self, change_map: Any) -> Any:
        clone = super().relabeled_clone(change_map)
        clone.index = self.index
        return clone


@dataclass(frozen=True)
class Lists:
    """The rows whose `relation` is one of `keys`: a list each, sorted by `index`."""

    relation: str
    keys: Sequence[int]
    index: str

    def of(self, rows: QuerySet[M]) -> QuerySet[M]:
        """The rows that are in one of the lists."""
        return rows.filter(**{f"{self.relation}__in": self.keys})

    def first(
        self, rows: QuerySet[M], order: Sequence[str], start: int, end: int
    ) -> QuerySet[M]:
        """Of all these rows together those from `start` to `end`. One query."""
        if len(self.keys) == 1:
            return self.of(rows).order_by(*order)[start:end]
        bare: QuerySet[Any] = rows.select_related(None).order_by(*order)
        if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
            near = _indexed(self.of(bare), self.index).values("pk")[start:end]
            return rows.filter(pk__in=near).order_by(*order)
        # With PostgreSQL's driver, which no process on SQLite loads.
        from django.contrib.postgres.expressions import ArraySubquery

        mine = bare.filter(**{self.relation: OuterRef("pk")}).values("pk")[:end]
        ids = Func(ArraySubquery(mine), function="unnest")
        near = self._parents(rows).annotate(near=ids).values("near")
        return rows.filter(pk__in=near).order_by(*order)[start:end]

    def edge(
        self, rows: QuerySet[M], field: str, each: int, *, newer: bool
    ) -> datetime | None:
        """The time up to which the first rows of all lists are known when `each` rows
        of each list are; None when that is all of them. One query."""
        mine = rows.filter(**{self.relation: OuterRef("pk")})
        mine = mine.order_by(field if newer else f"-{field}")
        last = Subquery(mine.values(field)[each - 1 : each])
        nearest = Min("last") if newer else Max("last")
        last_seen: datetime | None = (
            self._parents(rows).annotate(last=last).aggregate(edge=nearest)["edge"]
        )
        return last_seen

    def _parents(self, rows: QuerySet[M]) -> QuerySet[Any]:
        parent = rows.model._meta.get_field(self.relation).related_model
        assert isinstance(parent, type)
        assert issubclass(parent, Model)
        return parent._default_manager.filter(pk__in=self.keys).order_by()


def held_to(rows: Rows, index: str) -> Rows:
    """The rows, which SQLite reads by this index whatever it thinks of it."""
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        return _indexed(rows, index)
    return rows


def with_ids(rows: Rows, ids: Sequence[int]) -> Rows:
    """Those of the rows that have one of a few ids, which SQLite finds by these."""
    rows = rows.filter(pk__in=ids)
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        return _indexed(rows, "")
    return rows


def _indexed(rows: Rows, index: str) -> Rows:
    rows = rows.all()
    query: Any = rows.query
    alias = query.get_initial_alias()
    table = _HintedTable(query.alias_map[alias].table_name, alias)
    table.index = index
    query.alias_map[alias] = table
    return rows
