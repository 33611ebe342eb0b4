"""A review of which everything is proven and which everybody has signed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.domain import keys as key_rules
from accounts.models import User
from kernel.build import Build
from readiness.models import (
    Review,
)
from readiness.services.lifecycle import deploy
from readiness.services.reviews import NewReview, open_review
from tests.readiness.approving import approve, signers
from tests.readiness.conftest import COMMIT, make_version
from tests.readiness.lies.acts import TWO, saw


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@pytest.fixture
def people(person: Callable[..., User]) -> dict[str, User]:
    return {**signers(person), "vera": person("vera", "Viewer")}


@pytest.fixture
def review(people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> Review:
    """Everything is proven and everybody has signed: one line by two persons, one by a
    probe."""
    mine = Build(COMMIT, clean=True)
    monkeypatch.setattr("kernel.build.running", lambda: mine)
    new = NewReview(make_version(TWO), "1.0", COMMIT, "development")
    opened = open_review(new, people["dev"])
    saw("0")
    approve(opened, people)
    return opened


@pytest.fixture
def deployed(review: Review, people: dict[str, User]) -> Review:
    deploy(review, people["dorian"])
    return review


@pytest.fixture
def vera(people: dict[str, User], client_of: Callable[[User], Client]) -> Client:
    return client_of(people["vera"])
