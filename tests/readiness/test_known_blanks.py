"""Blanks that the product knows are filled as a review is opened, and never after."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import AuditEvent
from readiness.models import Check, Field, Item, Review, ReviewItem, TemplateVersion

MakeReview = Callable[..., Review]


@pytest.fixture
def backups(version: TemplateVersion) -> Item:
    """A line about backups with the seed's two blanks, and one that only a person
    knows."""
    item = Item.objects.get(version=version, key="SEC-01")
    Check.objects.filter(item=item).update(probe="backup_restore")
    for number, label in enumerate(("Frequency", "Retention", "Vault")):
        Field.objects.create(
            section=item.section, item=item, position=number, label=label
        )
    return item


def line_of(review: Review, item: Item) -> ReviewItem:
    return ReviewItem.objects.get(review=review, item=item)


def test_frequency_and_retention_are_those_of_the_settings(
    backups: Item, make_review: MakeReview, ada: User
) -> None:
    line = line_of(make_review(ada), backups)
    assert line.values == {"Frequency": "1 d", "Retention": "24 h, 7 d, 4 w, 12 m"}
    assert (line.revision, line.claimed) == (2, False)


def test_the_log_tells_that_the_system_filled_them(
    backups: Item, make_review: MakeReview, ada: User
) -> None:
    make_review(ada)
    event = AuditEvent.objects.get(kind="readiness.item.filled")
    body = json.loads(bytes(event.body))
    assert (body["actor"], body["data"]["key"]) == ("system", "SEC-01")
    assert sorted(body["data"]["hmacs"]) == ["Frequency", "Retention"]


def test_of_another_environment_nothing_is_known(
    backups: Item, make_review: MakeReview, ada: User
) -> None:
    review = make_review(ada, environment="production")
    assert line_of(review, backups).values == {}
