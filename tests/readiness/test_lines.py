"""A line as pages show it: its word, why, and where that leads."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from kernel import build
from kernel.build import Build
from readiness.domain.state import ItemState
from readiness.models import Review, ReviewItem
from readiness.pages.item import blanks, item_view
from readiness.pages.states import STATES
from tests.readiness.conftest import make_version
from tests.readiness.test_pages import claimed, judged, line_of, today

SAID = [
    pytest.param(
        "SEC-03", "Needs a person's evidence, confirmed by another.", id="open"
    ),
    pytest.param(
        "PRF-02",
        "advisory · Needs a person's evidence, confirmed by another.",
        id="advisory",
    ),
    pytest.param("MON-01", "", id="a follow-up: its word says it"),
]


@pytest.mark.parametrize(("key", "text"), SAID)
def test_behind_the_word_of_a_state_stands_why(
    review: Review, key: str, text: str
) -> None:
    shown = today(review)

    assert item_view(shown, shown.by_key[key]).text == text


def test_a_claimed_line_names_its_claimant(review: Review, ada: User) -> None:
    claimed(review, "SEC-03", ada)
    claimed(review, "SEC-01", ada)
    judged(review, "SEC-01", "fail")
    shown = today(review)

    text = item_view(shown, shown.by_key["SEC-03"]).text
    assert text == "by ada. Needs a person's evidence, confirmed by another."
    failed = item_view(shown, shown.by_key["SEC-01"]).text
    assert failed == "it did fail · claimed by ada"


def test_a_proven_line_says_how_long_it_holds(review: Review) -> None:
    judged(review, "SEC-01", "pass")
    shown = today(review)

    assert item_view(shown, shown.by_key["SEC-01"]).text.startswith("fresh for ")


def test_a_line_out_of_date_says_since_when(review: Review) -> None:
    judged(review, "SEC-01", "pass", hours=-3)
    shown = today(review)

    assert item_view(shown, shown.by_key["SEC-01"]).text == "expired 3 h ago"


def test_every_state_has_one_word() -> None:
    assert set(STATES) == set(ItemState)
    words = {each.word for code, each in STATES.items() if code != ItemState.OPEN}
    assert len(words) == len(STATES) - 1  # open outside readiness is open, too


def test_what_is_held_back_leads_to_what_holds_it(review: Review) -> None:
    judged(review, "SEC-02", "pass")
    shown = today(review)

    line = item_view(shown, shown.by_key["SEC-02"]).shown(may_claim=True)

    assert (line.href, line.text) == ("#SEC-02.1", "Held back by SEC-02.1.")


def test_a_line_outside_readiness_has_no_tick(review: Review) -> None:
    shown = today(review)
    line = item_view(shown, shown.by_key["MON-01"]).shown(may_claim=True)

    assert (line.word, line.may_tick) == ("Open", False)


def test_only_a_line_with_checks_can_be_run(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Build(review.commit, clean=True)
    monkeypatch.setattr(build, "running", lambda: mine)
    shown = today(review)

    assert item_view(shown, shown.by_key["SEC-01"]).run_url.endswith("/run/")
    assert item_view(shown, shown.by_key["SEC-03"]).run_url == ""


def test_the_label_of_a_tick_has_no_markdown(review: Review) -> None:
    shown = today(review)

    label = item_view(shown, shown.by_key["SEC-01"]).label

    assert label == "Claim SEC-01 CORS limited to named origins"


def test_a_row_loses_its_indentation_and_no_letter_of_its_text(
    make_review: Callable[..., Review],
    client_of: Callable[[User], Client],
    ada: User,
) -> None:
    text = "Keep 10\u00a0000 rows\u2003wide"
    lines = [("SEC-03", None, text, "blocking", None, False)]
    version = make_version({("security", "Security", "checks"): lines}, slug="wide")
    review = make_review(ada, version=version)
    page = client_of(ada).get(f"/readiness/reviews/{review.uuid}/").content.decode()

    row = page.partition('<li class="item" id="SEC-03"')[2].partition("</li>")[0]
    assert f">{text}</a>" in unescape(row)
    assert "\n" not in row


def test_blanks_show_what_stands_in_them(review: Review) -> None:
    line = line_of(review, "SEC-03")
    ReviewItem.objects.filter(pk=line.pk).update(values={"Expiry": "2027-01-01"})

    (blank,) = blanks(today(review).by_key["SEC-03"])

    assert (blank.label, blank.value, blank.required) == ("Expiry", "2027-01-01", True)
