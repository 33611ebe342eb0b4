"""A review leaves as Markdown that says what was claimed and what was proven."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from readiness.domain.parsing.reading import parse
from readiness.models import ReviewItem
from readiness.services.builtin import builtin
from readiness.services.reviews import NewReview, open_review

pytestmark = pytest.mark.django_db


def test_claims_and_fields_are_filled_in(
    person: Callable[..., User], client_of: Callable[[User], Client]
) -> None:
    ada = person("ada", "Developer")
    new = NewReview(builtin(), release="1.0.0", commit="ab" * 20, environment="demo")
    review = open_review(new, ada)
    row = ReviewItem.objects.get(review=review, item__key="INF-05")
    row.claimed, row.claimed_by, row.values = True, ada, {"RTO": "1 hour"}
    row.save()
    path = f"/api/readiness/reviews/{review.uuid}/markdown"
    response = client_of(ada).get(path)
    assert response.status_code == 200
    text = response.content.decode()
    read = parse(text.encode())
    assert (len(read.items), read.ticked, read.headings) == (101, 1, 36)
    (ticked,) = [item for item in read.items if item.ticked]
    assert ticked.title == "Recovery plan agreed"
    assert "- Claimed by ada" in ticked.body
    assert "  - RTO: 1 hour\n" in text
    assert "  - RPO: ____________\n" in text
    assert f"**Commit**: `{review.commit}`" in text
    assert "- Technical Lead: " in text
    assert Client().get(path).status_code == 401
