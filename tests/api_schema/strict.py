"""Compare a JSON answer with an OpenAPI 3.1 schema, strictly.

Stricter than JSON Schema: an object may hold nothing that its schema does not
name, decimals and times have one notation, and a word of the schema that is not
known here is an error. It also remembers which values it met, so that a field
that was only ever null or a list that was only ever empty is not called tested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Schema = Mapping[str, Any]

KNOWN = {
    *("$ref", "allOf", "oneOf", "anyOf", "type", "enum", "const", "format"),
    *("items", "properties", "required", "additionalProperties"),
    # What these say is told to people, or limits requests only.
    *("title", "description", "example", "examples", "default", "readOnly"),
    *("x-spec-enum-id", "propertyNames", "deprecated"),
    *("minLength", "maxLength", "minimum", "maximum", "pattern"),
    *("minItems", "maxItems", "uniqueItems"),
}
TYPES = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
EXPONENT = re.compile(r"-?\d+(\.\d+)?[eE][+-]\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
FORMATS = {
    "decimal": DECIMAL,
    "date-time": TIME,
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "uri": re.compile(r"(https?://|urn:|/)\S+"),
}


@dataclass
class Comparison:
    """Compares answers with the schemas of one OpenAPI document.

    `met` holds the places (".trades[].fee") where a value stood, `declared` gives
    those where one may stand.
    """

    document: Schema
    met: set[str] = field(default_factory=set)

    def problems(
        self, value: Any, schema: Schema, at: str = "", place: str = ""
    ) -> Iterator[str]:
        """What is wrong with the value, each with where it is; nothing if all fits."""
        schema = self.resolved(schema)
        if value is not None:
            self.met.add(place)
        for word in ("oneOf", "anyOf"):
            if word in schema:
                yield from self._one_of(value, schema[word], at, place)
                return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at}: {value!r} is none of {schema['enum']}"
        if "const" in schema and value != schema["const"]:
            yield f"{at}: {value!r} is not {schema['const']!r}"
        kinds = types_of(schema)
        if kinds and not any(TYPES[kind](value) for kind in kinds):
            yield f"{at}: {value!r} is no {' or '.join(kinds)}"
        elif isinstance(value, str):
            yield from _text(value, schema, at)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                items = schema.get("items", {})
                yield from self.problems(inner, items, f"{at}[{number}]", f"{place}[]")
        elif isinstance(value, dict):
            yield from self._object(value, schema, at, place)

    def resolved(self, schema: Schema) -> Schema:
        """The schema behind references."""
        while True:
            if unknown := set(schema) - KNOWN:
                raise AssertionError(f"no rule here for {unknown} in {schema}")
            if "$ref" in schema:
                name = schema["$ref"].rsplit("/", 1)[1]
                schema = self.document["components"]["schemas"][name]
            elif "allOf" in schema:
                (schema,) = schema["allOf"]
            else:
                return schema

    def _one_of(
        self, value: Any, choices: list[Schema], at: str, place: str
    ) -> Iterator[str]:
        fitting = [
            choice
            for choice in choices
            if TYPES["null"](value) == ("null" in types_of(self.resolved(choice)))
        ]
        refused = [list(self.problems(value, choice, at, place)) for choice in fitting]
        if not fitting:
            yield f"{at}: {value!r} is none of {choices}"
        elif all(refused):
            yield from min(refused, key=len)

    def _object(
        self, value: dict[str, Any], schema: Schema, at: str, place: str
    ) -> Iterator[str]:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{at}.{name}: missing"
        others = schema.get("additionalProperties", False)
        for name, inner in value.items():
            if name in properties:
                yield from self.problems(
                    inner, properties[name], f"{at}.{name}", f"{place}.{name}"
                )
            elif isinstance(others, Mapping):
                yield from self.problems(inner, others, f"{at}.{name}", f"{place}{{}}")
            elif schema and not others:
                yield f"{at}.{name}: not in the schema"

    def declared(self, schema: Schema, place: str = "") -> Iterator[tuple[str, Schema]]:
        """Every place where a value may stand in an answer of this schema."""
        schema = self.resolved(schema)
        yield place, schema
        for inner in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
            yield from self.declared(inner, place)
        for name, inner in schema.get("properties", {}).items():
            yield from self.declared(inner, f"{place}.{name}")
        if "items" in schema:
            yield from self.declared(schema["items"], f"{place}[]")
        if isinstance(others := schema.get("additionalProperties"), Mapping):
            yield from self.declared(others, f"{place}{{}}")


def types_of(schema: Schema) -> list[str]:
    given = schema.get("type", [])
    return [given] if isinstance(given, str) else list(given)


def is_free(schema: Schema) -> bool:
    """It says nothing of what may stand there."""
    closed = {"type", "enum", "const", "oneOf", "anyOf"} & set(schema)
    opened = types_of(schema) == ["object"] and not (
        {"properties", "additionalProperties"} & set(schema)
    )
    return not closed or opened or schema.get("additionalProperties") is True


def _text(text: str, schema: Schema, at: str) -> Iterator[str]:
    form = schema.get("format")
    if form is not None:
        if form not in FORMATS:
            raise AssertionError(f"{at}: no rule here for format {form!r}")
        if not FORMATS[form].fullmatch(text):
            yield f"{at}: {text!r} is no {form}"
        elif form == "date-time":
            datetime.fromisoformat(text)
    elif EXPONENT.fullmatch(text):
        yield f"{at}: {text!r} is no plain number"
    elif LIKE_A_TIME.fullmatch(text) and not TIME.fullmatch(text):
        yield f"{at}: {text!r} is a time without Z"
