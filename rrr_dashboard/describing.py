"""What every operation of the API shares, written into its OpenAPI document.

Pure: a document in, the same document out, with what follows from an operation's own
shape: which problems it may answer, which headers it takes and gives, who may call it,
and its example. A view says only what is its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
EXAMPLES = Path(__file__).with_name("examples.json")

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457: what went wrong, and where in the request.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "which rule"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "request_id": {"type": "string", "description": "name it when you ask us"},
        "current": {
            "type": "object",
            "additionalProperties": True,
            "description": "how it stands now, where a revision is stale",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
MALFORMED = "The request can never work as sent: a parameter or a body is malformed."
PROBLEMS = {
    "400": MALFORMED,
    "401": "Nobody is logged in, or the token is no longer good.",
    "403": "Your role may not do this.",
    "404": "Not here, or not yours: the two are not told apart.",
    "406": "None of the content types that `Accept` names is given here.",
    "408": "The body did not come quickly enough.",
    "409": "Somebody was first, or a request with this Idempotency-Key is worked on.",
    "411": "A body without a Content-Length.",
    "412": "If-Match names a revision that is no longer the newest.",
    "413": "The body is too large.",
    "415": "A content type that is not read here.",
    "422": "Well-formed, but values break a rule; `errors` names each.",
    "428": "Say which revision you change: If-Match, or `revision` in the body.",
    "429": "Too many requests.",
    "503": "Something we depend on does not answer; try again later.",
    "507": "There is no room on the disk, so nothing was saved.",
    "default": "Anything else: a problem document.",
}
# Content that says what it is: DRF words these by themselves.
TEXT: Schema = {"type": "string"}
HEADERS: dict[str, Schema] = {
    "X-Request-ID": {
        "description": "Yours, or one that we made; our logs know the request by it.",
        "schema": TEXT,
    },
    "ETag": {
        "description": "The version of this answer, for If-None-Match; of what shows "
        "a revision it begins with that, for If-Match.",
        "schema": TEXT,
    },
    "Link": {
        "description": 'The next page: `<…?cursor=…>; rel="next"`. Not on the last.',
        "schema": TEXT,
    },
    "Location": {"description": "Where it can be read from now on.", "schema": TEXT},
    "Retry-After": {
        "description": "After how many seconds it is worth asking again.",
        "schema": {"type": "integer"},
    },
    "RateLimit": {
        "description": 'What is left of each window: `"minute";r=59;t=60`.',
        "schema": TEXT,
    },
    "RateLimit-Policy": {
        "description": 'What a window allows: `"minute";q=60;w=60`.',
        "schema": TEXT,
    },
    "Idempotency-Replayed": {
        "description": "`true`: this is the first answer again, nothing was done.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": TEXT},
}
EVERYWHERE = ("X-Request-ID", "RateLimit", "RateLimit-Policy")
WAITS = ("409", "429", "503", "507")
TAKEN: dict[str, Schema] = {
    "If-None-Match": {
        "description": "ETags that you hold: 304 if one of them is still true.",
        "schema": TEXT,
    },
    "If-Match": {
        "description": 'The revision that you saw: `"7"`, or a read\'s whole ETag.',
        "schema": TEXT,
    },
    "Idempotency-Key": {
        "description": "Any text of yours. The same request with the same key is done "
        "once within 24 hours; a repeat gets the first answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
}
# What an id in a path is, where the view does not say more.
IDS = {
    "uid": "id as its list has it",
    "name": "as its list has it",
    "item": "id of the line",
    "evidence": "id of the evidence",
    "waiver": "id of the waiver",
    "exemption": "id of the request",
    "review": "id of the review",
    "follow_up": "id of the follow-up",
    "note": "id of the note",
    "signoff": "id of the signature",
    "template": "id of the template",
    "number": "version of the template",
    "id": "as the list or the answer to its POST has it",
}
SENTENCE = re.compile(r"(.+?[.:;!?])(?:\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Operation:
    """One operation of the document, which its methods change."""

    method: str
    path: str
    raw: Schema
    # Schemas of what its body may be, by content type.
    bodies: Mapping[str, Schema]

    @property
    def revised(self) -> bool:
        """Its body may name the revision that it changes."""
        return any("revision" in _fields(body) for body in self.bodies.values())

    @property
    def may_be_empty(self) -> bool:
        """No body says as much as one without fields, of which it needs none."""
        body = self.bodies.get("application/json", {})
        return bool(_fields(body)) and not body.get("required")

    @property
    def is_private(self) -> bool:
        return bool(self.raw.get("security"))

    @property
    def reads(self) -> bool:
        return self.method == "get"

    @property
    def repeatable(self) -> bool:
        """Takes an Idempotency-Key: whoever may repeat it is known."""
        shown_once = self.raw.get("x-shown-once", False)
        changes = self.method == "post" and self.is_private
        return changes and not self.revised and not shown_once

    @property
    def lists(self) -> bool:
        return {"limit", "cursor"} <= self._asked

    def problems(self) -> Iterator[str]:
        yield from ("400", "406", "429", "503", "default")
        if self.is_private:
            yield from ("401", "403")
        elif "requestBody" in self.raw:
            yield "401"
        if "{" in self.path or self._names_an_object:
            yield "404"
        if not self.reads and self.is_private:
            yield "409"
        if not self.reads:
            # Also where no body is asked for: whoever sends one is told.
            yield from ("408", "411", "413", "415", "422", "507")
        if "known_at" in self._asked:
            yield "422"  # more than is told again as it was
        if self.revised:
            yield from ("412", "428")
        yield from self.raw.get("x-problems", ())

    @property
    def _names_an_object(self) -> bool:
        """A `book`, say, of the query or the body, which may not be there."""
        return (not self.reads and self.is_private) or "book" in self._asked

    @property
    def _asked(self) -> set[str]:
        return {each["name"] for each in self.raw.get("parameters", ())}

    def takes(self) -> Iterator[str]:
        if self.reads:
            yield "If-None-Match"
        if self.revised:
            yield "If-Match"
        if self.repeatable:
            yield "Idempotency-Key"

    def gives(self, status: str) -> Iterator[str]:
        """The headers of an answer."""
        yield from EVERYWHERE
        good = status.startswith("2")
        if status in WAITS:
            yield "Retry-After"
        if status == "401":
            yield "WWW-Authenticate"
        if status == "304" or (good and (self.reads or self.revised)):
            yield "ETag"
        if status in {"200", "304"} and self.lists:
            yield "Link"
        if good and self.repeatable:
            yield "Idempotency-Replayed"
        if status in self.raw.get("x-located", ()):
            yield "Location"


def describe(result: Any, **kwargs: Any) -> Any:
    """drf-spectacular's postprocessing hook."""
    components = result["components"]
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["headers"] = HEADERS
    components["responses"] = {
        f"Problem{status}": _problem(status, text) for status, text in PROBLEMS.items()
    }
    for operation in _operations(result):
        _describe(operation)
        for body in operation.bodies.values():
            _close(body, components["schemas"])
    return result


