"""Reviews, lines, changes and checklists as files."""

from __future__ import annotations

import pytest

from readiness.services.claims import claim_several
from readiness.services.reviews import NewReview, open_review
from tests.csv_files import csv_rows
from tests.readiness.conftest import COMMIT

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(ada, client_of):
    return client_of(ada)


def test_each_review_is_a_row_with_its_verdict(desk, review):
    [row] = csv_rows(desk, "/readiness/reviews/reviews.csv")
    assert row["id"] == str(review.uuid)
    assert row["state"] == "open"
    assert int(row["blockers"]) > 0
    page = desk.get("/readiness/").content.decode()
    assert 'href="/readiness/reviews/reviews.csv"' in page


def test_lines_are_those_of_the_filter(desk, review):
    path = f"/readiness/reviews/{review.uuid}/lines/lines.csv"
    rows = csv_rows(desk, path)
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys)) == review.items.count()
    assert {row["state"] for row in rows} >= {"unclaimed"}
    [one] = csv_rows(desk, path, {"q": keys[0]})
    assert one["key"] == keys[0]
    page = desk.get(f"/readiness/reviews/{review.uuid}/lines/", {"q": keys[0]})
    assert f'href="{path}?q={keys[0]}"' in page.content.decode()


def test_what_changed_is_a_row_a_fact(desk, ada, review, version):
    again = NewReview(
        version=version, release="2.0.0", commit=COMMIT, environment="development"
    )
    newer = open_review(again, ada)
    line = newer.items.get(item__key="SEC-03")
    assert claim_several([(line, line.revision)], done=True, note="", by=ada) == []
    rows = csv_rows(desk, f"/readiness/reviews/{newer.uuid}/diff/changes.csv")
    assert {row["key"] for row in rows} >= {"SEC-03"}


def test_each_version_of_a_checklist_is_a_row(desk, version):
    rows = csv_rows(desk, "/readiness/templates/checklists.csv")
    assert [(row["template"], row["version"]) for row in rows] == [("desk", "1")]
