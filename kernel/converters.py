"""What the parameters of an address may be, beyond Django's own converters."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter

MOST = 2**63 - 1  # of a column


class RowNumber(IntConverter):
    """A row's number. One that no column can hold is nobody's: the address leads nowhere
    (404), where a database would refuse it as a fault of ours."""

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MOST:
            raise ValueError(value)
        return number


def register() -> None:
    """`<number:trade>` in every list of addresses."""
    register_converter(RowNumber, "number")
