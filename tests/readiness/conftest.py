"""A small checklist of our own, and reviews of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services
from readiness.domain.definitions import definition_sha256
from readiness.domain.parsing.document import Proposal
from readiness.models import (
    Check,
    Field,
    Item,
    Review,
    ReviewItem,
    Section,
    Template,
    TemplateVersion,
)
from readiness.queries import structure
from readiness.queries.structure import read_structure
from readiness.services.lifecycle import enter, hold
from readiness.services.publishing import log_version
from readiness.services.reviews import NewReview, open_review

COMMIT = "ab" * 20
PUBLISHED = datetime(2026, 3, 1, tzinfo=UTC)

# section: [(key, parent, title, blocking, probe, imported tick)]
DESK = {
    ("security", "Security", "checks"): [
        ("SEC-01", None, "**CORS** limited to named origins", "blocking", "cors", True),
        ("SEC-02", None, "Rate limits", "blocking", "ratelimit", True),
        ("SEC-02.1", "SEC-02", "Per minute", "blocking", "ratelimit.minute", False),
        ("SEC-02.2", "SEC-02", "Burst", "optional", "ratelimit.burst", False),
        ("SEC-03", None, "Certificate", "blocking", None, False),
    ],
    ("performance", "Performance", "checks"): [
        ("PRF-01", None, "Latency", "blocking", "latency", False),
        ("PRF-02", None, "Nice to have", "advisory", None, False),
    ],
    ("first-week", "First week", "monitoring"): [
        ("MON-01", None, "Errors stay low", "blocking", None, False),
    ],
    ("technical-review", "Technical review", "sign-off"): [
        ("SGN-01", None, "**Developer**: reviewed", "blocking", None, False),
    ],
}


def make_version(shape: dict[Any, Any] = DESK, slug: str = "desk") -> TemplateVersion:
    template = Template.objects.create(slug=slug, title="Desk readiness")
    version = TemplateVersion.objects.create(
        template=template,
        number=1,
        state="published",
        published_at=datetime.now(UTC),
        source=b"# Desk",
        sha256=hashlib.sha256(b"# Desk").hexdigest(),
    )
    position = 0
    for number, ((name, title, kind), lines) in enumerate(shape.items()):
        section = Section.objects.create(
            version=version, position=number, slug=name, title=title, kind=kind
        )
        made: dict[str, Item] = {}
        for key, parent, words, blocking, probe, tick in lines:
            position += 1
            made[key] = Item.objects.create(
                version=version,
                section=section,
                parent=made.get(parent),
                position=position,
                depth=2 if parent else 1,
                key=key,
                title=words,
                blocking=blocking,
                imported_tick=tick,
            )
            if probe:
                Check.objects.create(
                    item=made[key],
                    probe=probe,
                    definition_sha256=definition_sha256(Proposal(probe)),
                )
            if key == "SEC-03":
                Field.objects.create(
                    section=section, item=made[key], position=0, label="Expiry"
                )
    log_published(version)
    return version


@pytest.fixture(autouse=True)
def _no_names_of_the_test_before() -> None:
    """They are kept for a minute by the person's number, which SQLite gives again after
    a rollback; in a product nobody gets another's."""
    cache.delete_many([f"actor:p:{number}" for number in range(100)])


def log_published(version: TemplateVersion) -> None:
    """The event of its publication, for one that a story made or changed itself."""
    structure._kept.cache_clear()
    with transaction.atomic():
        log_version(
            "published", version, None, shape_sha256=read_structure(version.pk).sha256()
        )


_WAYS = {"monitoring": ["deployed"], "closed": ["deployed", "monitoring"]}


def became(review: Review, state: str) -> None:
    """What jobs and people do of a review, without asking whether they may."""
    with transaction.atomic():
        for step in [*_WAYS.get(state, ()), state]:
            held = hold(review)
            enter(held, Review.State(step), at=timezone.now(), by=None, job="story")
    review.refresh_from_db()


def until(check: Check, verdict: str, at: datetime) -> datetime | None:
    """Until when a record of the check counts, as it is stored."""
    if verdict != "pass":
        return None
    return at + timedelta(seconds=check.freshness + check.grace)


def log_verdict(line: ReviewItem, check: Check, verdict: str) -> None:
    """The event that a record of a probe has, for one that a story wrote itself."""
    services.append(
        "readiness.evidence.judged",
        actor="j:readiness-evidence",
        object=f"review:{line.review.uuid}",
        data={
            "item": str(line.pk),
            "probe": check.probe,
            "verdict": verdict,
            "commit": line.review.commit,
            "definition_sha256": check.definition_sha256,
        },
    )


@pytest.fixture
def version(db: None) -> TemplateVersion:
    return make_version()


@pytest.fixture
def make_review(version: TemplateVersion) -> Callable[..., Review]:
    """make_review(by) -> an open review of the desk's checklist."""

    def make(by: User, **over: object) -> Review:
        values = {
            "version": version,
            "release": "1.0.0",
            "commit": COMMIT,
            "environment": "development",
            **over,
        }
        return open_review(NewReview(**values), by)  # type: ignore[arg-type]

    return make


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Developer")


@pytest.fixture
def review(make_review: Callable[..., Review], ada: User) -> Review:
    return make_review(ada)


@pytest.fixture
def line(review: Review) -> ReviewItem:
    """A line that nothing proves: it can be claimed."""
    return ReviewItem.objects.get(review=review, item__key="SEC-03")
