"""What pages make of boards, signatures and events: words, tones, links."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from readiness.domain.state import ItemState
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.pages.activity import activity
from readiness.pages.board import (
    FILTERS,
    LineFilter,
    filter_choices,
    kept,
    notes,
    sections,
    verdict,
)
from readiness.pages.signoffs import TONES, meanings, signoff_panel
from readiness.queries.board import Board, board
from readiness.queries.progress import PlaceState, SignoffPlace, progress, state_of
from readiness.services.claims import claim_item
from tests.readiness.conftest import log_verdict, until

Person = Callable[..., User]


def today(review: Review) -> Board:
    return board(review, timezone.now())


def line_of(review: Review, key: str) -> ReviewItem:
    return ReviewItem.objects.select_related("item").get(review=review, item__key=key)


def claimed(review: Review, key: str, by: User) -> None:
    line = line_of(review, key)
    claim_item(line.pk, done=True, revision=line.revision, note="", by=by)


def judged(review: Review, key: str, verdict: str, hours: int = 5) -> None:
    """The line's check was measured, and counts for so many hours yet."""
    line = line_of(review, key)
    check = line.item.checks.get()
    whole = timedelta(seconds=check.freshness + check.grace)
    now = timezone.now() - whole + timedelta(hours=hours)
    evidence = Evidence.objects.create(
        review_item=line,
        check_of=check,
        kind="metric",
        verdict=verdict,
        summary=f"it did {verdict}",
        reason=f"it did {verdict}",
        probe=check.probe,
        commit=review.commit,
        environment=review.environment,
        collector="j:readiness-evidence",
        observed_at=now,
        valid_until=until(check, verdict, now),
    )
    counts = verdict in {"pass", "fail"}
    Standing.objects.create(
        review_item=line,
        check_of=check,
        latest=evidence,
        conclusive=evidence if counts else None,
    )
    if counts:
        log_verdict(line, check, verdict)


# --- the filter -------------------------------------------------------------------


def test_only_filters_that_show_something_are_offered(
    review: Review, ada: User
) -> None:
    claimed(review, "SEC-01", ada)

    offered = {
        choice.code: choice.count for choice in filter_choices(today(review), "all")
    }

    assert offered == {"all": 9, "blocker": 5, "unclaimed": 6, "claimed": 1}


def test_the_filter_in_use_is_offered_though_it_shows_nothing(review: Review) -> None:
    chosen = [
        choice for choice in filter_choices(today(review), "waived") if choice.current
    ]

    assert [(choice.code, choice.count) for choice in chosen] == [("waived", 0)]


KEPT = [
    pytest.param("all", 9, id="all lines, outside readiness too"),
    pytest.param("blocker", 5, id="what blocks by itself"),
    pytest.param("unclaimed", 7, id="open lines inside readiness"),
    pytest.param("claimed", 0, id="none is claimed"),
    pytest.param("proven", 0, id="none is proven"),
]


@pytest.mark.parametrize(("keep", "count"), KEPT)
def test_a_filter_keeps_its_lines(review: Review, keep: str, count: int) -> None:
    rows = [row for row in today(review).rows if kept(row, keep)]

    assert len(rows) == count
    shown = sections(today(review), LineFilter(keep), {})
    assert sum(len(part.items) for part in shown) == count


def test_every_filter_is_a_state_or_a_kind_of_line() -> None:
    assert set(FILTERS) - {"all", "blocker"} <= {state.value for state in ItemState}


# --- verdict and meters -------------------------------------------------------------


def test_the_verdict_names_the_first_blockers_and_counts_the_rest(
    review: Review,
) -> None:
    view = verdict(today(review))

    assert (view.ready, view.title) == (False, "Not ready: 5 blockers")
    assert [each.key for each in view.blockers] == ["SEC-01", "SEC-02"]
    assert (view.more, view.first) == (3, "SEC-01")


def test_a_blocker_is_its_reason_and_not_its_title(review: Review) -> None:
    judged(review, "SEC-01", "fail")

    (first, *_) = verdict(today(review)).blockers

    assert (first.url, first.text) == ("#SEC-01", "it did fail")
    assert verdict(today(review)).words.startswith("SEC-01: it did fail; SEC-02: ")


def test_what_failed_is_named_first(review: Review) -> None:
    judged(review, "PRF-01", "fail")

    assert verdict(today(review)).first == "PRF-01"


def test_one_blocker_is_not_called_blockers(review: Review) -> None:
    for key in ("SEC-01", "SEC-02", "SEC-02.1", "PRF-01"):
        judged(review, key, "pass")

    assert verdict(today(review)).title == "Not ready: 1 blocker"


