"""Every GET answer equals what the schema publishes, for everybody who may read it.

On the demo and on an empty product. A field that is missing, a field that the
schema does not name, another type or notation: each is a failure that says where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction
from django.test import Client, override_settings

from accounts.domain.roles import ROLES
from accounts.models import User
from rrr_dashboard.api import document
from tests.accounts.limited import Clock, own_clock
from tests.api_schema import world
from tests.api_schema.operations import SAMPLES, Operation, getter, operations, urls
from tests.api_schema.strict import Comparison, is_free

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1_800)]

PROBLEM = {"$ref": "#/components/schemas/Problem"}
# Objects of which the schema says nothing, and why. Nothing else may be so lax.
FREE = {
    "/api/trades/{id}.decision.features{}": "what a model looked at: its own names",
    "/api/trades/{id}.decision.risk_checks[]": "what a bot checked: its own form",
}
# What an empty product has not got: answers 404 there.
NOT_THERE_YET = {
    *(path for path in SAMPLES if path != "/api/operations/rules/{name}"),
    "/api/audit/checkpoint",
}
# Values that no demo has, and why. Nothing else may go unseen.
UNSEEN = {
    "/api/audit/verify.problems[]": "a log that was tampered with",
    "/api/audit/verify.unsure[]": "a log whose record outside is gone",
    **dict.fromkeys(
        (
            "/api/readiness/reviews/{review}/signoffs.missing[]",
            "/api/readiness/reviews/{review}/signoffs.missing[].envelope_sha256",
            "/api/readiness/reviews/{review}/signoffs.missing[].meaning",
            "/api/readiness/reviews/{review}/signoffs.missing[].role",
            "/api/readiness/reviews/{review}/signoffs.missing[].seq",
            "/api/readiness/reviews/{review}/signoffs.signoffs[].faults[]",
        ),
        "a signature that was tampered with: test_verification.py",
    ),
    **dict.fromkeys(
        (
            "/api/readiness/items/{item}.differs[]",
            "/api/readiness/reviews.reviews[].differs[]",
            "/api/readiness/reviews/{review}.differs[]",
            "/api/readiness/reviews/{review}/items.items[].differs[]",
            "/api/readiness/reviews/{review}/lifecycle.differs[]",
        ),
        "a row that was tampered with: readiness/lies",
    ),
    "/api/splits.splits[].rematching[]": "a long pair: test_splits_that_wait.py",
    "/api/operations/jobs.jobs[].last_ok": "a job that a worker ran",
    "/api/performance/monthly.years[].month": "a year's row has none",
    "/api/portfolio.incomplete{}": "figures that leave positions out",
    "/api/portfolio.open_orders": "reserved: the ledger knows no orders",
    "/api/portfolio/lots.lots[].reason": "a lot without a cost",
    "/api/portfolio/lots.lots[].transfer_external_id": "a lot that came as a transfer",
    "/api/portfolio/positions.positions[].reason": "a position without a price",
    "/api/portfolio/reconciliation.left_out[]": "a book of more than 100,000 facts",
    "/api/portfolio/reconciliation.left_out[].book": "the same",
    "/api/portfolio/reconciliation.left_out[].reason": "the same",
    "/api/trades/imports/{id}.waiting[]": "a late file: trades/test_waiting.py",
    "/api/readiness/items/{item}.evidence.valid_until": "a probe that passes",
    "/api/readiness/items/{item}.history[].valid_until": "a probe that passes",
    "/api/readiness/reviews/{review}/items.items[].evidence.valid_until": "the same",
    "/api/readiness/items/{item}.fields[].choices[]": "the built-in list has none",
    "/api/readiness/items/{item}.fields[].value": "there is no way to fill one in",
}


@dataclass(frozen=True)
class Reading:
    """What one person was answered at one URL."""

    operation: Operation
    person: str
    url: str
    allowed: bool
    status: int
    content_type: str
    body: bytes
    answer: Any
    linked: bool


def read(
    operation: Operation, url: str, person: str, user: Any, client: Client
) -> Reading:
    answer = client.get(url)
    content_type = answer["Content-Type"].split(";")[0]
    content = answer.json() if content_type.endswith(("/json", "+json")) else None
    allowed = operation.access(url.split("?")[0]).allows(user, "GET")
    return Reading(
        operation=operation,
        person=person,
        url=url,
        allowed=allowed,
        status=answer.status_code,
        content_type=content_type,
        body=answer.content,
        answer=content,
        linked='rel="next"' in answer.get("Link", ""),
    )


def readings(people: dict[str, Any]) -> list[Reading]:
    """A minute passes at each, since exports are counted."""
    with TemporaryDirectory() as folder, own_clock(Path(folder)) as clock:
        return readings_by(people, clock)


def readings_by(people: dict[str, Any], clock: Clock) -> list[Reading]:
    """Everybody reads everything: all ids for the first who may, one for others. A
    list that somebody was answered to the last letter has the same pages."""
    taken: list[Reading] = []
    read_whole: set[str] = set()
    paged: set[tuple[str, bytes]] = set()
    for person, user in people.items():
        client = world.client_for(user) if user.is_authenticated else Client()
        get = getter(client)
        for path, operation in operations().items():
            for url in urls(operation, get)[: 1 if path in read_whole else None]:
                clock.forward(60)
                whole = read(operation, url, person, user, client)
                taken.append(whole)
                if whole.status == 200 and (url, whole.body) not in paged:
                    paged.add((url, whole.body))
                    taken += pages(operation, url, person, user, client)
            if taken[-1].status == 200:
                read_whole.add(path)
    return taken


def pages(
    operation: Operation, url: str, person: str, user: Any, client: Client
) -> Iterator[Reading]:
    """A first page of one row, and all that its cursor leads to."""
    if not operation.is_list:
        return
    page = f"{url}{'&' if '?' in url else '?'}limit="
    first = read(operation, f"{page}1", person, user, client)
    yield first
    if first.status == 200 and (cursor := first.answer["next_cursor"]):
        rest = f"{page}500&cursor={cursor}"
        yield read(operation, rest, person, user, client)


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any) -> list[Reading]:
    """All readings of the product in use, taken once; strangers also read it with
    PUBLIC_READ on."""
    stranger = AnonymousUser()
    with django_db_blocker.unblock(), world.demo_settings(), transaction.atomic():
        taken = readings({**world.fill(), "nobody": stranger})
        with override_settings(PUBLIC_READ=True):
            taken += readings({"stranger": stranger})
        transaction.set_rollback(True)
    return taken


@pytest.fixture(scope="module")
def empty(django_db_setup: None, django_db_blocker: Any) -> list[Reading]:
    """All readings of a product that holds nothing but one person a role."""
    with django_db_blocker.unblock(), transaction.atomic():
        people = {}
        for number, role in enumerate(ROLES):
            people[role] = User.objects.create_user(f"p{number}", password=None)
            people[role].groups.set([Group.objects.get(name=role)])
        taken = readings(people)
        transaction.set_rollback(True)
    return taken


def faults(reading: Reading, comparison: Comparison) -> list[str]:
    """What is wrong with one reading."""
    name = f"{reading.url} as {reading.person}"
    if reading.status != 200:
        wrong = [] if reading.content_type == "application/problem+json" else [name]
        return wrong + list(comparison.problems(reading.answer, PROBLEM, name))
    if reading.content_type not in reading.operation.content:
        return [f"{name}: {reading.content_type} is not in the schema"]
    if reading.answer is None:
        return [] if reading.body.strip() else [f"{name}: nothing"]
    schema = reading.operation.content[reading.content_type]["schema"]
    return list(
        comparison.problems(reading.answer, schema, name, reading.operation.path)
    )


def expected(reading: Reading, *, empty: bool) -> set[int]:
    if not reading.allowed:
        return {401 if reading.person in {"nobody", "stranger"} else 403}
    if empty and (reading.operation.path in NOT_THERE_YET):
        return {404}
    return {200}


@dataclass(frozen=True)
class Compared:
    """What is wrong with answers, and the places where a value was met in good ones."""

    wrong: list[str]
    met: set[str]


def compared(readings: list[Reading]) -> Compared:
    """Each with its schema; an answer that several were given, once."""
    different = {
        (one.operation.path, one.status, one.content_type, one.body): one
        for one in readings
    }
    good, refused = Comparison(document()), Comparison(document())
    wrong = [
        fault
        for one in different.values()
        for fault in faults(one, good if one.status == 200 else refused)
    ]
    return Compared(wrong, good.met)


@pytest.fixture(scope="module")
def compared_demo(demo: list[Reading]) -> Compared:
    return compared(demo)


@pytest.fixture(scope="module")
def compared_empty(empty: list[Reading]) -> Compared:
    return compared(empty)


@pytest.mark.parametrize("state", ["demo", "empty"])
def test_answers_equal_the_schema(state: str, request: pytest.FixtureRequest) -> None:
    wrong = request.getfixturevalue(f"compared_{state}").wrong
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize("state", ["demo", "empty"])
def test_who_may_read_it_is_answered(
    state: str, request: pytest.FixtureRequest
) -> None:
    wrong = [
        (reading.url, reading.person, reading.status)
        for reading in request.getfixturevalue(state)
        if reading.status not in expected(reading, empty=state == "empty")
    ]
    assert wrong == []


def test_every_operation_is_read_by_somebody(demo: list[Reading]) -> None:
    read_by_somebody = {one.operation.path for one in demo if one.status == 200}
    assert read_by_somebody == set(operations())


def test_every_operation_with_ids_has_samples() -> None:
    assert {one.path for one in operations().values() if one.ids} == set(SAMPLES)


def test_a_page_behind_a_cursor_was_read_of_every_list(demo: list[Reading]) -> None:
    followed = {one.operation.path for one in demo if "cursor=" in one.url}
    assert followed == {one.path for one in operations().values() if one.is_list}


def test_a_list_links_to_its_next_page(demo: list[Reading]) -> None:
    followed = [
        one for one in demo if one.url.endswith("limit=1") and one.status == 200
    ]
    unlinked = [one for one in followed if one.answer["next_cursor"] and not one.linked]
    assert {one.operation.path for one in unlinked} == set()


def declared() -> dict[str, Any]:
    comparison = Comparison(document())
    return {
        place: schema
        for operation in operations().values()
        if (content := operation.content.get("application/json"))
        for place, schema in comparison.declared(content["schema"], operation.path)
    }


def test_every_declared_value_was_met(compared_demo: Compared) -> None:
    """A list that was always empty, a field that was always null prove nothing."""
    unseen = set(declared()) - compared_demo.met
    assert not unseen - set(UNSEEN), "\n".join(sorted(unseen - set(UNSEEN)))


def test_what_may_go_unseen_is_still_declared() -> None:
    """An excuse for what is gone would hide the next field of that name."""
    assert sorted(set(UNSEEN) - set(declared())) == []


def test_nothing_is_free_but_what_is_named_here() -> None:
    free = {place for place, schema in declared().items() if is_free(schema)}
    assert sorted(free) == sorted(FREE)


def test_strangers_read_where_reading_is_public(demo: list[Reading]) -> None:
    readings = [one for one in demo if one.person == "stranger" and one.allowed]
    opened = {one.url.partition("?")[0] for one in readings}
    assert {"/api/portfolio", "/api/performance"} <= opened
