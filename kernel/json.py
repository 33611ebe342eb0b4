"""JSON of the API: exact bytes out, strict reading in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson

from kernel.errors import BadRequest
from kernel.numbers import LONGEST_WHOLE, read_number, text

MAX_DEPTH = 32
MAX_BYTES = 1_000_000
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _plain(value: Any) -> str:
    return text(value) if isinstance(value, Decimal) else str(value)


def dumps(data: Any) -> bytes:
    """JSON bytes: dataclasses in their declared order, Decimals as plain text, UTC
    times with Z."""
    return orjson.dumps(
        data, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    )


def loads(body: bytes) -> Any:
    """Strict JSON: UTF-8, no duplicate keys, no NaN, depth ≤ 32, numbers exact.

    Raises BadRequest with a plain reason.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=read_number,
            parse_int=_whole,
            parse_constant=_no_constants,
            object_pairs_hook=_no_duplicates,
        )
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.", code="malformed") from None
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.", code="malformed") from None
    except (ValueError, RecursionError):
        # A number that `read_number` refuses, or brackets all the way down.
        raise BadRequest(
            "The body holds a number or a nesting beyond all limits.", code="malformed"
        ) from None
    _refuse_unstorable(value)
    return value


def _whole(digits: str) -> int | Decimal:
    """An int as far as every database and JSON writer hold it, then a Decimal."""
    return int(digits) if len(digits) <= LONGEST_WHOLE else read_number(digits)


def _no_constants(name: str) -> Any:
    raise BadRequest(f"'{name}' is no JSON number.", code="malformed")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadRequest("A JSON object names a key twice.", code="malformed")
    return members


def _refuse_unstorable(value: Any, level: int = 1) -> None:
    """Depth (of containers), and texts that no database or file could hold."""
    if level > MAX_DEPTH and isinstance(value, dict | list):
        raise BadRequest(f"JSON nested deeper than {MAX_DEPTH}.", code="malformed")
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = (*value.keys(), *value.values())
    elif isinstance(value, list):
        inner = value
    elif isinstance(value, str) and UNSTORABLE.search(value):
        raise BadRequest(
            "A text holds a NUL character or half a character.", code="malformed"
        )
    for member in inner:
        _refuse_unstorable(member, level + 1)
