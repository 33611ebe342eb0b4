"""What the cache holds: JSON, and nothing that could run when it is read."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from kernel.redis import client

pytestmark = pytest.mark.cached

KEY = "planted"


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def plant(value: bytes) -> None:
    client().set(cache.make_key(KEY), value, ex=60)


def test_a_value_that_was_planted_is_not_executed(tmp_path: Path) -> None:
    planted = tmp_path / "executed"
    plant(pickle.dumps(Touching(planted)))
    assert cache.get(KEY, "missing") == "missing"
    assert cache.get_many([KEY]) == {}
    assert not planted.exists()


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"{", b"[" * 100_000, b"9" * 5_000, b"nobody"], ids=len
)
def test_what_is_none_of_ours_is_a_miss_and_replaced(value: bytes) -> None:
    plant(value)
    assert cache.get(KEY) is None
    cache.set(KEY, "ours", 60)
    assert cache.get(KEY) == "ours"
    assert cache.get_many([KEY]) == {KEY: "ours"}


@pytest.mark.parametrize(
    "value", ["text", 7, True, {"a": [1, None]}, ["ä", ""], ""], ids=str
)
def test_what_is_kept_comes_back(value: Any) -> None:
    cache.set(KEY, value, 60)
    assert cache.get(KEY) == value


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()], ids=type)
def test_what_json_cannot_hold_is_refused_when_it_is_kept(value: Any) -> None:
    with pytest.raises(TypeError):
        cache.set(KEY, value, 60)
