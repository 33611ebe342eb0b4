"""Nothing that schemathesis makes of the published document breaks an answer.

FUZZ_EXAMPLES is how many examples an operation gets over all people (20), and
FUZZ_REPORT names a file for what came of them, as JSON. Processes that share the
operations each walk through all of them: FUZZ_SHARE says which are this one's (0/1).
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from kernel.limits.windows import Limiter
from rrr_dashboard.api import document
from tests.accounts.limited import Clock
from tests.api_schema import world
from tests.api_schema.fuzzing import Fuzzer, report
from tests.api_schema.walk import Call, Walker, operation_ids, prepare

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(14_400)]

# The second run looks for what another database refuses, which a few examples show.
USUAL = "5" if os.environ.get("TEST_DATABASE_URL") else "20"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", USUAL))
NUMBER, SHARES = map(int, os.environ.get("FUZZ_SHARE", "0/1").split("/"))
PEOPLE = ["trader", "developer", "operator", "admin"]


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    """What limits count by. Exports, log-ins and signatures have no override: an hour
    passes at every operation's turn instead. The gate at the doors counts by the real
    clock, of which two thousand examples take less than a minute: it is open."""
    clock = Clock()
    folder = tmp_path_factory.mktemp("limits")
    limiter = Limiter(folder / "windows", slots=1024, clock=clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accounts.services.limits.limiter", lambda name: limiter)
        patch.setattr(settings, "RATELIMIT_ENABLE", False, raising=False)
        yield clock
    limiter.file.close()


def ours() -> list[str]:
    """The operations that get examples in this process."""
    return list(operation_ids(document()))[NUMBER::SHARES]


@pytest.fixture(scope="module")
def fuzzer(desk: dict[str, Client], hours: Clock) -> Fuzzer:
    """After a walk with examples at every operation's turn."""
    fuzzer = Fuzzer(document(), PEOPLE, world.PASSWORD)
    prepare(desk["trader"])
    waiting = set(ours())

    def send(call: Call) -> Any:
        if call.id in waiting:
            waiting.remove(call.id)
            hours.forward(3600)
            fuzzer.examples_of(call, EXAMPLES)
            hours.forward(3600)
        answer = fuzzer.real(call)
        assert answer.status_code // 100 == 2, (call, answer.content)
        is_json = answer.headers.get("content-type") == ["application/json"]
        return answer.json() if is_json else answer.content

    try:
        Walker(document(), send).through_everything(desk)
    finally:
        if told := os.environ.get("FUZZ_REPORT"):
            rows = report(fuzzer, ours(), EXAMPLES)
            Path(told).write_text(json.dumps(rows, indent=1))
    return fuzzer


def test_a_document_that_promises_too_much_is_found_out(
    fuzzer: Fuzzer, hours: Clock
) -> None:
    """What finds nothing in ours finds something where there is something."""
    hours.forward(3600)
    wrong = copy.deepcopy(document())
    wrong["components"]["schemas"]["Me"]["properties"]["username"] = {"type": "integer"}
    del wrong["paths"]["/api/books"]["post"]["responses"]["403"]
    judge = Fuzzer(wrong, PEOPLE, world.PASSWORD)
    me = Call(id="me", who="admin", method="get", path="/api/me")
    body = {"name": "Of too many promises", "base_currency": "USD"}
    books = Call(
        id="books_create", who="operator", method="post", path="/api/books", body=body
    )
    for call in (me, books):
        judge.examples_of(call, 4)
    found = {title for seen in judge.seen.values() for title in seen.problems}
    assert found == {
        "Response violates schema: 200",
        "Undocumented status code: 403",
    }


def test_every_operation_succeeds_as_somebody(fuzzer: Fuzzer) -> None:
    reached = {each for each, seen in fuzzer.seen.items() if seen.reached_as}
    assert set(operation_ids(document())) - reached == set()


def test_no_answer_is_an_error_of_ours(fuzzer: Fuzzer) -> None:
    broken = {
        each: dict(seen.statuses)
        for each, seen in fuzzer.seen.items()
        if any(status[0] == "5" for status in seen.statuses)
    }
    assert broken == {}


def test_no_answer_breaks_what_the_document_promises(fuzzer: Fuzzer) -> None:
    wrong = [
        f"{each}: {title}\n{told}"
        for each, seen in fuzzer.seen.items()
        for title, told in seen.problems.items()
    ]
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong[:20])
