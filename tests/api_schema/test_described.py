"""The OpenAPI document as a stranger needs it, over every operation."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from rrr_dashboard.api import document
from rrr_dashboard.describing import EXAMPLES
from tests.api_schema.strict import Comparison

Raw = Mapping[str, Any]
EITHER: list[Raw] = [{"bearer": []}, {"session": []}]
# Whoever calls these has no log-in yet, or is a browser by itself.
PUBLIC = {"token_create", "token_refresh", "token_revoke", "csp_report"}
# A secret that is shown once is kept for no repeat.
SHOWN_ONCE = {"service_token_make"}
# There is no revision yet that anybody could have seen.
CREATES = {"books_create"}
# Who is to do a line is said beside its revision, which stays.
BESIDE_IT = {"item_assign"}
# Whose requests may hold what no JSON value can show: the bytes of a file.
FILES = {"multipart/form-data"}


def operations() -> Iterator[tuple[str, str, Raw]]:
    for path, item in document()["paths"].items():
        for method, raw in item.items():
            yield path, method, raw


def resolved(part: Raw) -> Raw:
    """The component behind a reference."""
    while "$ref" in part:
        _, kind, name = part["$ref"].removeprefix("#/").split("/")
        part = document()["components"][kind][name]
    return part


def answers(raw: Raw) -> dict[str, Raw]:
    return {status: resolved(answer) for status, answer in raw["responses"].items()}


def names(raw: Raw, place: str) -> set[str]:
    return {each["name"] for each in raw.get("parameters", ()) if each["in"] == place}


def good(raw: Raw) -> dict[str, Raw]:
    return {status: each for status, each in answers(raw).items() if status[0] == "2"}


def shows_a_revision(answer: Raw) -> bool:
    return any(
        "revision" in resolved(media["schema"]).get("properties", {})
        for media in answer.get("content", {}).values()
    )


def is_bytes(media: Raw) -> bool:
    """A file: nobody reads an example of it."""
    return bool(media["schema"].get("format") == "binary")


def is_private(raw: Raw) -> bool:
    return raw["operationId"] not in PUBLIC


def test_the_document_is_valid_openapi() -> None:
    # It compiles grammars for seconds, which whoever only collects need not.
    from openapi_spec_validator import validate

    validate(document())


def test_it_says_where_the_api_is() -> None:
    assert [server["url"] for server in document()["servers"]] == ["/"]


def test_ids_are_chosen_and_none_stands_twice() -> None:
    """A generated client names its functions so."""
    ids = Counter(raw["operationId"] for _, _, raw in operations())
    assert [each for each, count in ids.items() if count > 1] == []
    derived = re.compile(r"(get|post|patch|put|delete)_")
    assert [each for each in ids if derived.match(each)] == []


RULES: dict[str, Callable[[str, str, Raw], bool]] = {
    "a summary in one line": lambda path, method, raw: (
        0 < len(raw["summary"]) <= 140 and "\n" not in raw["summary"]
    ),
    "a description": lambda path, method, raw: raw["description"].startswith(
        raw["summary"]
    ),
    "a token or a session, not both": lambda path, method, raw: (
        raw["security"] == (EITHER if is_private(raw) else [])
    ),
    "every parameter described": lambda path, method, raw: all(
        each.get("description") for each in raw.get("parameters", ())
    ),
    "every answer described": lambda path, method, raw: all(
        each["description"] for each in answers(raw).values()
    ),
    "problems are problem documents": lambda path, method, raw: all(
        list(each["content"]) == ["application/problem+json"]
        for status, each in answers(raw).items()
        if status[0] not in "23"
    ),
    "400, 429 and 503 everywhere": lambda path, method, raw: (
        {"400", "429", "503"} <= set(answers(raw))
    ),
    "401 and 403 behind a log-in": lambda path, method, raw: (
        not is_private(raw) or {"401", "403"} <= set(answers(raw))
    ),
    "404 where there are ids": lambda path, method, raw: (
        "{" not in path or "404" in answers(raw)
    ),
    "413, 415 and 422 where there is a body": lambda path, method, raw: (
        "requestBody" not in raw or {"413", "415", "422"} <= set(answers(raw))
    ),
    "ETag, If-None-Match and 304 on reads": lambda path, method, raw: (
        method != "get"
        or (
            "If-None-Match" in names(raw, "header")
            and "ETag" in answers(raw)["304"]["headers"]
            and all("ETag" in each["headers"] for each in good(raw).values())
        )
    ),
    "Link and a limit on lists": lambda path, method, raw: (
        "cursor" not in names(raw, "query")
        or (
            "limit" in names(raw, "query")
            and all("Link" in each["headers"] for each in good(raw).values())
        )
    ),
    "Idempotency-Key on what changes": lambda path, method, raw: (
        method != "post"
        or not is_private(raw)
        or raw["operationId"] in SHOWN_ONCE
        or names(raw, "header") & {"Idempotency-Key", "If-Match"} != set()
    ),
    "If-Match on what changes a revision": lambda path, method, raw: (
        method == "get"
        or raw["operationId"] in CREATES | BESIDE_IT
        or not any(shows_a_revision(each) for each in good(raw).values())
        or "If-Match" in names(raw, "header")
    ),
    "412 and 428 where there is If-Match": lambda path, method, raw: (
        "If-Match" not in names(raw, "header")
        or {"409", "412", "428"} <= set(answers(raw))
    ),
    "the request's id and the limits in every answer": lambda path, method, raw: all(
        {"X-Request-ID", "RateLimit", "RateLimit-Policy"} <= set(each["headers"])
        for each in answers(raw).values()
    ),
    "Retry-After where waiting helps": lambda path, method, raw: all(
        "Retry-After" in answers(raw)[status]["headers"]
        for status in ("409", "429", "503")
        if status in answers(raw)
    ),
    "an example of the body": lambda path, method, raw: any(
        "example" in media
        for media in raw.get("requestBody", {"content": {"": {"example": 0}}})[
            "content"
        ].values()
    ),
    "an example of the answer": lambda path, method, raw: any(
        "example" in media or "content" not in each or is_bytes(media)
        for each in good(raw).values()
        for media in each.get("content", {"": {}}).values()
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_operation_has(rule: str) -> None:
    lacking = [
        f"{method} {path}"
        for path, method, raw in operations()
        if not RULES[rule](path, method, raw)
    ]
    assert lacking == []


def test_whoever_is_given_a_place_is_told_so() -> None:
    located = {
        raw["operationId"]
        for _, _, raw in operations()
        if any("Location" in each["headers"] for each in good(raw).values())
    }
    assert {"trades_book", "trades_import", "review_open"} <= located


def test_examples_fit_the_schemas_that_they_stand_beside() -> None:
    wrong: list[str] = []
    seen = 0
    comparison = Comparison(document())
    for _, _, raw in operations():
        bodies = [raw.get("requestBody", {}), *good(raw).values()]
        for body in bodies:
            for kind, media in body.get("content", {}).items():
                if "example" in media and kind not in FILES:
                    seen += 1
                    wrong += comparison.problems(
                        media["example"], media["schema"], raw["operationId"]
                    )
    assert wrong == [], "renew: .venv/bin/python -m tests.api_schema.examples"
    assert seen > 100


def test_no_example_tells_of_an_operation_that_is_gone() -> None:
    ids = {raw["operationId"] for _, _, raw in operations()}
    assert set(json.loads(EXAMPLES.read_text())) - ids == set()
