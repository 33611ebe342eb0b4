"""What the API publishes is what clients were promised: no field goes in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rrr_dashboard.api import document
from tests.api_schema.published import FILE, published, shape

RENEW = (
    "meant so? .venv/bin/python -m tests.api_schema.published, and say it in CHANGELOG"
)


def flat(value: Any, place: str = "") -> set[str]:
    """Every leaf with its place, so that a failure names fields."""
    if not isinstance(value, dict):
        return {f"{place} = {value}"}
    return {leaf for key in value for leaf in flat(value[key], f"{place} / {key}")}


def test_nothing_published_changes_in_silence() -> None:
    promised, now = flat(json.loads(FILE.read_text())), flat(published(document()))
    assert sorted(promised - now) == [], f"gone or changed; {RENEW}"
    assert sorted(now - promised) == [], f"new or changed; {RENEW}"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "description": "told to people"}, "string"),
        ({"type": ["string", "null"], "format": "decimal"}, "decimal | null"),
        ({"type": "string", "enum": ["b", "a"]}, "string of a, b"),
        ({"type": "array", "items": {"$ref": "#/x/Fill"}}, "array of (Fill)"),
        ({"oneOf": [{"$ref": "#/x/Fill"}, {"type": "null"}]}, "Fill | null"),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "object of (integer)",
        ),
        (
            {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"type": "integer"}, "b": {}},
            },
            {"a": "integer", "b?": "anything"},
        ),
    ],
)
def test_a_schema_is_told_short(schema: dict[str, Any], expected: Any) -> None:
    assert shape(schema) == expected
