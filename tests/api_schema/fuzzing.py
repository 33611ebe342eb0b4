"""schemathesis around a walk: at each operation's turn, examples that begin with the
call that will succeed, each undone, then that call itself.

So the ids are real, the objects are in the state in which the operation can work, and
a body is odd in one field as often as in all. Every answer meets all of schemathesis'
checks but one: valid data may be refused, since a schema knows no rule of the desk.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import hypothesis
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import strategies as st
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from audit import services as audit_services
from tests.api_schema.walk import Call

schemathesis.serializer.alias("application/csp-report", "application/json")

SEED = 15
# Of a token's ten minutes.
LOG_IN_AGAIN = 300
# Their senders are not ours: they take what they know and ignore the rest.
LAX: dict[str, list[Any]] = {"csp_report": [negative_data_rejection]}
HOW_OFTEN_REAL = 4
# In this process nobody would unpack an answer.
AS_IT_IS = {"Accept-Encoding": "identity"}


@dataclass
class Seen:
    """What came of one operation."""

    statuses: Counter[str] = field(default_factory=Counter)
    reached_as: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)


def without_anything_else(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without the answer "anything else", which would excuse every status."""
    strict = copy.deepcopy(dict(document))
    for item in strict["paths"].values():
        for operation in item.values():
            operation["responses"].pop("default", None)
    return strict


