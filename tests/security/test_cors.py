"""A page elsewhere may call the API if it is listed, and reads what it needs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

LISTED, OTHER = "https://app.example.com", "https://evil.example"
GRANTED = {
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
}
EXPOSED = {
    *("ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"),
    "Idempotency-Replayed",
    "X-Request-ID",
}
ANSWERS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "an answer": ("GET", "/health/live", {}, 200),
    "nobody": ("GET", "/api/me", {}, 401),
    "a missing path": ("GET", "/api/no-such-path", {}, 404),
    "a body too large": ("POST", "/api/token", {"CONTENT_LENGTH": "2000000"}, 413),
    "no length": (
        *("POST", "/api/token"),
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""},
        411,
    ),
    "malformed": ("GET", "/api/me?a=%00", {}, 400),
    "broken": ("GET", "/api/test/broken", {}, 500),
    "no database": ("GET", "/api/test/no-database", {}, 503),
}


@pytest.fixture(autouse=True)
def _listed(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [LISTED]


def words(header: str) -> set[str]:
    return {word.strip() for word in header.split(",")}


@pytest.mark.parametrize("what", ANSWERS)
def test_who_is_listed_reads_every_answer(anyone: Client, what: str) -> None:
    method, path, extra, status = ANSWERS[what]
    answer = anyone.generic(method, path, HTTP_ORIGIN=LISTED, **extra)
    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == LISTED
    assert words(answer["Access-Control-Expose-Headers"]) == EXPOSED
    assert "origin" in answer["Vary"].lower()
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize(
    "origin", [OTHER, "null", "https://app.example.com.evil.example"]
)
@pytest.mark.parametrize("what", ANSWERS)
def test_others_read_none(anyone: Client, what: str, origin: str) -> None:
    method, path, extra, _ = ANSWERS[what]
    answer = anyone.generic(method, path, HTTP_ORIGIN=origin, **extra)
    assert "Access-Control-Allow-Origin" not in answer


def test_a_preflight_grants_exactly_what_the_api_reads(anyone: Client) -> None:
    answer = anyone.options(
        "/api/trades",
        headers={
            "Origin": LISTED,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, x-evil",
        },
    )
    assert answer.status_code == 200
    assert words(answer["Access-Control-Allow-Headers"]) == GRANTED
    assert "DELETE" not in answer["Access-Control-Allow-Methods"]


def test_pages_are_read_from_nowhere_else(anyone: Client) -> None:
    answer = anyone.get("/accounts/login/", headers={"Origin": LISTED})
    assert "Access-Control-Allow-Origin" not in answer
