"""A restored desk signs again: keys, claims and the log's next epoch fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from accounts.services import keys as signing_keys
from kernel import locks
from operations.services.backups import taking
from readiness.models import Review
from readiness.queries.board import board
from readiness.queries.signatures import signatures
from readiness.queries.statements import statement_for
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD

PASSPHRASE = "a passphrase of one's own"


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.BACKUP_URL = str(tmp_path / "backups")
    settings.CHECKPOINT_DIR = tmp_path / "checkpoints"
    settings.LOG_KEY_FILE = tmp_path / "log.key"
    yield
    locks.release(tmp_path / "database.lock")


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_signature_before_holds_and_one_after_is_possible(
    person: Callable[..., User], make_review: Callable[..., Review]
) -> None:
    review = make_review(person("olive", "Administrator"))
    for name, role in (("ada", "Developer"), ("sec", "Security Engineer")):
        signing_keys.create(person(name, role), PASSPHRASE)
    _sign(review, "ada", "Developer")
    backup = taking.take("system")
    call_command("restore", backup.location, "--yes", stdout=StringIO())
    review = Review.objects.get(uuid=review.uuid)
    _sign(review, "sec", "Security Engineer")
    assert [one.valid for one in signatures(board(review, timezone.now())).signed] == [
        True,
        True,
    ]


def _sign(review: Review, name: str, role: str) -> None:
    who = User.objects.get(username=name)
    shown = statement_for(board(review, timezone.now()), role, who)
    sign(
        review,
        SignatureRequest(role, "reviewed", shown.sha256, PASSWORD, PASSPHRASE),
        who,
    )
