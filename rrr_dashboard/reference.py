"""The OpenAPI document as people read it: operations, parameters, answers.

Pure: takes the document, gives dataclasses for templates/reference.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

VERBS = ("get", "post", "put", "patch", "delete")
TONES = {"get": "info", "post": "ok", "patch": "warn", "put": "warn", "delete": "crit"}
# Deeper nesting is named by its schema instead of being unfolded.
DEPTH = 3
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class FieldDoc:
    """One name in a query, a body or an answer; `name` is a path such as a[].b."""

    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class AnswerDoc:
    status: str
    words: str
    fields: tuple[FieldDoc, ...]


@dataclass(frozen=True, kw_only=True)
class OperationDoc:
    verb: str
    path: str
    summary: str
    words: str
    parameters: tuple[FieldDoc, ...]
    body: tuple[FieldDoc, ...]
    answers: tuple[AnswerDoc, ...]
    problems: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return f"{self.verb}-{self.path.strip('/')}".translate(
            str.maketrans("/", "-", "{}")
        )

    @property
    def tone(self) -> str:
        return TONES[self.verb]


@dataclass(frozen=True, kw_only=True)
class AreaDoc:
    name: str
    operations: tuple[OperationDoc, ...]


def areas(document: Schema) -> list[AreaDoc]:
    """Every operation, grouped by the first segment below /api/."""
    listed = sorted(
        _operations(document), key=lambda each: (_area(each.path), each.path)
    )
    return [
        AreaDoc(name=name, operations=tuple(group))
        for name, group in groupby(listed, key=lambda each: _area(each.path))
    ]


def _area(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[1] if parts[0] == "api" and len(parts) > 1 else "service"


def _operations(document: Schema) -> Iterator[OperationDoc]:
    for path, item in document.get("paths", {}).items():
        for verb in VERBS:
            if verb in item:
                yield _operation(document, path, verb, item[verb])


def _operation(
    document: Schema, path: str, verb: str, operation: Schema
) -> OperationDoc:
    description = str(operation.get("description", "")).strip()
    summary = str(operation.get("summary") or description.partition("\n")[0])
    rest = " ".join(description.split()).removeprefix(summary)
    parameters = operation.get("parameters", ())
    responses = sorted(operation.get("responses", {}).items())
    # What every operation may answer is told once, above them all.
    own = [(status, each) for status, each in responses if "$ref" not in each]
    problems = [status for status, each in responses if "$ref" in each]
    return OperationDoc(
        verb=verb,
        path=path,
        summary=summary,
        words=rest.lstrip(".:;!? "),
        parameters=tuple(_parameter(document, each) for each in parameters),
        body=_body(document, operation.get("requestBody", {})),
        answers=tuple(_answer(document, status, each) for status, each in own),
        problems=tuple(status for status in problems if status != "default"),
    )


def _parameter(document: Schema, parameter: Schema) -> FieldDoc:
    schema = parameter.get("schema", {})
    return FieldDoc(
        name=f"{parameter['name']} ({parameter['in']})",
        kind=_kind(document, schema),
        required=bool(parameter.get("required")),
        words=str(parameter.get("description", "")),
    )


def _body(document: Schema, body: Schema) -> tuple[FieldDoc, ...]:
    schema = _media(body.get("content", {}))
    return tuple(_fields(document, schema)) if schema else ()


def _answer(document: Schema, status: str, answer: Schema) -> AnswerDoc:
    schema = _media(answer.get("content", {}))
    return AnswerDoc(
        status=status,
        words=str(answer.get("description", "")),
        fields=tuple(_fields(document, schema)) if schema else (),
    )


def _media(content: Mapping[str, Schema]) -> Schema:
    return next((media.get("schema", {}) for media in content.values()), {})


def _resolve(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if len(parts := schema.get("allOf", ())) == 1:
        return _resolve(document, parts[0])
    return schema


def _fields(
    document: Schema, schema: Schema, prefix: str = "", depth: int = 0
) -> Iterator[FieldDoc]:
    schema = _resolve(document, schema)
    if "items" in schema:
        yield from _fields(document, schema["items"], f"{prefix}[]", depth)
        return
    required = set(schema.get("required", ()))
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        whole = _resolve(document, inner)
        yield FieldDoc(
            name=path,
            kind=_kind(document, inner),
            required=name in required,
            words=str(inner.get("description") or whole.get("description", "")),
        )
        if depth < DEPTH and (whole.get("properties") or "items" in whole):
            yield from _fields(document, whole, path, depth + 1)


def _kind(document: Schema, schema: Schema) -> str:
    """ "string (date-time)", "list of integer", "one of a, b", "string or null"."""
    schema = _resolve(document, schema)
    if values := schema.get("enum"):
        return "one of " + ", ".join("null" if v is None else str(v) for v in values)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return " or ".join(_kind(document, each) for each in schema[choice])
    given = schema.get("type", "object" if "properties" in schema else "any")
    kinds = given if isinstance(given, list) else [given]
    names = []
    for kind in kinds:
        if kind == "array":
            names.append(f"list of {_kind(document, schema.get('items', {}))}")
        else:
            form = f" ({schema['format']})" if "format" in schema else ""
            names.append(f"{kind}{form if kind != 'null' else ''}")
    return " or ".join(names)
