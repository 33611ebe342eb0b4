"""Somebody succeeds with every operation, and does nothing twice by repeating it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from rrr_dashboard.api import document
from tests.api_schema.examples import RENEW, example, write
from tests.api_schema.walk import Call, Walker, operation_ids, prepare, sent_by

# Their answers hold secrets, which nobody keeps for a repeat; a claim has a revision.
NOT_REPEATED = {"token_create", "token_refresh", "token_revoke", "item_claim"}
NOT_REPEATED |= {"service_token_make", "csp_report", "item_restore"}

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1_800)]


def test_every_operation_succeeds_and_no_post_is_done_twice(
    desk: dict[str, Client],
) -> None:
    met: dict[str, Any] = {}
    wrong: list[Any] = []
    clients = {**desk, "": Client()}

    def send(call: Call) -> Any:
        key = {"Idempotency-Key": f"walk {call.id}"}
        if call.method == "post" and call.id not in NOT_REPEATED:
            call = replace(call, headers={**call.headers, **key})
        answer = sent_by(clients[call.who], call)
        assert answer.status_code // 100 == 2, f"{call.id}: {answer.content.decode()}"
        if key.items() <= call.headers.items():
            again = sent_by(clients[call.who], call)
            same = (again.status_code, again.content, again.get("Location"))
            first = (answer.status_code, answer.content, answer.get("Location"))
            if same != first or again.get("Idempotency-Replayed") != "true":
                wrong.append((call.id, same, first))
        is_json = answer.get("Content-Type") == "application/json"
        content = answer.json() if is_json else answer.content
        met.setdefault(call.id, example(call, answer.status_code, content))
        return content

    prepare(desk["trader"])
    Walker(document(), send).through_everything(clients)
    if RENEW in os.environ:
        write(met)
    assert wrong == []
    assert set(operation_ids(document())) - set(met) == set()
