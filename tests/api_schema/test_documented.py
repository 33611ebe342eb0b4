"""What the test client of every test asks of each answer of the API."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.api import MeView
from tests.api_schema.documented import statuses, undocumented


@pytest.mark.parametrize(
    ("method", "route", "status"),
    [
        ("GET", "api/trades/<number:pk>", HTTPStatus.NOT_FOUND),
        ("POST", "api/trades/<number:pk>/void", HTTPStatus.ACCEPTED),
        ("GET", "api/me", HTTPStatus.NOT_MODIFIED),
        ("GET", "api/me", HTTPStatus.INTERNAL_SERVER_ERROR),
        ("PUT", "api/me", HTTPStatus.METHOD_NOT_ALLOWED),
    ],
)
def test_a_promised_status_and_what_is_no_operation_is_fine(
    method: str, route: str, status: int
) -> None:
    assert undocumented(method, route, status) == ""


def test_another_status_is_named_with_its_operation() -> None:
    assert undocumented("GET", "api/me", 418) == (
        "GET /api/me answers 418: its OpenAPI document does not say so"
    )


def test_every_operation_is_judged() -> None:
    assert len(statuses()) > 80
    assert all({400, 429, 503} <= promised for promised in statuses().values())


@pytest.mark.django_db
def test_a_test_that_sees_an_unpromised_status_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def teapot(*_: object, **__: object) -> HttpResponse:
        return HttpResponse(status=418)

    monkeypatch.setattr(MeView, "dispatch", teapot)
    with pytest.raises(AssertionError, match="GET /api/me answers 418"):
        Client().get("/api/me")
