"""Many rows written as values, on the database the suite runs on: the same as
bulk_create writes."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

import pytest
from django.db import IntegrityError, connection, models, transaction

from kernel.collecting import uncollected
from kernel.fields import ExactDecimalField
from kernel.inserting import FEW, insert_columns, insert_rows, unsaved
from kernel.numbers import NotExact


class Colour(StrEnum):
    RED = "red"


class Crate(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    objects: ClassVar[models.Manager[Crate]] = models.Manager()

    class Meta:
        app_label = "inserting_test"

    def __str__(self) -> str:
        return str(self.id)


class Parcel(models.Model):
    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, null=True)
    inside = models.ForeignKey("self", on_delete=models.CASCADE, null=True)
    name = models.CharField(max_length=40)
    colour = models.CharField(max_length=5, default=Colour.RED)
    note = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=0)
    fragile = models.BooleanField(default=False)
    weight = ExactDecimalField()
    price = ExactDecimalField(null=True)
    at = models.DateTimeField()
    later = models.DateTimeField(null=True)
    labels = models.JSONField(null=True)
    content = models.BinaryField(default=b"")
    token = models.UUIDField(default=uuid.uuid4)
    objects: ClassVar[models.Manager[Parcel]] = models.Manager()

    class Meta:
        app_label = "inserting_test"

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    crate = models.ForeignKey(Crate, on_delete=models.CASCADE)
    text = models.CharField(max_length=40, blank=True)
    weight = ExactDecimalField(default=Decimal(0))

    class Meta:
        app_label = "inserting_test"

    def __str__(self) -> str:
        return self.text


NAMES = [field.attname for field in Parcel._meta.concrete_fields if field.name != "id"]


@pytest.fixture
def crate(transactional_db: None) -> Iterator[Crate]:
    with connection.schema_editor() as editor:
        editor.create_model(Crate)
        editor.create_model(Parcel)
    yield Crate.objects.create()
    with connection.schema_editor() as editor:
        editor.delete_model(Parcel)
        editor.delete_model(Crate)


def parcels(crate: Crate, count: int) -> list[Parcel]:
    """Each value that a field may hold, in turn."""
    weights = ["0", "-0", "1E+2", "0.000000000000000001", "-12.50", "9" * 20 + ".5"]
    names = ["plain", "tab\tquote'\"", "back\\slash \\N", "", "é漢😀", "line\nend\r"]
    noon = datetime(2026, 3, 1, 12, 0, 0, 120, tzinfo=UTC)
    zones = [UTC, timezone(timedelta(hours=-5)), timezone(timedelta(minutes=330))]
    labels: list[Any] = [None, {"a": [1, "ü\t"]}, [], "text", {"n": None}]
    return [
        Parcel(
            crate=crate if n % 3 else None,
            name=names[n % 6],
            colour=Colour.RED if n % 2 else "blue",
            note=names[-n % 6],
            count=n,
            fragile=n % 2 == 0,
            weight=Decimal(weights[n % 6]),
            price=None if n % 4 == 0 else Decimal(weights[-n % 6]),
            at=(noon + timedelta(seconds=n)).astimezone(zones[n % 3]),
            later=noon if n % 5 else None,
            labels=labels[n % 5],
            content=bytes([n % 256, 0, 9, 92]),
        )
        for n in range(count)
    ]


def in_units(rows: list[Parcel]) -> dict[str, list[Any]]:
    """Their columns, exact decimals as whole numbers of 10^-18."""
    columns = {name: [vars(row)[name] for row in rows] for name in NAMES}
    for name in ("weight", "price"):
        columns[name] = [
            None if value is None else int(value.scaleb(18)) for value in columns[name]
        ]
    return columns


def stored(*ids: int) -> list[tuple[Any, ...]]:
    """What the database itself holds of these rows, without their ids."""
    raw = Parcel.objects.filter(pk__in=ids).order_by("id").values_list(*NAMES)
    sql, values = raw.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def test_every_kind_of_value_is_written_as_bulk_create_writes_it(crate: Crate) -> None:
    rows = parcels(crate, FEW + 50)
    insert_rows(rows)
    assert [row.pk for row in rows] == sorted({row.pk for row in rows})
    assert not any(row._state.adding for row in rows)
    twins = parcels(crate, FEW + 50)
    for row, twin in zip(rows, twins, strict=True):
        twin.token = row.token
    Parcel.objects.bulk_create(twins)
    mine = stored(*(row.pk for row in rows))
    assert mine == stored(*(twin.pk for twin in twins))
    assert len(mine) == FEW + 50


@pytest.mark.parametrize("count", [0, 3, FEW, 2 * FEW])
def test_values_have_their_ids_in_order_and_none_comes_twice(
    crate: Crate, count: int
) -> None:
    first = Parcel.objects.bulk_create(parcels(crate, 1))[0].pk
    Parcel.objects.all().delete()
    ids = insert_columns(Parcel, in_units(parcels(crate, count)))
    kept = dict(Parcel.objects.values_list("pk", "count"))
    assert kept == {pk: place for place, pk in enumerate(ids)}
    insert_rows(more := parcels(crate, FEW))
    after = Parcel.objects.create(name="x", weight=Decimal(1), at=datetime.now(UTC))
    assert sorted({first, *ids, *(row.pk for row in more), after.pk}) == [
        first,
        *ids,
        *(row.pk for row in more),
        after.pk,
    ]


@pytest.mark.parametrize("count", [3, FEW])
def test_columns_in_units_are_written_as_the_decimals_they_stand_for(
    crate: Crate, count: int
) -> None:
    rows = parcels(crate, count)
    rows[1].weight = Decimal("-" + "9" * 30 + "." + "9" * 18)
    columns = in_units(rows)
    ids = insert_columns(Parcel, columns)
    Parcel.objects.bulk_create(rows)
    assert stored(*ids) == stored(*(row.pk for row in rows))
    columns["weight"][-1] = 10**48
    with pytest.raises(NotExact, match="30 digits"):
        insert_columns(Parcel, columns)
    assert Parcel.objects.count() == 2 * count


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("weight", Decimal("NaN"), NotExact),
        ("weight", Decimal("0." + "0" * 18 + "1"), NotExact),
        ("weight", Decimal("1." + "0" * 90 + "1"), NotExact),
        ("weight", Decimal(10) ** 30, NotExact),
        ("weight", 1.5, NotExact),
        ("inside_id", 10**9, IntegrityError),
        ("name", None, IntegrityError),
    ],
)
def test_one_wrong_value_keeps_all_rows_out(
    crate: Crate, name: str, value: object, error: type[Exception]
) -> None:
    rows = parcels(crate, FEW)
    setattr(rows[-1], name, value)
    with pytest.raises(error):
        insert_rows(rows)
    assert not Parcel.objects.exists()


def test_rows_of_a_transaction_that_is_given_up_are_gone(crate: Crate) -> None:
    with transaction.atomic():
        insert_rows(parcels(crate, FEW))
        assert Parcel.objects.count() == FEW
        transaction.set_rollback(True)
    assert not Parcel.objects.exists()


def test_an_unsaved_row_is_as_its_class_makes_it() -> None:
    crate = Crate()
    values = {"text": "fragile", "crate_id": crate.pk}
    made = unsaved(Label, values, {"crate": crate})
    plain = Label(crate=crate, text="fragile")
    held = {name: value for name, value in vars(made).items() if name != "_state"}
    assert held == {name: vars(plain)[name] for name in held}
    assert set(vars(made)) == set(vars(plain))
    assert (made.crate is crate, made._state.adding, made._state.db) == (
        True,
        True,
        None,
    )
    with pytest.raises(AssertionError):  # two rows would share one default
        unsaved(Parcel, {}, {})


def test_cycles_are_looked_for_again_after_work_that_failed() -> None:
    with uncollected():
        assert not gc.isenabled()
    with pytest.raises(ValueError, match="broken"), uncollected():
        raise ValueError("broken")
    assert gc.isenabled()
