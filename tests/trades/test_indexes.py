"""Every index is paid for by each row that a file brings: none stands in the shadow of
another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import models
from django.db.models import ForeignKey

from trades.models import Fill, Lot, Match, RoundTrip


def whole_indexes(model: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """The columns of each index that holds every row."""
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and getattr(field, "db_index", False):
            yield (field.name,)
    for index in model._meta.indexes:
        if index.condition is None:
            yield tuple(index.fields)


@pytest.mark.parametrize("model", [Fill, Lot, Match, RoundTrip])
def test_no_index_only_begins_as_another_does(model: type[models.Model]) -> None:
    indexes = list(whole_indexes(model))
    assert indexes
    shadowed = [
        (short, long)
        for short in indexes
        for long in indexes
        if short != long and long[: len(short)] == short
    ]
    assert not shadowed


@pytest.mark.parametrize("model", [Fill, Lot, Match, RoundTrip])
def test_an_instrument_is_looked_for_in_its_book(model: type[models.Model]) -> None:
    assert ("instrument",) not in list(whole_indexes(model))