def test_notes_stand_under_the_meters(review: Review, ada: User) -> None:
    claimed(review, "SEC-03", ada)
    judged(review, "SEC-01", "pass")
    judged(review, "PRF-01", "fail")

    under = notes(today(review), progress(today(review)))

    assert under["proven"] == "4 open · 1 claimed · 1 failed · 0 waived"
    assert under["fresh"].startswith("0 out of date · next in ")
    assert under["signed"] == "any later change voids them"


def test_nothing_proven_goes_out_of_date(review: Review) -> None:
    under = notes(today(review), progress(today(review)))

    assert under["fresh"] == "nothing proven goes out of date"


TONES_OF_SECTIONS = [
    pytest.param("fail", "crit", id="a failed line"),
    pytest.param("error", "warn", id="a line without proof"),
]


@pytest.mark.parametrize(("outcome", "chip"), TONES_OF_SECTIONS)
def test_a_section_is_as_good_as_its_worst_line(
    review: Review, outcome: str, chip: str
) -> None:
    judged(review, "PRF-01", outcome)

    parts = {
        part.section.shape.slug: part
        for part in sections(today(review), LineFilter(), {})
    }

    assert parts["performance"].chip == chip
    assert parts["first-week"].tone == ""


def test_an_open_review_is_open(review: Review) -> None:
    assert state_of(today(review), progress(today(review))) == "open"


# --- sign-off -----------------------------------------------------------------------


def test_the_panel_has_one_line_a_role_with_its_initials(review: Review) -> None:
    panel = signoff_panel(progress(today(review)))

    assert [(line.role, line.initials, line.words) for line in panel.lines] == [
        ("Developer", "DE", "To sign"),
        ("Security Engineer", "SE", "To sign"),
        ("DevOps Engineer", "DE", "To sign"),
        ("Technical Lead", "TL", "Locked"),
        ("Product Owner", "PO", "Locked"),
    ]


@pytest.mark.parametrize(
    ("sections_", "note"),
    [
        pytest.param(1, "1 section", id="one"),
        pytest.param(2, "2 sections", id="several"),
    ],
)
def test_a_place_says_how_much_there_is_to_sign(sections_: int, note: str) -> None:
    place = SignoffPlace(
        role="Developer", group="1", sections=sections_, state=PlaceState.OPEN
    )

    assert place.note == note


def test_every_state_of_a_place_has_a_tone_and_an_icon() -> None:
    assert set(TONES) == set(PlaceState)
    assert all(icon for _, icon in TONES.values())


@pytest.mark.parametrize("may_approve", [True, False])
def test_approving_opens_when_nothing_blocks(*, may_approve: bool) -> None:
    allowed = {
        choice.value: choice.allowed for choice in meanings(may_approve=may_approve)
    }

    assert allowed == {"approved": may_approve, "reviewed": True, "rejected": True}


# --- activity -----------------------------------------------------------------------


@dataclass
class Entry:
    kind: str
    data: dict[str, Any]
    actor: str = "system"
    leaf: bytes = b"\x0a" * 32

    @property
    def body(self) -> bytes:
        return json.dumps({"data": self.data}).encode()


SENTENCES = [
    pytest.param("readiness.review.opened", {}, "opened this review", id="opened"),
    pytest.param(
        "readiness.item.claimed", {"key": "SEC-01"}, "claimed SEC-01", id="claimed"
    ),
    pytest.param(
        "readiness.item.unclaimed",
        {"key": "SEC-01"},
        "took back the claim of SEC-01",
        id="unclaimed",
    ),
    pytest.param(
        "readiness.evidence.judged",
        {"probe": "cors", "verdict": "pass", "key": "SEC-01"},
        "SEC-01 passed: Foreign web origins get no grant",
        id="passed",
    ),
    pytest.param(
        "readiness.evidence.judged",
        {"probe": "cors", "verdict": "error", "key": "SEC-01"},
        "SEC-01 could not be measured: Foreign web origins get no grant",
        id="could not measure",
    ),
    pytest.param(
        "readiness.review.signed",
        {"role": "Developer"},
        "signed as Developer",
        id="signed",
    ),
    pytest.param(
        "readiness.item.claimed", {}, "claimed –", id="what is missing is a dash"
    ),
    pytest.param(
        "readiness.template.kinds-corrected",
        {},
        "kinds corrected",
        id="an unknown kind",
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "data", "sentence"), SENTENCES)
def test_an_event_is_a_sentence(kind: str, data: dict[str, str], sentence: str) -> None:
    (shown,) = activity([Entry(kind, data)], User(pk=7, username="ada"))

    assert (shown.who, shown.words, shown.leaf) == ("system", sentence, "0a" * 32)
