"""What a body may hold, and what is said about one that may not."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from kernel.api import StrictJSONParser
from kernel.errors import BadRequest, TooLarge
from kernel.json import MAX_BYTES, MAX_DEPTH, dumps, loads


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", "not UTF-8"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b'{"a":1,"a":2}', "names a key twice"),
        (b"NaN", "'NaN' is no JSON number"),
        (b"[-Infinity]", "'-Infinity' is no JSON number"),
        (b"9" * 5_000, "beyond all limits"),
        (b"1e9999999999999999999", "beyond all limits"),
        (b"1e41", "beyond all limits"),
        (b"[0.1, -1e-999999999]", "beyond all limits"),
        (b"[" * 100_000, "beyond all limits"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper"),
        (b'"\\u0000"', "NUL character"),
        (b'{"\\u0000":1}', "NUL character"),
        (b'["\\ud800"]', "half a character"),
    ],
    ids=[
        "bytes", "cut off", "empty", "duplicate key", "not a number", "infinite",
        "endless digits", "endless exponent", "large exponent", "small exponent",
        "endless brackets", "too deep",
        "NUL in a text", "NUL in a key", "half a character",
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_taken_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        loads(body)


def test_numbers_are_read_exactly() -> None:
    assert loads(b"[0.1, 1e2, 7]") == [Decimal("0.1"), Decimal("1E+2"), 7]
    assert loads(b"[-7, 1e-40]") == [-7, Decimal("1E-40")]
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None


@pytest.mark.parametrize("digits", ["9" * 18, "9" * 19, "9" * 20, "-" + "9" * 30])
def test_a_large_whole_number_can_be_written_again(digits: str) -> None:
    """An answer, or the digest of a body, holds what a body held."""
    number = loads(digits.encode())
    assert number == int(digits)
    assert dumps(number).strip(b'"') == digits.encode()


def test_a_body_is_read_up_to_its_limit() -> None:
    parse = StrictJSONParser().parse
    assert parse(io.BytesIO(b'"%s"' % (b"a" * (MAX_BYTES - 2)))) is not None
    with pytest.raises(TooLarge):
        parse(io.BytesIO(b'"%s"' % (b"a" * (MAX_BYTES - 1))))


def test_what_is_written_can_be_read_back() -> None:
    written = dumps({"price": Decimal("0.10"), 3: None})
    assert written == b'{"price":"0.1","3":null}'
    assert loads(written) == {"price": "0.1", "3": None}
