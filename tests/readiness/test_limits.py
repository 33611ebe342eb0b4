"""Signing and exporting have limits of their own, by person, at page and API alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from readiness.models import Review

WRONG = {"role": "Developer", "meaning": "reviewed", "statement_sha256": "0" * 64}


def test_ten_signatures_a_minute(
    client_of: Callable[[User], Client], ada: User, review: Review
) -> None:
    """Each asks for two passwords: who guesses is slowed here, too."""
    client = client_of(ada)
    page = f"/readiness/reviews/{review.uuid}/sign/"
    asked = [client.post(page, WRONG).status_code for _ in range(11)]
    assert 429 not in asked[:10]
    assert asked[10] == 429
    path = f"/api/readiness/reviews/{review.uuid}/sign"
    body = {**WRONG, "password": "x", "passphrase": "x"}
    refused = client.post(path, body, content_type="application/json")
    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("At most 10 a minute: again in ")
    assert 0 < int(refused["Retry-After"]) <= 60


EXPORTS = (
    "/api/readiness/templates/1/versions/1/markdown",
    "/api/performance/pdf",
    "/trades/trades.csv",
    "/trades/trades.jsonl",
    "/audit/events.csv",
)


@pytest.mark.limits
@pytest.mark.parametrize("path", EXPORTS)
def test_six_exports_a_minute(
    client_of: Callable[[User], Client], person: Callable[..., User], path: str
) -> None:
    """Of all kinds together."""
    client = client_of(person("eve", "Trader", "Developer"))
    assert [client.get(path).status_code for _ in range(6)].count(429) == 0
    assert {client.get(other).status_code for other in EXPORTS} == {429}
