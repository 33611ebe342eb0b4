"""What voids a signature, what does not, and what cannot be passed off as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import User
from accounts.services import keys
from kernel.errors import Conflict
from readiness.models import (
    Check,
    Evidence,
    Review,
    ReviewItem,
    Signoff,
    Standing,
)
from readiness.queries.board import board
from readiness.queries.progress import progress
from readiness.queries.signatures import Signature, signatures
from readiness.queries.statements import statement_for
from readiness.services.claims import claim_item
from readiness.services.evidence.filing import (
    NewEvidence,
    confirm_evidence,
    file_evidence,
)
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD
from tests.readiness.conftest import COMMIT, log_verdict, until

PHRASE = "a phrase of her own"
Person = Callable[..., User]
ClientOf = Callable[[User], Client]
FIRST_GROUP = (
    ("ada", "Developer"),
    ("selma", "Security Engineer"),
    ("dorian", "DevOps Engineer"),
)
SECOND_GROUP = (("lena", "Technical Lead"), ("omar", "Product Owner"))


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretching a passphrase is slow on purpose; not five times a test."""
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@pytest.fixture
def signer(person: Person) -> Person:
    def make(username: str, *roles: str) -> User:
        user = person(username, *roles)
        keys.create(user, PHRASE)
        return user

    return make


@pytest.fixture
def ada(signer: Person) -> User:
    return signer("ada", "Developer")


@pytest.fixture
def review(make_review: Callable[..., Review], person: Person) -> Review:
    return make_review(person("olive", "Administrator"))


def signed(review: Review, who: User, role: str = "Developer") -> Signoff:
    shown = statement_for(board(review, timezone.now()), role, who)
    return sign(
        review, SignatureRequest(role, "reviewed", shown.sha256, PASSWORD, PHRASE), who
    )


def held(review: Review) -> dict[str, Signature]:
    stored = signatures(board(review, timezone.now())).signed
    return {each.signed.role: each for each in stored}


def root(review: Review, who: User) -> str:
    shown = statement_for(board(review, timezone.now()), "Developer", who)
    return shown.statement.claim_root


def line(review: Review, key: str) -> ReviewItem:
    return ReviewItem.objects.select_related("item", "review").get(
        review=review, item__key=key
    )


def tick(review: Review, key: str, who: User) -> None:
    row = line(review, key)
    claim_item(row.pk, done=not row.claimed, revision=row.revision, note="", by=who)


def judged(review: Review, key: str, verdict: str, commit: str = COMMIT) -> None:
    row = line(review, key)
    check, now = Check.objects.get(item=row.item), timezone.now()
    record = Evidence.objects.create(
        review_item=row,
        check_of=check,
        kind="metric",
        verdict=verdict,
        summary="seen",
        probe=check.probe,
        commit=commit,
        environment="development",
        collector="j:test",
        observed_at=now,
        valid_until=until(check, verdict, now),
    )
    Standing.objects.update_or_create(
        review_item=row,
        check_of=check,
        defaults={"latest": record, "conclusive": record},
    )
    if commit == COMMIT:
        log_verdict(row, check, verdict)


def test_only_signatures_whose_scope_holds_the_line_are_void(
    review: Review, ada: User, signer: Person
) -> None:
    signed(review, ada)
    signed(review, signer("selma", "Security Engineer"), "Security Engineer")

    tick(review, "PRF-01", ada)

    found = held(review)
    assert not found["Developer"].valid
    assert found["Security Engineer"].valid


def test_a_first_verdict_voids_and_the_same_again_does_not(
    review: Review, ada: User
) -> None:
    judged(review, "SEC-01", "pass")
    signed(review, ada)

    judged(review, "SEC-01", "pass")
    assert held(review)["Developer"].valid

    judged(review, "SEC-02", "pass")
    assert [one.key for one in held(review)["Developer"].void] == ["SEC-02"]


