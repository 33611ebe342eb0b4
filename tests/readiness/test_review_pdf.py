"""A review as a document to hand on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import User
from kernel.pdf import PdfDocument, PdfTable, render
from readiness.models import Review
from readiness.queries.board import board
from readiness.queries.document import review_document
from readiness.queries.progress import progress
from readiness.queries.reviews import find_review
from readiness.services.reviews import NewReview, open_review
from rrr_dashboard.demo import review as demo
from tests.kernel.test_pdf import pages
from tests.readiness.approving import SHORT, SIGNERS, prove, sign_as, signers
from tests.readiness.conftest import COMMIT, make_version

pytestmark = pytest.mark.django_db
Person = Callable[..., User]
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@pytest.fixture
def people(person: Person) -> dict[str, User]:
    return signers(person)


@pytest.fixture
def review(people: dict[str, User]) -> Review:
    new = NewReview(
        version=make_version(SHORT),
        release="1.0",
        commit=COMMIT,
        environment="development",
    )
    return open_review(new, people["dev"])


def document(review: Review, who: User) -> PdfDocument:
    today = board(review, timezone.now())
    return review_document(today, progress(today), who, timezone.now())


def table(made: PdfDocument, title: str) -> PdfTable:
    return next(
        part
        for part in made.parts
        if isinstance(part, PdfTable) and part.title == title
    )


def test_it_says_who_signed_what_when_and_as_what(
    review: Review, people: dict[str, User]
) -> None:
    prove(review, people)
    sign_as(review, people["dev"], "Developer", "approved")
    sign_as(review, people["sol"], "Security Engineer", "rejected")
    made = document(review, people["lena"])
    rows = {row[0]: row for row in table(made, "Signatures").rows}
    assert rows["Developer"][1:3] == ["dev (dev)", "approved"]
    assert rows["Developer"][4] == "valid"
    assert rows["Security Engineer"][2] == "rejected"
    assert rows["Product Owner"][1:] == ["–", "–", "–", "Locked", "–"]
    assert len(table(made, "Signatures").rows) == len(SIGNERS) + 1
    facts = dict(made.facts)
    assert facts["Commit"] == COMMIT
    assert facts["Made for"].startswith("lena, ")
    assert made.verdict.startswith("Rejected")
    keys = [row[0] for row in table(made, "Lines by section").rows]
    assert keys == [
        "Security",
        "SEC-01",
        "First 24 Hours",
        "FUP-01",
        "First Month",
        "FUP-02",
    ]


def test_a_reader_downloads_it_and_holds_it(
    review: Review, person: Person, client_of: ClientOf
) -> None:
    client = client_of(person("vera", "Viewer"))
    url = f"/api/readiness/reviews/{review.uuid}/pdf"
    answer = client.get(url)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].endswith('.pdf"')
    assert answer.content.startswith(b"%PDF-")
    held = client.get(url, headers={"If-None-Match": answer["ETag"]})
    assert (held.status_code, held.content) == (304, b"")
    assert Client().get(url).status_code == 401


def test_it_is_marked_while_it_is_demo(
    review: Review, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not document(review, people["dev"]).demo
    monkeypatch.setattr(settings, "RRR_ENV", "demo")
    assert document(review, people["dev"]).demo


def test_the_products_own_101_lines_take_at_most_eight_pages(
    people: dict[str, User], person: Person
) -> None:
    person("developer", "Developer")
    opened = demo.load(person("root", "Administrator"))
    assert opened is not None
    review = find_review(opened)
    made = document(review, people["dev"])
    assert made.demo
    assert len(board(review, timezone.now()).rows) == 101
    assert pages(render(made)) <= 8
