"""A file begins where its rows can be read."""

from collections.abc import Iterator

import pytest

from kernel.errors import NotFound
from kernel.sheets import csv_file, jsonl_file


def test_what_cannot_be_asked_is_refused_before_the_file_begins() -> None:
    def refuse(row: list[str]) -> list[str]:
        raise NotFound("There is no such book.")

    def rows() -> Iterator[list[str]]:
        return map(refuse, [["a"]])

    with pytest.raises(NotFound):
        csv_file("x", ["a"], rows())
    with pytest.raises(NotFound):
        jsonl_file("x", rows())
