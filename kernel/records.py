"""Dataclasses kept as JSON in a row, and back with their exact types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from kernel.json import dumps

Record = TypeVar("Record")


def stored(record: object) -> Any:
    """What a JSONField keeps of a dataclass: decimals as text, times with Z."""
    return json.loads(dumps(record))


def restored(kind: type[Record], data: Mapping[str, Any]) -> Record:
    """The dataclass that `stored` kept. A field added since then takes its default."""
    hints = get_type_hints(kind)
    given = {
        field.name: _value(hints[field.name], data[field.name])
        for field in fields(cast(Any, kind))
        if field.name in data
    }
    return kind(**given)


def _value(hint: Any, value: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None:
            return None
        (hint,) = (kind for kind in arguments if kind is not NoneType)
        return _value(hint, value)
    if origin is list:
        return [_value(arguments[0], member) for member in value]
    if origin is not None:  # a mapping of texts
        return dict(value)
    if issubclass(hint, Decimal | UUID | Enum):
        return hint(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    return restored(hint, value) if hasattr(hint, "__dataclass_fields__") else value
