"""Reviews that were deployed, superseded and signed with a key that was lost to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from unittest.mock import patch

from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from readiness.models import FollowUp, Review, ReviewItem, TemplateVersion
from readiness.queries.board import board
from readiness.queries.statements import statement_for
from readiness.services import notes
from readiness.services.assigning import assign, own_section
from readiness.services.evidence.filing import (
    NewEvidence,
    confirm_evidence,
    file_evidence,
)
from readiness.services.follow_ups import answer
from readiness.services.importing import Importing, import_template
from readiness.services.lifecycle import deploy
from readiness.services.publishing import publish
from readiness.services.reviews import NewReview, open_review
from readiness.services.signing import SignatureRequest, sign

SIGNERS = {
    "developer": "Developer",
    "security": "Security Engineer",
    "devops": "DevOps Engineer",
    "lead": "Technical Lead",
    "owner": "Product Owner",
}


TESTS = b"# Release\n\n## Tests\n\n- [ ] Looked at\n\n"


def checklist(name: str, by: User) -> TemplateVersion:
    """Of two lines, behind which no probe stands."""
    text = TESTS + b"## Costs\n\n- [ ] Counted\n"
    return publish(import_template(text, Importing(name), by), by)


def next_version(version: TemplateVersion, by: User) -> TemplateVersion:
    """One line is the same, one went, one is new."""
    text = TESTS + b"## Speed\n\n- [ ] Measured\n"
    how = Importing(version_of=version.template.slug)
    return publish(import_template(text, how, by), by)


def opened(version: TemplateVersion, release: str, by: User) -> Review:
    new = NewReview(
        version=version, release=release, commit="ab" * 20, environment="staging"
    )
    return open_review(new, by)


def signed(review: Review, by: User, role: str, password: str, meaning: str) -> None:
    shown = statement_for(board(review, timezone.now()), role, by)
    wish = SignatureRequest(role, meaning, shown.sha256, password, password)
    sign(review, wish, by)


def deployed(
    version: TemplateVersion, people: Mapping[str, User], password: str
) -> Review:
    """The newer of two, of the next version of a template whose lines persons prove;
    its first window is over."""
    opened(version, "1.8", people["lead"])
    review = opened(next_version(version, people["admin"]), "1.9", people["lead"])
    for line in review.items.select_related("item", "review"):
        filed = file_evidence(
            line, NewEvidence("output", "seen", b"yes"), people["developer"]
        )
        confirm_evidence(line, filed.pk, people["security"])
    for name, role in SIGNERS.items():
        signed(review, people[name], role, password, "approved")
    noted(review, people["lead"])
    then = timezone.now() - timedelta(days=2)
    with patch("readiness.services.lifecycle.timezone.now", lambda: then):
        deploy(review, people["devops"])
    return review


def answered(review: Review, by: User) -> None:
    row: Any = FollowUp.objects.filter(review=review).first()
    answer(row, "calm", by)


def with_a_key_given_up(
    version: TemplateVersion, people: Mapping[str, User], password: str
) -> Review:
    review = opened(version, "1.7", people["lead"])
    security = people["security"]
    signed(review, security, "Security Engineer", password, "reviewed")
    keys.revoke(security, "compromised", by=security)
    keys.create(security, password)
    return review


def worked_on(people: Mapping[str, User]) -> None:
    """A line of the demo's review is somebody's, and so is its section."""
    rows = ReviewItem.objects.select_related("item__section", "review__version")
    line = rows.order_by("pk")[0]
    assign([line], "developer", people["lead"])
    own_section(line.review, line.item.section.slug, "developer", people["lead"])


def noted(review: Review, by: User) -> None:
    notes.write(review, "note", "Slow on Mondays", by)
    notes.resolve(notes.write(review, "issue", "Slow at night", by), by)


def prepare(password: str) -> None:
    """One whose first window is over, one of which a signer's key was given up."""
    logins = [*SIGNERS, "admin"]
    people = {user.username: user for user in User.objects.filter(username__in=logins)}
    version = checklist("Walk", people["admin"])
    deployed(version, people, password)
    with_a_key_given_up(version, people, password)


class Walks(Protocol):
    """Calls the operations of the API (tests.api_schema.walk)."""

    @property
    def password(self) -> str: ...

    def call(self, operation: str, who: str, **given: Any) -> Any: ...


def walk(walker: Walks, template: str) -> None:
    """From open to deployed; and what `prepare` deployed and gave up."""
    place = {"commit": "ef" * 20, "environment": "production"}
    wish = {"template": template, "release": "2.2", **place}
    review = walker.call("review_open", "lead", body=wish)["id"]
    line = walker.call("review_items", "lead", review=review)["items"][0]["id"]
    seen = {"kind": "output", "summary": "The suite", "text": "2,412 passed"}
    filed = walker.call("evidence_file", "lead", item=line, body=seen)
    walker.call("evidence_confirm", "owner", item=line, evidence=filed["id"])
    for name, role in SIGNERS.items():
        said = walker.call(
            "review_statement", name, review=review, query={"role": role}
        )
        wish = {
            "role": role,
            "meaning": "approved",
            "statement_sha256": said["statement_sha256"],
            "password": walker.password,
            "passphrase": walker.password,
        }
        walker.call("review_sign", name, review=review, body=wish)
    walker.call("review_deploy", "devops", body={"review": review})
    day = f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}"
    walker.call("review_plan", "devops", review=review, body={"day": day})
    of = {
        each["release"]: each["id"]
        for each in walker.call("reviews_list", "admin")["reviews"][::-1]
    }
    told = walker.call("review_lifecycle", "admin", review=of["1.9"])
    walker.call(
        "follow_up_answer",
        "operator",
        follow_up=told["follow_ups"][0]["id"],
        body={"note": "No errors, P95 at 40 ms"},
    )
    reason = {"reason": "The signing key was on a stolen laptop"}
    latest = of["2.1"]
    first = walker.call("review_items", "lead", review=latest)["items"][0]
    walker.call("item_assign", "lead", item=first["id"], body={"assignee": "lead"})
    sections = walker.call("review_sections", "lead", review=latest)["sections"]
    owned = {"section": sections[0]["slug"], "owner": "lead"}
    walker.call("section_own", "lead", review=latest, body=owned)
    seen_lines = [{"item": int(first["id"]), "revision": first["revision"]}]
    walker.call(
        "review_claims", "lead", review=latest, body={"done": True, "lines": seen_lines}
    )
    issue = {"kind": "issue", "text": "Exports are slow on Mondays"}
    note = walker.call("review_note", "lead", review=latest, body=issue)
    walker.call("note_resolve", "lead", note=note["id"])
    walker.call("review_invalidate", "admin", review=of["1.7"], body=reason)
    walker.call(
        "review_abort", "admin", review=of["2.1"], body={"reason": "2.2 is out"}
    )
