"""Rows by what they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def grouped(pairs: Iterable[tuple[int, T]]) -> defaultdict[int, list[T]]:
    """{owner: its values in the order given}; empty for an owner without any."""
    groups: defaultdict[int, list[T]] = defaultdict(list)
    for owner, value in pairs:
        groups[owner].append(value)
    return groups
