"""The API describes itself: for programs, to try, to read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from rrr_dashboard import api, reference
from rrr_dashboard.api import document


def api_paths(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from api_paths(one, path)
        elif path.startswith("api/"):
            yield path


def names(path: str) -> str:
    """/api/a/{id} and api/a/<uuid:id> alike."""
    parts = path.strip("/").replace("<", "{").replace(">", "}").split("/")
    return "/".join("{}" if part.startswith("{") else part for part in parts)


def test_schema_is_valid_openapi() -> None:
    validate_schema(document())
    assert document()["openapi"].startswith("3.1")


def test_schema_covers_every_route() -> None:
    described = {names(path) for path in document()["paths"]}
    routes = {names(path) for path in api_paths(get_resolver())}
    assert routes - described == set()


def test_schema_is_built_without_a_complaint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_anybody_may_read_without_a_redirect(
    client: Client, db: None, path: str, slash: str
) -> None:
    assert client.get(path + slash).status_code == 200


def test_schema_names_what_it_holds(client: Client, db: None) -> None:
    first = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"if-none-match": first["ETag"]})
    assert json.loads(first.content)["info"]["title"] == "RRR Dashboard API"
    assert again.status_code == 304


def test_docs_alone_loosen_the_policy(client: Client, db: None) -> None:
    policy = client.get("/docs")["Content-Security-Policy"]
    strict = client.get("/redoc")["Content-Security-Policy"]
    assert "img-src 'self' data:" in policy
    assert "trusted-types" not in policy
    assert "data:" not in strict
    assert "require-trusted-types-for 'script'" in strict


def test_reference_shows_every_operation(client: Client, db: None) -> None:
    page = client.get("/redoc").content.decode()
    shown = [one for area in reference.areas(document()) for one in area.operations]
    assert shown
    assert [one.path for one in shown if f'id="{one.anchor}"' not in page] == []


def test_reference_unfolds_references_and_lists() -> None:
    page = reference.areas(
        {
            "components": {
                "schemas": {
                    "Row": {"type": "object", "properties": {"n": {"type": "integer"}}},
                }
            },
            "paths": {
                "/api/rows": {
                    "get": {
                        "description": "Rows.\n\nNewest first.",
                        "parameters": [
                            {"name": "q", "in": "query", "schema": {"type": "string"}}
                        ],
                        "responses": {
                            "200": {
                                "content": {
                                    "application/json": {
                                        "schema": {
                                            "required": ["rows"],
                                            "properties": {
                                                "rows": {
                                                    "type": "array",
                                                    "items": {
                                                        "$ref": "#/components/schemas/Row"
                                                    },
                                                },
                                                "next": {"type": ["string", "null"]},
                                            },
                                        }
                                    }
                                }
                            }
                        },
                    }
                }
            },
        }
    )
    one = page[0].operations[0]
    assert (one.summary, one.words) == ("Rows.", "Newest first.")
    assert one.parameters == (reference.FieldDoc("q (query)", "string", False, ""),)
    assert one.answers[0].fields == (
        reference.FieldDoc("rows", "list of object", True, ""),
        reference.FieldDoc("rows[].n", "integer", False, ""),
        reference.FieldDoc("next", "string or null", False, ""),
    )


def test_first_requests_side_by_side_build_the_document_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built = []

    class Slow:
        def get_schema(self, **kwargs: object) -> dict[str, object]:
            built.append(1)
            time.sleep(0.05)
            return {}

    monkeypatch.setattr(api, "SchemaGenerator", Slow)
    monkeypatch.setattr(api, "_document", lru_cache(api._document.__wrapped__))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: api.document(), range(4)))
    assert (found, len(built)) == ([{}] * 4, 1)
