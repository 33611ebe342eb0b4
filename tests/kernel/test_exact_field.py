"""The exact field on the database the suite runs on (SQLite or PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import pytest
from django.core.exceptions import FieldError
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import Avg, Count, F, Max, Min, Sum, Window
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.fields import ExactDecimalField, decode, encode
from kernel.numbers import NotExact, exact, text

EXTREMES = [
    Decimal("123456789012.12345678"),
    Decimal("-123456789012.12345678"),
    Decimal("0.000000000000000001"),
    Decimal("-0.000000000000000001"),
    Decimal("99999999999999999999.999999999999999999"),
    Decimal("-99999999999999999999.999999999999999999"),
    Decimal("0"),
    Decimal("10"),
    Decimal("9"),
]


class Sample(models.Model):
    group = models.CharField(max_length=10, default="a")
    value = ExactDecimalField(null=True)
    objects: ClassVar[models.Manager[Sample]] = models.Manager()

    class Meta:
        app_label = "exact_test"

    def __str__(self) -> str:
        return f"{self.group} {self.value}"


@pytest.fixture
def samples(transactional_db: None) -> Iterator[type[Sample]]:
    with connection.schema_editor() as editor:
        editor.create_model(Sample)
    yield Sample
    with connection.schema_editor() as editor:
        editor.delete_model(Sample)


def fill(*values: Decimal | str, group: str = "a") -> None:
    Sample.objects.bulk_create([Sample(group=group, value=value) for value in values])


def test_values_come_back_exactly(samples: type[Sample]) -> None:
    for value in EXTREMES:
        row = samples.objects.create(value=value)
        assert samples.objects.get(pk=row.pk).value == value


def test_order_is_numeric(samples: type[Sample]) -> None:
    fill(*EXTREMES)
    found = list(samples.objects.order_by("value").values_list("value", flat=True))
    assert found == sorted(EXTREMES)


def test_filters_compare_numbers(samples: type[Sample]) -> None:
    fill(*EXTREMES)
    count = lambda **kw: samples.objects.filter(**kw).count()  # noqa: E731
    assert count(value__gt=9) == 3
    assert count(value__lt="0") == 3
    assert count(value__in=["10", 9, Decimal("0.0")]) == 3
    assert count(value__range=("-1", "9")) == 4
    assert count(value="10.000") == 1
    assert samples.objects.exclude(value__gte=F("value")).count() == 0


def test_sum_is_exact_grouped_filtered_and_over_a_window(samples: type[Sample]) -> None:
    big, tiny = Decimal("99999999999999999999"), Decimal("0.000000000000000001")
    fill(big, big, tiny)
    fill("-5", "2.5", group="b")
    assert samples.objects.aggregate(s=Sum("value"))["s"] == big + big + tiny - Decimal(
        "2.5"
    )
    grouped = dict(
        samples.objects.values_list("group").annotate(s=Sum("value")).order_by("group")
    )
    assert grouped == {"a": big + big + tiny, "b": Decimal("-2.5")}
    having = samples.objects.values("group").annotate(s=Sum("value")).filter(s__lt=0)
    assert [row["group"] for row in having] == ["b"]
    running = samples.objects.filter(group="b").annotate(
        total=Window(Sum("value"), order_by=F("id").asc())
    )
    assert [row.total for row in running.order_by("id")] == [
        Decimal(-5),
        Decimal("-2.5"),
    ]


def test_sum_of_nothing_is_null_and_of_integers_stays_an_integer(
    samples: type[Sample],
) -> None:
    assert samples.objects.aggregate(s=Sum("value"))["s"] is None
    fill("1", "2")
    ids = list(samples.objects.values_list("id", flat=True))
    total = samples.objects.aggregate(s=Sum("id"))["s"]
    assert total == sum(ids)
    assert not isinstance(total, float | str)


def test_min_max_distinct_and_count_work(samples: type[Sample]) -> None:
    fill("-3", "-20", "7", "7.0")
    got = samples.objects.aggregate(low=Min("value"), high=Max("value"))
    assert got == {"low": Decimal(-20), "high": Decimal(7)}
    assert samples.objects.values("value").distinct().count() == 3
    per = samples.objects.values("value").annotate(n=Count("id")).order_by("-n").first()
    assert per is not None
    assert per["value"] == 7


def test_average_raises(samples: type[Sample]) -> None:
    fill("1", "2")
    with pytest.raises((NotExact, DatabaseError)):
        samples.objects.aggregate(a=Avg("value"))


@pytest.mark.parametrize(
    "expression", [F("value") + 1, F("value") * F("value"), F("value") / 2]
)
def test_arithmetic_in_sql_raises(samples: type[Sample], expression: object) -> None:
    fill("1")
    with pytest.raises(FieldError):
        list(samples.objects.annotate(x=expression))
    with pytest.raises(FieldError):
        samples.objects.aggregate(x=Sum(expression))


def test_arithmetic_in_an_update_never_stores_a_float(samples: type[Sample]) -> None:
    row = samples.objects.create(value="1.5")
    if connection.vendor == "sqlite":
        with pytest.raises(IntegrityError), transaction.atomic():
            samples.objects.update(value=F("value") + 1)
        expected = Decimal("1.5")
    else:
        samples.objects.update(value=F("value") + 1)
        expected = Decimal("2.5")
    row.refresh_from_db()
    assert row.value == expected


@pytest.mark.embedded  # PostgreSQL's NUMERIC is a number
def test_sqlite_itself_takes_nothing_but_digits(samples: type[Sample]) -> None:
    row = samples.objects.create(value="1.5")
    coded = "1" + "7" * 48
    for wrong in (
        coded[:-1] + "x",
        "2" + coded[1:],
        coded + "7",
        coded[:20] + "." + "7" * 28,
    ):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE exact_test_sample SET value = %s", [wrong])
    row.refresh_from_db()
    assert row.value == Decimal("1.5")


@pytest.mark.parametrize(
    "wrong",
    [
        1.5,
        float("nan"),
        Decimal("NaN"),
        Decimal("Infinity"),
        "1e400",
        True,
        "0." + "0" * 18 + "1",
        "1" + "0" * 30,
    ],
)
def test_what_is_not_exact_never_reaches_the_engine(
    samples: type[Sample], wrong: object
) -> None:
    with pytest.raises(NotExact):
        samples.objects.create(value=wrong)
    with pytest.raises(NotExact):
        samples.objects.filter(value=wrong).exists()
    assert not samples.objects.exists()


@pytest.mark.parametrize("lookup", ["contains", "startswith", "regex"])
def test_text_lookups_are_refused(samples: type[Sample], lookup: str) -> None:
    with pytest.raises(FieldError):
        samples.objects.filter(**{f"value__{lookup}": "1"}).exists()


numbers = st.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: Decimal(n).scaleb(-18))


@given(numbers, numbers)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_coded_text_is_exact_and_sorts_like_the_number(
    a: Decimal, b: Decimal
) -> None:
    assert decode(encode(a)) == a
    assert (encode(a) < encode(b)) == (a < b)


@given(numbers)
def test_text_is_plain_and_round_trips(a: Decimal) -> None:
    shown = text(a)
    assert exact(shown) == a
    assert "E" not in shown
    assert shown != "-0"
    assert not (("." in shown) and shown.endswith("0"))
