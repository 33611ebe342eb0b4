"""A liar with the database and its triggers: nothing that a board, the API, a document or
a sign-off panel shows comes from a row of which the log does not tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import User
from audit.models import AuditEvent, guard
from kernel.build import Build
from kernel.registry import PROBES
from operations.models import ProbeResult
from operations.queries.measurements import params_digest
from readiness.models import (
    Check,
    Confirmation,
    Evidence,
    FollowUp,
    Item,
    Review,
    ReviewItem,
    Section,
    Signoff,
    Standing,
    Transition,
)
from readiness.queries import logged, structure
from readiness.queries.board import Board, board
from readiness.queries.document import review_document
from readiness.queries.progress import progress, state_of
from readiness.queries.reviews import find_review
from readiness.services.evidence.collecting import collect
from readiness.services.lifecycle import deploy
from readiness.services.reviews import NewReview, open_review
from tests.readiness.approving import approve, signers
from tests.readiness.conftest import COMMIT, make_version
from tests.readiness.lifecycle.acts import post

Attack = Callable[[Review], None]
TWO: dict[Any, Any] = {
    ("security", "Security", "checks"): [
        ("SEC-01", None, "Keys are rotated", "blocking", None, False),
        ("SEC-02", None, "Named origins", "blocking", "cors", False),
    ],
    ("first-24-hours", "First 24 Hours", "monitoring"): [
        ("FUP-01", None, "Errors stay low", "blocking", None, False),
    ],
}

NONE: dict[Any, Any] = {("none", "None", "checks"): []}


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


def saw(value: str) -> None:
    now = timezone.now()
    ProbeResult.objects.create(
        name="cors", params={}, params_digest=params_digest({}), definition="d" * 64,
        about=PROBES["cors"].about, commit=COMMIT, tree_clean=True,
        environment="development", host="here", value=value, detail=f"saw {value}",
        started_at=now, observed_at=now,
    )  # fmt: skip
    collect(now)


def today(review: Review, days: float = 0) -> Board:
    return board(find_review(review.uuid), timezone.now() + timedelta(days=days))


def state(shown: Board) -> str:
    return str(state_of(shown, progress(shown)))


def records() -> Any:
    return Evidence.objects.filter(probe="cors")


def test_what_services_wrote_is_believed(
    review: Review, people: dict[str, User]
) -> None:
    shown = today(review)
    assert (state(shown), shown.differences) == ("approved", [])
    deploy(review, people["dorian"])
    shown = today(review)
    assert (state(shown), shown.differences) == ("deployed", [])


# --- lines -------------------------------------------------------------------------------


def move_the_end(review: Review) -> None:
    records().update(valid_until=timezone.now() + timedelta(days=9999))


def forget_the_end(review: Review) -> None:
    records().update(valid_until=None)


def flip_a_fail(review: Review) -> None:
    saw("2")
    records().filter(verdict="fail").update(verdict="pass", valid_until=None)


def take_the_record_of_another_line(review: Review) -> None:
    other = ReviewItem.objects.get(review=review, item__key="SEC-01")
    records().update(review_item=other)


def rename_the_commit(review: Review) -> None:
    records().update(commit="ef" * 20)


def drop_the_standing(review: Review) -> None:
    Standing.objects.filter(check_of__isnull=False).delete()


def exchange_the_file(review: Review) -> None:
    Evidence.objects.filter(kind="output").update(blob_sha256="0" * 64)


def name_another_commit_in_evidence(review: Review) -> None:
    Evidence.objects.filter(kind="output").update(commit="ef" * 20)


def take_the_confirmation_away(review: Review) -> None:
    Confirmation.objects.all().delete()


def take_the_evidence_away(review: Review) -> None:
    Standing.objects.filter(check_of=None).delete()


def claim_for_nobody(review: Review) -> None:
    ReviewItem.objects.filter(review=review, item__key="SEC-01").update(claimed=True)


def swap_two_lines(review: Review) -> None:
    """The evidence of one then stands for the other."""
    rows = ReviewItem.objects.filter(review=review)
    one, two = rows.get(item__key="SEC-01"), rows.get(item__key="SEC-02")
    rows.filter(item__key="FUP-01").update(review=another_review(review))
    rows.filter(pk=one.pk).update(item=Item.objects.get(key="FUP-01"))
    rows.filter(pk=two.pk).update(item=one.item)
    rows.filter(pk=one.pk).update(item=two.item)


def another_review(review: Review) -> Review:
    new = NewReview(make_version(NONE, "none"), "9", COMMIT, "staging")
    return open_review(new, User.objects.get(username="dev"))


LINES = [
    (move_the_end, "SEC-02", "a wrong end of its validity"),
    (forget_the_end, "SEC-02", "a wrong end of its validity"),
    (flip_a_fail, "SEC-02", "the database says pass, the log fail"),
    (take_the_record_of_another_line, "SEC-02", "its record is of another check"),
    (rename_the_commit, "SEC-02", "the database says none, the log pass"),
    (drop_the_standing, "SEC-02", "the database says none, the log pass"),
    (exchange_the_file, "SEC-01", "does not tell that this evidence was filed"),
    (name_another_commit_in_evidence, "SEC-01", "names another commit"),
    (take_the_confirmation_away, "SEC-01", "confirmed evidence that is not there"),
    (take_the_evidence_away, "SEC-01", "confirmed evidence that is not there"),
    (claim_for_nobody, "SEC-01", "its claim is not the one"),
    (swap_two_lines, "SEC-01", "the log tells of it as SEC-02"),
]


@pytest.mark.parametrize(("attack", "key", "text"), LINES)
def test_a_line_that_differs_is_named_everywhere_and_proves_nothing(
    review: Review, vera: Client, attack: Attack, key: str, text: str
) -> None:
    attack(review)

    row = today(review).by_key[key]
    assert row.state == "failed"
    assert text in "; ".join(row.differs)
    assert row.derived.reason.startswith("The record differs from the log: ")
    is_named_everywhere(review, vera, f"{key}: ", text)
    api = f"/api/readiness/reviews/{review.uuid}"
    (item,) = (
        each for each in vera.get(f"{api}/items").json()["items"] if each["key"] == key
    )
    assert item["state"] == "failed"
    assert text in "; ".join(item["differs"])
    signoffs = vera.get(f"{api}/signoffs").json()["signoffs"]
    assert not any(each["valid"] for each in signoffs if each["role"] == "Developer")


def is_named_everywhere(review: Review, vera: Client, *texts: str) -> None:
    """Board, API, list, document and verify page; and the review is not approved."""
    shown = today(review)
    assert not shown.verdict.ready
    assert state(shown) in {"open", "rejected"}
    api = f"/api/readiness/reviews/{review.uuid}"
    told = vera.get(api).json()
    assert told["state"] in {"open", "rejected"}
    assert not told["verdict"]["ready"]
    reviews = vera.get("/api/readiness/reviews").json()["reviews"]
    listed = next(each for each in reviews if each["id"] == str(review.uuid))
    lifecycle = vera.get(f"{api}/lifecycle").json()
    for answer in (told, listed, lifecycle):
        for text in texts:
            assert text in "; ".join(answer["differs"])
    pages = ("", "verify/", "lifecycle/")
    for path in pages:
        html = vera.get(f"/readiness/reviews/{review.uuid}/{path}").content.decode()
        for text in texts:
            assert text in html, path
    reader = User.objects.get(username="vera")
    made = review_document(shown, progress(shown), reader, shown.at)
    assert "the record differs from the log" in made.verdict
    assert "differs from the log" in vera.get(f"{api}/markdown").content.decode()


# --- the review itself -------------------------------------------------------------------


def call_it(state: str) -> Attack:
    def attack(review: Review) -> None:
        Review.objects.filter(pk=review.pk).update(state=state)

    attack.__name__ = f"call it {state}"
    return attack


def end_it(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(ended_at=timezone.now())


def forge_a_deployment(review: Review) -> None:
    """Row, state and follow-ups, as if somebody had."""
    now, by = timezone.now(), User.objects.get(username="dorian")
    Review.objects.filter(pk=review.pk).update(state="deployed", ended_at=now)
    Transition.objects.create(
        review=review, state="deployed", at=now, by=by, salt=b"s" * 32
    )
    FollowUp.objects.create(review=review, window="24 hours", due_at=now)


def ask_nobody_to_sign(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(policy=review.policy[:1])


def name_another(column: str, value: object) -> Attack:
    def attack(review: Review) -> None:
        Review.objects.filter(pk=review.pk).update(**{column: value})

    attack.__name__ = f"name another {column}"
    return attack


def delete_a_line(review: Review) -> None:
    saw("2")
    Standing.objects.filter(review_item__item__key="SEC-02").delete()
    Evidence.objects.filter(review_item__item__key="SEC-02").delete()
    ReviewItem.objects.filter(review=review, item__key="SEC-02").delete()


def start_anew(change: Callable[[], object]) -> Attack:
    """A template that was changed is looked at by each process that starts."""

    def attack(review: Review) -> None:
        change()
        structure._kept.cache_clear()

    return attack


REVIEWS = [
    (call_it("deployed"), "the database says that it is deployed, the log open"),
    (call_it("closed"), "the database says that it is closed, the log open"),
    (end_it, "the log tells of no end of it"),
    (forge_a_deployment, "the database says that it is deployed, the log open"),
    (ask_nobody_to_sign, "its sign-off policy is not the one"),
    (name_another("commit", "ef" * 20), "its commit is not the one"),
    (name_another("environment", "production"), "its environment is not the one"),
    (name_another("release", "2.0"), "its release is not the one"),
    (name_another("image_digest", "sha256:00"), "its image is not the one"),
    (name_another("is_demo", True), "its being a demo is not the one"),
    (delete_a_line, "SEC-02 is gone from it"),
    (
        start_anew(
            lambda: Item.objects.filter(key="SEC-02").update(blocking="optional")
        ),
        "its checklist is not the one that was published",
    ),
    (
        start_anew(lambda: Section.objects.update(kind="monitoring")),
        "its checklist is not the one that was published",
    ),
    (
        start_anew(lambda: Check.objects.update(required=False)),
        "its checklist is not the one that was published",
    ),
    (
        start_anew(lambda: Check.objects.update(threshold="< 1000")),
        "its checklist is not the one that was published",
    ),
]


@pytest.mark.parametrize(("attack", "text"), REVIEWS)
def test_a_review_that_differs_is_named_everywhere_and_is_not_approved(
    review: Review, vera: Client, attack: Attack, text: str
) -> None:
    attack(review)
    is_named_everywhere(review, vera, text)


def test_nobody_signs_or_deploys_a_review_that_differs(
    review: Review, people: dict[str, User], client_of: Callable[[User], Client]
) -> None:
    name_another("image_digest", "sha256:00")(review)
    answer = post(
        client_of(people["dorian"]), "deployments", {"review": str(review.uuid)}
    )
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":record_differs")
    sheet = client_of(people["dev"]).get(
        f"/api/readiness/reviews/{review.uuid}/statement?role=Developer"
    )
    assert not sheet.json()["may_sign"]
    assert "its image is not the one" in sheet.json()["reason"]


# --- after the deployment ----------------------------------------------------------------


def reopen(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(state="open", ended_at=None)


def forget_its_end(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(ended_at=None)


def answer_a_follow_up(review: Review) -> None:
    by = User.objects.get(username="dev")
    FollowUp.objects.filter(window="24 hours").update(
        done_at=timezone.now(), done_by=by, note="calm"
    )


def put_off_a_follow_up(review: Review) -> None:
    FollowUp.objects.filter(window="24 hours").update(
        due_at=timezone.now() + timedelta(days=900)
    )


def forget_the_follow_ups(review: Review) -> None:
    FollowUp.objects.all().delete()


AFTERWARDS = [
    (reopen, "the database says that it is open, the log deployed"),
    (forget_its_end, "it did not end when the database says"),
    (answer_a_follow_up, "24 hours: the log does not tell that it was answered"),
    (put_off_a_follow_up, "24 hours: it is not due when the database says"),
    (forget_the_follow_ups, "24 hours: its row is gone"),
]


@pytest.mark.parametrize(("attack", "text"), AFTERWARDS)
def test_what_became_of_a_review_is_what_the_log_tells(
    deployed: Review, vera: Client, attack: Attack, text: str
) -> None:
    end = today(deployed).at
    attack(deployed)

    shown = today(deployed, days=3)
    assert (state(shown), shown.at) == ("deployed", end)
    assert shown.by_key["SEC-02"].state == "proven", "facts stand as of its end"
    assert shown.by_key["FUP-01"].state == "overdue"
    api = f"/api/readiness/reviews/{deployed.uuid}"
    for path in ("", "/lifecycle"):
        told = vera.get(f"{api}{path}").json()
        assert told["state"] == "deployed"
        assert text in "; ".join(told["differs"])
    page = vera.get(f"/readiness/reviews/{deployed.uuid}/").content.decode()
    assert text in page


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"reason": "all is well"}, "why it was deployed is not what the log tells of"),
        ({"by": None}, "by somebody else than the database says"),
        ({"at": timezone.now()}, "at another time than the database says"),
    ],
)
def test_a_transition_is_told_by_the_log(
    deployed: Review, vera: Client, columns: dict[str, Any], text: str
) -> None:
    Transition.objects.update(**columns)
    told = vera.get(f"/api/readiness/reviews/{deployed.uuid}/lifecycle").json()
    (entry,) = told["transitions"]
    assert (entry["by"], entry["reason"]) == ("dorian", "")
    assert text in "; ".join(told["differs"])


def test_a_transition_of_which_no_event_tells_is_none(
    deployed: Review, vera: Client
) -> None:
    Transition.objects.create(
        review=deployed, state="closed", at=timezone.now(), salt=b"s" * 32
    )
    told = vera.get(f"/api/readiness/reviews/{deployed.uuid}/lifecycle").json()
    assert [each["state"] for each in told["transitions"]] == ["deployed"]
    assert "does not tell that it was closed" in "; ".join(told["differs"])
    page = vera.get(f"/readiness/reviews/{deployed.uuid}/lifecycle/").content.decode()
    assert "was closed on" not in page


def test_who_forged_an_answer_keeps_nobody_from_the_true_one(
    deployed: Review, people: dict[str, User], client_of: Callable[[User], Client]
) -> None:
    answer_a_follow_up(deployed)
    row = FollowUp.objects.get(window="24 hours")
    early = post(client_of(people["sol"]), f"follow-ups/{row.pk}/done", {"note": "x"})
    assert early.json()["type"].endswith(":too_early"), "its moment is the log's"


def test_an_edited_event_of_its_life_is_not_believed(deployed: Review) -> None:
    guard.remove()
    event = AuditEvent.objects.get(kind="readiness.review.deployed")
    body = bytes(event.body).replace(b"review.deployed", b"review.aborted")
    AuditEvent.objects.filter(pk=event.pk).update(
        body=body, kind="readiness.review.aborted"
    )
    logged._KEPT.clear()
    shown = today(deployed)
    assert state(shown) == "open"
    texts = [str(each) for each in shown.differences]
    assert "the event of its being aborted was edited" in texts


def test_claims_after_the_end_count_for_nothing(deployed: Review, vera: Client) -> None:
    """Also where somebody opened the row again, and services took them."""
    reopen(deployed)
    row = ReviewItem.objects.get(review=deployed, item__key="SEC-01")
    claim = {"done": True, "revision": row.revision}
    dev = Client()
    dev.force_login(
        User.objects.get(username="dev"),
        backend="accounts.authentication.PeopleBackend",
    )
    post(dev, f"items/{row.pk}/claim", claim)
    shown = today(deployed)
    assert state(shown) == "deployed"
    assert "its claim is not the one" in "; ".join(shown.by_key["SEC-01"].differs)


def test_a_signature_over_a_changed_line_is_void_and_says_why(
    review: Review, vera: Client
) -> None:
    assert Signoff.objects.count() == 5
    move_the_end(review)
    page = vera.get(f"/readiness/reviews/{review.uuid}/").content.decode()
    assert "SEC-02: its record differs from the log" in page


def test_a_record_of_the_future_was_not_seen(review: Review) -> None:
    later = timezone.now() + timedelta(days=400)
    check = Check.objects.get(probe="cors")
    ends = later + timedelta(seconds=check.freshness + check.grace)
    records().update(observed_at=later, valid_until=ends)
    row = today(review).by_key["SEC-02"]
    assert row.state == "stale"
    assert "of the future" in row.derived.reason
