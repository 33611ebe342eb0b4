"""Nobody signs under a log that nobody can vouch for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import keys
from audit.queries import LogVerification
from readiness.models import Review, Signoff
from tests.conftest import PASSWORD

PASSPHRASE = "a passphrase of one's own"


def signs(client: Client, review: Review) -> Any:
    url = f"/api/readiness/reviews/{review.uuid}"
    sheet = client.get(f"{url}/statement?role=Developer").json()
    body = {
        "role": "Developer",
        "meaning": "reviewed",
        "statement_sha256": sheet["statement_sha256"],
        "password": PASSWORD,
        "passphrase": PASSPHRASE,
    }
    return client.post(f"{url}/sign", body, content_type="application/json")


@pytest.mark.parametrize(
    ("problems", "unsure", "code"),
    [
        ((), ("the record is gone",), "log_unsure"),
        (("event 3 is missing",), ("the record is gone",), "log_broken"),
    ],
)
def test_a_doubtful_log_takes_no_signature(
    review: Review,
    ada: User,
    client_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    problems: Sequence[str],
    unsure: Sequence[str],
    code: str,
) -> None:
    keys.create(ada, PASSPHRASE)
    doubt = LogVerification(False, 3, "", problems, unsure)
    monkeypatch.setattr("audit.queries.verification", lambda: doubt)
    answer = signs(client_of(ada), review)
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        f"urn:rrr:problem:{code}",
    )
    assert (problems or unsure)[0] in answer.json()["detail"]
    assert not Signoff.objects.exists()


def test_a_whole_log_takes_it(review: Review, ada: User, client_of: Any) -> None:
    keys.create(ada, PASSPHRASE)
    assert signs(client_of(ada), review).status_code == 201