def _close(body: Schema, schemas: Schema) -> None:
    """What a body does not name is refused; so is what an object in it does not."""
    if "properties" in body:
        body.setdefault("additionalProperties", False)
    inner = [*body.get("oneOf", ()), *_fields(body).values()]
    for schema in inner:
        named = schemas.get(_name(schema.get("items", schema)))
        if named is not None:
            _close(named, schemas)


def _operations(document: Schema) -> Iterator[Operation]:
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, raw in item.items():
            content = raw.get("requestBody", {}).get("content", {})
            bodies = {
                kind: schemas.get(_name(media["schema"]), {})
                for kind, media in content.items()
            }
            yield Operation(method, path, raw, bodies)


def _name(schema: Schema) -> str:
    """Of the component that it refers to."""
    return str(schema.get("$ref", "").rpartition("/")[2])


def _fields(schema: Schema) -> Schema:
    return dict(schema.get("properties", {}))


def _describe(operation: Operation) -> None:
    raw = operation.raw
    _word(raw)
    raw.setdefault("security", [])
    for parameter in raw.get("parameters", ()):
        if parameter["in"] == "path":
            parameter.setdefault("description", IDS[parameter["name"]])
        elif "enum" in parameter["schema"] and not parameter.get("required"):
            # As a form sends what nobody chose.
            parameter["allowEmptyValue"] = True
    raw.setdefault("parameters", []).extend(
        {"in": "header", "name": name, **TAKEN[name]} for name in operation.takes()
    )
    if "requestBody" in raw:
        raw["requestBody"]["required"] = not operation.may_be_empty
    _answers(operation)
    _examples(raw)
    for name in ("x-located", "x-problems", "x-shown-once"):
        raw.pop(name, None)


def _word(raw: Schema) -> None:
    """The first sentence is the summary; the description says all of it."""
    text = " ".join(str(raw.get("description", "")).split())
    first = SENTENCE.match(text)
    raw["summary"] = (first[1] if first else text).rstrip(".:;")
    raw["description"] = text


def _answers(operation: Operation) -> None:
    answers: Schema = operation.raw["responses"]
    if operation.reads:
        answers["304"] = {"description": "You hold it already."}
    for status in list(answers):
        good = answers[status]
        good["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in operation.gives(status)
        }
        good["description"] = good.get("description") or "Done."
    for status in sorted(set(operation.problems())):
        answers[status] = {"$ref": f"#/components/responses/Problem{status}"}


def _problem(status: str, text: str) -> Schema:
    headers = [*EVERYWHERE]
    if status in WAITS:
        headers.append("Retry-After")
    if status == "401":
        headers.append("WWW-Authenticate")
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {"application/problem+json": {"schema": reference}},
    }


@lru_cache(maxsize=1)
def examples() -> Schema:
    """operation id -> {request, status, answer}, as they once went over the wire."""
    known: Schema = json.loads(EXAMPLES.read_text())
    return known


def _examples(raw: Schema) -> None:
    example = examples().get(raw["operationId"])
    if example is None:
        return
    if "request" in example:
        raw["requestBody"]["content"][example["kind"]]["example"] = example["request"]
    if "answer" in example:
        for media in raw["responses"][example["status"]].get("content", {}).values():
            media["example"] = example["answer"]
