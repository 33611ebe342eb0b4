"""People who take a review from open to closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import User
from readiness.models import Review
from readiness.services.reviews import NewReview, open_review
from tests.readiness.approving import SHORT, approve, signers
from tests.readiness.conftest import COMMIT, make_version
from tests.readiness.lifecycle import acts

Person = Callable[..., User]
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    acts.CLOCK.passed = timedelta()
    monkeypatch.setattr(timezone, "now", acts.CLOCK)


@pytest.fixture
def people(person: Person) -> dict[str, User]:
    return {
        **signers(person),
        "root": person("root", "Administrator"),
        "opal": person("opal", "Operator"),
        "vera": person("vera", "Viewer"),
    }


@pytest.fixture
def opened(people: dict[str, User]) -> Callable[..., Review]:
    version = make_version(SHORT)

    def make(release: str = "1.0", **over: Any) -> Review:
        values = {"commit": COMMIT, "environment": "development", **over}
        new = NewReview(version=version, release=release, **values)
        return open_review(new, people["dev"])

    return make


@pytest.fixture
def review(opened: Callable[..., Review]) -> Review:
    return opened()


@pytest.fixture
def approved(review: Review, people: dict[str, User]) -> Review:
    approve(review, people)
    return review


@pytest.fixture
def client(client_of: ClientOf, people: dict[str, User]) -> Callable[[str], Client]:
    return lambda name: client_of(people[name])
