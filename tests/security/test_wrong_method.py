"""Every address that only takes a form leads whoever opens it to a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver

from accounts.domain.roles import ROLES
from kernel.middleware.wrong_method import page_above
from rrr_dashboard import urls as product
from tests.architecture.test_access import urls

SAMPLES = {
    "number": "1",
    "str": "abc",
    "uuid": str(UUID(int=7)),
    "slug": "abc",
    "path": "abc",
}


@pytest.fixture(autouse=True)
def _the_products_own_urls(settings: Any) -> None:
    settings.ROOT_URLCONF = product.__name__


def addresses(*, api: bool) -> list[str]:
    """One address of every pattern."""
    found = []
    for path, _, spaces in urls(get_resolver(product.__name__)):
        if "admin" in spaces or path.startswith("api/") is not api:
            continue
        filled = re.sub(r"<(?:(\w+):)?\w+>", lambda m: SAMPLES[m[1] or "str"], path)
        found.append(f"/{filled}")
    return found


@pytest.fixture
def root(person: Callable[..., Any], client_of: Callable[..., Client]) -> Client:
    client = client_of(person("root", *ROLES))
    client.raise_request_exception = False
    return client


def test_every_page_that_only_takes_forms_leads_to_one_that_can_be_read(
    root: Client,
) -> None:
    only_forms = 0
    for path in addresses(api=False):
        answer = root.get(path)
        if answer.status_code != 405:
            continue
        only_forms += 1
        assert "POST" in answer["Allow"]
        assert page_above(path) in answer.content.decode(), path
        assert "Back to the page" in answer.content.decode()
        assert root.get(page_above(path)).status_code in {200, 302, 404}, path
    assert only_forms >= 25


def test_the_api_answers_a_problem_that_names_what_it_takes(root: Client) -> None:
    refused = 0
    for path in addresses(api=True):
        answer = root.delete(path)
        if answer.status_code != 405:
            continue
        refused += 1
        assert answer["Content-Type"] == "application/problem+json", path
        assert answer["Allow"], path
    assert refused >= 25


def test_a_stranger_is_led_on_as_well(client: Client, db: None) -> None:
    answer = client.get("/settings/signing-key/create/")
    assert answer.status_code == 405
    assert 'href="/settings/signing-key/"' in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/settings/signing-key/create/", "/settings/signing-key/"),
        ("/accounts/logout/", "/"),
        ("/settings/preferences/", "/settings/"),
        ("/settings/sessions/end/", "/settings/"),
        ("/settings/filters/trades/", "/settings/"),
        ("/settings/people/7/disable/", "/settings/people/7/"),
        (
            "/readiness/reviews/{0}/items/1/evidence/2/confirm/",
            "/readiness/reviews/{0}/items/1/",
        ),
        ("/", "/"),
    ],
)
def test_the_page_above(path: str, above: str) -> None:
    assert page_above(path.format(UUID(int=7))) == above.format(UUID(int=7))