@contextmanager
def in_this_transaction() -> Iterator[None]:
    """Requests leave the thread's connection open, as those of Django's client do."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)


class Fuzzer:
    """Sends a walk's calls, and examples around them, as each of `people`."""

    def __init__(self, document: Mapping[str, Any], people: list[str], password: str):
        self.schema = schemathesis.openapi.from_dict(without_anything_else(document))
        self.schema.app = get_wsgi_application()
        every: Iterable[Any] = self.schema.get_all_operations()
        self.operations: dict[str, Any] = {
            each.ok().definition.raw["operationId"]: each.ok() for each in every
        }
        self.people = people
        self.turns = itertools.cycle(people)
        self.password = password
        self.tokens: dict[str, tuple[float, str]] = {}
        self.seen: dict[str, Seen] = {}

    def examples_of(self, call: Call, count: int) -> None:
        """`count` examples of the call's operation: half of them of schemathesis' own
        list of edges, as far as that goes, the others made up. Half of each as who
        may, the others shared out among all."""
        operation = self.operations[call.id]
        self.log_in(*filter(None, [call.who, *self.people]))
        edges = self._edges(operation)
        some = random.Random(SEED).sample(edges, min(len(edges), count // 2))
        for number, case in enumerate(some):
            if call.ids and not case.meta.is_negative_at(ParameterLocation.PATH):
                case.path_parameters = dict(call.ids)
            self._try(call, case, next(self.turns) if number % 2 else call.who)
        half = math.ceil((count - len(some)) / 2)
        for mode in GenerationMode:
            self._generate(call, operation, mode, half)

    def _edges(self, operation: Any) -> list[Any]:
        return list(
            self.schema.iter_coverage_cases(
                operation,
                generation_modes=list(GenerationMode),
                generation_config=self.schema.config.generation_for(
                    operation=operation
                ),
            )
        )

    def _generate(
        self, call: Call, operation: Any, mode: GenerationMode, most: int
    ) -> None:
        """In one run of hypothesis: each begins with what it knows already."""

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=most,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(
            operation.as_strategy(generation_mode=mode),
            st.integers(0, HOW_OFTEN_REAL),
            st.just(call.who) | st.sampled_from(self.people),
            st.data(),
        )
        def each(case: Any, how_real: int, who: str, data: Any) -> None:
            if how_real:
                _make_real(case, call, data, mode)
            self._try(call, case, who)

        each()

    def _try(self, call: Call, case: Any, who: str) -> None:
        # What is undone must leave no head of the log outside: it would be doubtful.
        stays = patch.object(audit_services, "_publish_on_commit", lambda *_: None)
        with stays, transaction.atomic():
            self._ask(call.id, case, who)
            transaction.set_rollback(True)

    def _ask(self, operation: str, case: Any, who: str) -> Any:
        sent = self._headers(who)
        seen = self.seen.setdefault(operation, Seen())
        with in_this_transaction():
            answer = case.call(headers=sent)
            lax = [*LAX.get(operation, ())]
            if _is_lost_on_the_way(case):
                lax.append(negative_data_rejection)
            if who in seen.reached_as:
                # It asks thrice more, with no token and with wrong ones: whether they
                # are refused does not hang on the data.
                lax.append(ignored_auth)
            problems = list(_problems(case, answer, sent, lax))
        seen.statuses[str(answer.status_code)] += 1
        if answer.status_code // 100 == 2:
            seen.reached_as.add(who)
        for title, told in problems:
            title = f"{title}: {answer.status_code}"
            seen.problems.setdefault(title, f"as {who or 'nobody'}: {told}")
        return answer

    def log_in(self, *people: str) -> None:
        """As everybody does, and again while the token is good. Not where it is
        undone: the session would be gone."""
        for who in people:
            since, _ = self.tokens.get(who, (-math.inf, ""))
            if time.monotonic() - since >= LOG_IN_AGAIN:
                body = {"username": who, "password": self.password}
                case = self.operations["token_create"].Case(
                    body=body, media_type="application/json"
                )
                with in_this_transaction():
                    answer = case.call(headers=AS_IT_IS)
                assert answer.status_code == 200, answer.content
                self.tokens[who] = time.monotonic(), answer.json()["access"]

    def _headers(self, who: str) -> dict[str, str]:
        token = {"Authorization": f"Bearer {self.tokens[who][1]}"} if who else {}
        return {**AS_IT_IS, **token}

    def real(self, call: Call) -> Any:
        """The call itself, which must succeed."""
        self.log_in(*filter(None, [call.who]))
        body = call.body
        if call.file is not None:
            name, _, content = call.file
            body = {**(body or {}), name: content}
        kind = call.kind if call.file is None else "multipart/form-data"
        case = self.operations[call.id].Case(
            path_parameters=dict(call.ids),
            query=dict(call.query),
            headers=dict(call.headers),
            **({} if body is None else {"body": body, "media_type": kind}),
        )
        return self._ask(call.id, case, call.who)


def _make_real(case: Any, call: Call, data: Any, mode: GenerationMode) -> None:
    """The call's ids, and its body with some of the generated fields in it. What is
    meant to be wrong stays wrong."""
    right = not case.meta.is_negative_at(ParameterLocation.PATH)
    if call.ids and right and data.draw(st.integers(0, HOW_OFTEN_REAL)):
        case.path_parameters = dict(call.ids)
    known, made = call.body, case.body
    if mode is not GenerationMode.POSITIVE or not isinstance(known, dict):
        return
    if isinstance(made, dict):
        names = data.draw(st.sets(st.sampled_from(sorted(made)))) if made else set()
        case.body = {**known, **{name: made[name] for name in names}}
    elif made is NOT_SET:
        case.body, case.media_type = known, call.kind


def _is_lost_on_the_way(case: Any) -> bool:
    """Whether a wrong value is an empty list or object: in an address it is nothing, and
    what arrives is right."""
    return any(value in ([], {}) for value in (case.query or {}).values())


def _problems(
    case: Any, answer: Any, sent: Mapping[str, str], lax: Iterable[Any]
) -> Iterator[tuple[str, str]]:
    """(what a check says in short, the same in full) of each that failed."""
    try:
        case.validate_response(
            answer,
            headers=sent,
            excluded_checks=[positive_data_acceptance, *lax],
            transport_kwargs={"headers": sent},
        )
    except (Failure, FailureGroup) as failed:
        for failure in getattr(failed, "exceptions", [failed]):
            yield failure.title, f"{failure}\n{_told(case)}"


def _told(case: Any) -> str:
    try:
        return str(case.as_curl_command())
    except Exception:  # noqa: BLE001 - it only tells
        return repr(case)


def report(fuzzer: Fuzzer, operations: Iterable[str], count: int) -> dict[str, Any]:
    """What `make evidence` keeps of these operations."""
    told = {each: fuzzer.seen[each] for each in operations if each in fuzzer.seen}
    return {
        "tool": f"schemathesis {schemathesis.__version__}",
        "seed": SEED,
        "examples": count,
        "people": fuzzer.people,
        "sent": sum(seen.statuses.total() for seen in told.values()),
        "problems": sum(len(seen.problems) for seen in told.values()),
        "operations": {
            operation: {
                "sent": seen.statuses.total(),
                "statuses": dict(sorted(seen.statuses.items())),
                "reached_as": sorted(seen.reached_as),
                "problems": seen.problems,
            }
            for operation, seen in sorted(told.items())
        },
    }
