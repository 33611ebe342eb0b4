"""The known claim (FORMATS), from a document to the bytes that a person signs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from readiness.domain.claims import claim_root
from readiness.domain.parsing.document import Proposal
from readiness.models import Evidence, ReviewItem, Standing
from readiness.queries.board import board
from readiness.queries.statements import statement_for
from readiness.services.claims import claim_item
from readiness.services.importing import Importing, import_template
from readiness.services.publishing import publish
from readiness.services.reviews import NewReview, open_review
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD
from tests.readiness.conftest import log_verdict, until

PASSPHRASE = "a passphrase of one's own"
COMMIT = "ab" * 20
DOCUMENT = b"# Desk\n\n## Security checks\n\n- [ ] CORS limited to named origins\n"
CLAIM = b'{"blocking":"blocking","body_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","checks":[{"definition_sha256":"ec27851d10f1fe99f1fb62e3137cbb4e531d959a0d3bc0d4e8bcbcc0b04b926a","probe":"cors","threshold":null,"verdict":"pass"}],"claim":{"by":"developer","done":true},"evidence":[],"fields":{},"key":"SEC-01","not_applicable":null,"title":"CORS limited to named origins","waiver":null}'


def passed(line: ReviewItem) -> None:
    """The line's check was measured for this commit, and passed."""
    check, now = line.item.checks.get(), timezone.now()
    evidence = Evidence.objects.create(
        review_item=line,
        check_of=check,
        kind="metric",
        verdict="pass",
        summary="no faults",
        commit=COMMIT,
        environment="development",
        collector="j:readiness-evidence",
        observed_at=now,
        valid_until=until(check, "pass", now),
    )
    Standing.objects.create(
        review_item=line, check_of=check, latest=evidence, conclusive=evidence
    )
    log_verdict(line, check, "pass")


def test_the_known_claim_is_what_is_signed(person: Callable[..., User]) -> None:
    developer = person("developer", "Developer")
    keys.create(developer, PASSPHRASE)
    how = Importing("Desk", checks={"SEC-01": [Proposal("cors")]})
    version = import_template(DOCUMENT, how, None)
    review = open_review(
        NewReview(publish(version, None), "1.0.0", COMMIT, "development"), developer
    )
    line = ReviewItem.objects.get(review=review)
    claim_item(line.pk, done=True, revision=line.revision, note="", by=developer)
    passed(line)

    read = statement_for(board(review, timezone.now()), "Developer", developer)
    signoff = sign(
        review,
        SignatureRequest("Developer", "reviewed", read.sha256, PASSWORD, PASSPHRASE),
        developer,
    )

    assert bytes(signoff.claims) == CLAIM
    assert signoff.claim_root == claim_root([CLAIM]).hex()


SIGNED = ("definition_sha256", "claim_root", "policy_sha256", "payload")


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_is_computed_in_one_place(name: str) -> None:
    """A second copy would be the one that a test reads and nobody signs with."""
    room = Path(settings.BASE_DIR) / "readiness"
    owners = [
        str(path.relative_to(room))
        for path in room.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]

    assert len(owners) == 1, owners
