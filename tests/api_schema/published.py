"""What clients were promised: every answer and every body, field by field.

An answer is declared once, so its schema and its bytes change together, and a field
that went would go in silence. `published.json` is the second opinion. Who means the
change renews it, and the diff shows reviewers what clients will see:

    .venv/bin/python -m tests.api_schema.published
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("published.json")

Schema = Mapping[str, Any]


def shape(schema: Schema) -> Any:
    """A schema without what only people read, as short as it can be told."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    for word in ("allOf", "oneOf", "anyOf"):
        if word in schema:
            return " | ".join(str(shape(each)) for each in schema[word])
    given = schema.get("type", "anything")
    kinds = [given] if isinstance(given, str) else list(given)
    text = " | ".join(
        schema.get("format", kind) if kind == "string" else kind for kind in kinds
    )
    if "enum" in schema:
        text += f" of {', '.join(sorted(map(str, schema['enum'])))}"
    if "items" in schema:
        text += f" of ({shape(schema['items'])})"
    if isinstance(others := schema.get("additionalProperties"), Mapping):
        text += f" of ({shape(others)})"
    if "properties" in schema:
        required = schema.get("required", ())
        return {
            name if name in required else f"{name}?": shape(inner)
            for name, inner in sorted(schema["properties"].items())
        }
    return text


def bodies(operation: Schema) -> Iterator[tuple[str, Schema]]:
    """("request" or the status, content) of one operation."""
    if "requestBody" in operation:
        yield "request", operation["requestBody"]["content"]
    for status, response in operation["responses"].items():
        if "$ref" not in response:  # a problem, the same everywhere
            yield status, response.get("content", {})


def published(document: Schema) -> dict[str, Any]:
    """The part of an OpenAPI document that a client's program relies on."""
    operations = {
        f"{method.upper()} {path}": {
            "id": operation["operationId"],
            "problems": sorted(
                status
                for status, response in operation["responses"].items()
                if "$ref" in response
            ),
            "parameters": sorted(
                f"{each['in']} {each['name']}"
                for each in operation.get("parameters", ())
            ),
            **{
                what: {kind: shape(body["schema"]) for kind, body in content.items()}
                for what, content in bodies(operation)
            },
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    schemas = document["components"]["schemas"]
    return {
        "operations": dict(sorted(operations.items())),
        "schemas": {name: shape(schemas[name]) for name in sorted(schemas)},
    }


if __name__ == "__main__":
    import os

    from tests.environment import SETTINGS

    os.environ |= {**SETTINGS, "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings"}
    import django

    django.setup()
    from rrr_dashboard.api import document

    FILE.write_text(json.dumps(published(document()), indent=1) + "\n")
