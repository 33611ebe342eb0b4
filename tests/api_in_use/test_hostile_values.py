"""What nobody should send, everywhere: never an answer of 500, and never a second.

Every query parameter of every GET, every field of the bodies that book or change
something, and the headers that name a revision.

A parameter meets every value that its kind can misread. The other values are dealt to
the operations that have a parameter of that name and type in turn, since the same code
reads it there. What else is asked keeps the answer small. The second database sees only
the former: what differs there is how it takes a number, a time or a letter that came
through.
"""

from __future__ import annotations

import base64
import json
import os
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from rrr_dashboard.api import document
from tests.api_schema.operations import (
    Answers,
    Get,
    Operation,
    getter,
    operations,
    urls,
)

pytestmark = pytest.mark.django_db


def coded(value: Any) -> str:
    """As cursors are coded."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


NUMBERS = {
    "5,000 digits": "9" * 5_000,
    "more than 64 bits": "9" * 19,
    "more than 32 bits": "2147483648",
    "digits of another script": "\u0663\u00b2",
    "an exponent": "1e999999999",
    "no number": "NaN",
}
TIMES = {
    "30 February": "2026-02-30",
    "before year 1": "0001-01-01T00:00:00+23:59",
    "after all years": "9999-12-31T23:59:59-23:59",
}
TEXTS = {
    "brackets": "[" * 5_000,
    "a letter that grows": "\u00df\u0130",
    "a quote that ends a text": "it's",
    "a quote that ends a name": '19" of it',
}
CURSORS = {
    "a cursor of year 1": coded(["0001-01-01T00:00:00+00:00", 1]),
    "a cursor before year 1": coded(["0001-01-01T00:00:00+23:59", 1]),
    "a cursor of 30 February": coded(["2026-02-30T00:00:00Z", 1]),
    "a cursor of another list": coded(["x"]),
    "a cursor of 63 bits": coded([2**62, -(2**62)]),
    "a cursor of thousands of digits": coded([10**4_000]),
    "a cursor of half a letter": coded(["\ud800", 1]),
}
VALUES = NUMBERS | TIMES | TEXTS | CURSORS
# A text may be an id, and digits of any length are a time to some readers.
MISREAD: dict[str, dict[str, str]] = {
    "number": NUMBERS,
    "time": TIMES | NUMBERS,
    "cursor": CURSORS | TEXTS,
    "choice": {},
    "text": TEXTS | NUMBERS,
}
# The document calls them texts, but for dates.
TIMES_BY_NAME = {"from", "to", "before", "known_at"}
BOOK = "Euros too"  # of one trade
SECOND_DATABASE = bool(os.environ.get("TEST_DATABASE_URL"))
FACTS: dict[str, dict[str, Any]] = {
    "/api/trades": {
        "external_id": "hostile",
        "symbol": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "price": "1",
        "fee": "0",
        "executed_at": "2026-01-01T00:00:00Z",
    },
    "/api/transfers": {
        "external_id": "hostile",
        "kind": "deposit",
        "asset": "USD",
        "amount": "1",
        "cost": "1",
        "at": "2026-01-01T00:00:00Z",
    },
    "/api/balances": {"asset": "USD", "amount": "1", "at": "2026-01-01T00:00:00Z"},
    "/api/books": {"name": "hostile", "base_currency": "USD", "periods_per_year": 365},
}
# Texts of JSON, not of Python: a number of a body is one.
RAW = ["9" * 5_000, "9" * 20, "1e999999999", "-1e-999999999", "1e40", "0.5", "null"]
RAW += ["true", "[]", "{}", '"2026-02-30"', '"0001-01-01T00:00:00+23:59"']
RAW += [json.dumps(TEXTS[what]) for what in TEXTS if "quote" in what]


@pytest.fixture(scope="module")
def desk(desk: dict[str, Client]) -> dict[str, Client]:
    """They are answered 500 instead of raising."""
    for client in desk.values():
        client.raise_request_exception = False
    return desk


def kind_of(parameter: Answers) -> str:
    name, schema = parameter["name"], parameter["schema"]
    if "enum" in schema:
        return "choice"
    if schema["type"] == "integer":
        return "number"
    if name in TIMES_BY_NAME:
        return "time"
    return "cursor" if name == "cursor" else "text"


def readers() -> list[list[tuple[Operation, Answers]]]:
    """All query parameters of all GETs, those of one name and type together."""
    same: dict[str, list[tuple[Operation, Answers]]] = defaultdict(list)
    for path, operation in operations().items():
        for raw in document()["paths"][path]["get"].get("parameters", ()):
            if raw["in"] == "query":
                same[f"{raw['name']} {raw['schema']}"].append((operation, raw))
    return list(same.values())


def hostile() -> Iterator[tuple[Operation, str, str]]:
    """(operation, its parameter, name of a value) of all that is asked."""
    for places in readers():
        misread = MISREAD[kind_of(places[0][1])]
        others = [] if SECOND_DATABASE else [*VALUES.keys() - misread.keys()]
        for number, (operation, parameter) in enumerate(places):
            dealt = sorted(others)[number :: len(places)]
            for what in (*misread, *dealt):
                yield operation, parameter["name"], what


def small(operation: Operation, get: Get) -> dict[str, str]:
    """A query whose answer is one row, or of the book with the least in it."""
    books = get("/api/books")["books"]
    few = {"limit": "1", "book": next(b["id"] for b in books if b["name"] == BOOK)}
    return {name: few[name] for name in operation.parameters if name in few}


@pytest.mark.timeout(900)
def test_no_query_parameter_breaks_an_answer(desk: dict[str, Client]) -> None:
    """Asked by the Administrator, who reads everything."""
    get, statuses = getter(desk["admin"]), {}
    for operation, name, what in hostile():
        url = urls(operation, get)[0].partition("?")[0]
        needed = dict.fromkeys(operation.needed, "Developer")
        query = {**small(operation, get), **needed, name: VALUES[what]}
        answer = desk["admin"].get(url, query)
        statuses[f"{url} {name}: {what}"] = answer.status_code
    assert [asked for asked, status in statuses.items() if status >= 500] == []
    assert list(statuses.values()).count(400) > len(VALUES)


def test_each_reader_meets_each_value() -> None:
    """Somewhere, and every parameter those that its kind can misread."""
    met = {(operation.path, name, what) for operation, name, what in hostile()}
    for places in readers():
        asked = [
            {what for what in VALUES if (operation.path, raw["name"], what) in met}
            for operation, raw in places
        ]
        misread = MISREAD[kind_of(places[0][1])]
        assert all(misread.keys() <= each for each in asked)
        assert SECOND_DATABASE or set().union(*asked) == set(VALUES)


@pytest.mark.parametrize("path", FACTS)
def test_no_field_of_a_body_breaks_an_answer(
    desk: dict[str, Client], path: str
) -> None:
    """With an Idempotency-Key, whose digest is made of whatever the body holds."""
    broken = []
    for name in FACTS[path]:
        for number, raw in enumerate(RAW):
            body = json.dumps({**FACTS[path], name: "@"}).replace('"@"', raw)
            key = {"Idempotency-Key": f"{path}-{name}-{number}"}
            with transaction.atomic():
                answer = desk["trader"].post(
                    path, body, content_type="application/json", headers=key
                )
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                broken.append((name, raw[:20], answer.status_code))
    assert broken == []


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_no_revision_breaks_an_answer(desk: dict[str, Client], value: str) -> None:
    for given in (value, f'"{value}"'):
        if given.isascii():
            answer = desk["operator"].patch(
                "/api/operations/rules/memory",
                {"threshold": "80"},
                content_type="application/json",
                headers={"If-Match": given},
            )
            assert answer.status_code in {400, 412}
    answer = desk["operator"].patch(
        "/api/operations/rules/memory",
        {"threshold": value, "revision": value},
        content_type="application/json",
    )
    assert answer.status_code in {400, 409, 422}


def test_a_short_body_takes_little_memory(desk: dict[str, Client]) -> None:
    """1e999999999 is a gigabyte once it is written out."""
    body = json.dumps({**FACTS["/api/trades"], "quantity": 0}).replace(
        '"quantity": 0', '"quantity": 1e999999999'
    )
    tracemalloc.start()
    try:
        answer = desk["trader"].post(
            "/api/trades",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": "short"},
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 400
    assert peak < 20_000_000