def test_a_verdict_of_another_commit_counts_for_nothing(
    review: Review, ada: User
) -> None:
    before = root(review, ada)

    judged(review, "SEC-01", "pass", commit="cd" * 20)
    assert root(review, ada) == before

    judged(review, "SEC-01", "pass")
    assert root(review, ada) != before


def test_evidence_counts_once_another_confirmed_it(
    review: Review, ada: User, person: Person
) -> None:
    row = line(review, "SEC-03")
    record = file_evidence(row, NewEvidence("output", "looked", b"all of it"), ada)
    signed(review, ada)
    assert held(review)["Developer"].valid

    confirm_evidence(row, record.pk, person("dora", "Developer"))

    (void,) = held(review)["Developer"].void
    assert (void.key, void.change) == ("SEC-03", "a person's evidence changed")


def test_lines_outside_readiness_are_not_signed(review: Review, ada: User) -> None:
    signed(review, ada)

    tick(review, "MON-01", ada)
    tick(review, "SGN-01", ada)

    assert held(review)["Developer"].valid


def test_one_person_holds_one_role_also_while_the_first_is_void(
    review: Review, signer: Person
) -> None:
    both = signer("both", "Developer", "Security Engineer")
    signed(review, both)
    with pytest.raises(Conflict, match="one person, one role"):
        signed(review, both, "Security Engineer")

    tick(review, "PRF-01", both)
    assert not held(review)["Developer"].valid

    with pytest.raises(Conflict, match="one person, one role"):
        signed(review, both, "Security Engineer")


def test_the_second_group_stands_on_the_envelopes_of_the_first(
    review: Review, signer: Person
) -> None:
    first = [
        signed(review, signer(name, role), role).envelope_sha256
        for name, role in FIRST_GROUP
    ]
    for name, role in SECOND_GROUP:
        made = signed(review, signer(name, role), role)
        assert made.earlier == sorted(first)
    side = progress(board(review, timezone.now()))
    assert (side.signatures.value, side.signatures.of) == (5, 5)
    assert side.complete

    Signoff.objects.filter(envelope_sha256=first[0]).delete()

    found = held(review)
    assert not found["Technical Lead"].valid
    assert found["Security Engineer"].valid
    assert not progress(board(review, timezone.now())).complete


def test_a_key_that_was_changed_meanwhile_signs_nothing(
    review: Review, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock = keys.unlock

    def and_then_changed(user: User, phrase: str) -> Any:
        opened = unlock(user, phrase)
        keys.revoke(user, "lost", by=user)
        keys.create(user, PHRASE)
        return opened

    monkeypatch.setattr(keys, "unlock", and_then_changed)

    with pytest.raises(Conflict, match="changed meanwhile"):
        signed(review, ada)
    assert not Signoff.objects.exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"role": "Security Engineer"}, "the role"),
        ({"meaning": "approved"}, "the meaning"),
        ({"note": "never said"}, "the note"),
        ({"claim_root": "ab" * 32}, "the claim root"),
        ({"earlier": ["ab" * 32]}, "the earlier signatures"),
    ],
)
def test_the_page_names_where_a_row_says_more_than_its_envelope(
    review: Review,
    ada: User,
    client_of: ClientOf,
    change: dict[str, Any],
    named: str,
) -> None:
    signed(review, ada)
    url = f"/readiness/reviews/{review.uuid}/verify/"
    said = f"{named} in the database was changed: the envelope is shown"
    assert said not in client_of(ada).get(url).content.decode()

    Signoff.objects.update(**change)

    page = client_of(ada).get(url).content.decode()
    assert said in page
    assert "Developer · ada ·" in " ".join(page.split())


def test_the_list_of_reviews_costs_the_same_however_many_were_signed(
    review: Review,
    make_review: Callable[..., Review],
    ada: User,
    client_of: ClientOf,
) -> None:
    client = client_of(ada)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/api/readiness/reviews").status_code == 200
        return len(seen)

    signed(review, ada)
    queries()
    one = queries()
    for number in range(3):
        signed(make_review(ada, release=f"2.{number}.0"), ada)

    assert queries() == one
