"""Every URL and method, as every role, on what is theirs and what is another's: each
opens to exactly whom the contract says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from accounts.domain.scopes import SCOPES
from tests.architecture.test_access import urls
from tests.permissions import contract
from tests.permissions.bodies import QUERIES, SURE, body_of, is_form
from tests.permissions.world import EVERYBODY, FOREIGN, ROLES, World, make_world
from tests.shared_world import undone_at_the_end

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WHO = ("stranger", *ROLES)
# These two reach every statement; who else may is decided before any database.
ON_BOTH = ("Trader", "Administrator")
REVIEWERS = {"Developer", "Security Engineer", "Technical Lead", "Product Owner"}
# A right that was used with something amiss: what is missing, taken, gone or stale.
WANTS_MORE = {400, 409, 410, 412, 413, 415, 422, 428}
READS_ALL = {"Viewer", "Administrator"}
# What is somebody's. Of what else there is, nobody is the owner.
OWNED = {
    *("trade", "transfer", "position", "price", "split", "preview", "booked"),
    *("session", "token", "balance"),
}


@dataclass(frozen=True)
class Row:
    path: str
    rights: Mapping[str, str]

    @property
    def shape(self) -> str:
        return re.sub(r"\{\w+\}", "{}", self.path)

    @property
    def owned(self) -> bool:
        return bool(OWNED & set(re.findall(r"\{(\w+)\}", self.path)))


def rows(table: str) -> Iterator[Row]:
    for line in table.split("\n"):
        if line.strip():
            path, cells = line.split(maxsplit=1)
            yield Row(path, dict(re.findall(r"([A-Z]+) ([a-z][a-z: -]*[a-z])", cells)))


def rights() -> dict[str, dict[str, str]]:
    """Right -> column -> all, own or -."""
    head, *lines = (
        re.split(r"\s{2,}", line.strip())
        for line in contract.RIGHTS.strip().split("\n")
    )
    return {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}


TABLE = [*rows(contract.API), *rows(contract.PAGES), *rows(contract.ADMIN)]
RIGHTS = rights()


def shape_of(pattern: str) -> str:
    """`trades/<number:pk>` as the contract's table has it: /trades/{}."""
    plain = re.sub(r"\^?\(\?P<\w+>accounts\|auth\)/\$", "accounts/", pattern)
    plain = re.sub(r"\(\?P<\w+>\.\*\)\$", "{}", plain)
    return "/" + re.sub(r"<[^>]+>", "{}", plain)


def test_the_contract_has_a_row_for_every_url_and_no_other() -> None:
    served = {shape_of(path) for path, _, _ in urls(get_resolver())}
    assert served == {row.shape for row in TABLE}
    assert len(TABLE) == len({row.path for row in TABLE})


def test_every_right_of_a_row_is_in_the_table_of_rights() -> None:
    named = {right for row in TABLE for right in row.rights.values()}
    assert named == set(RIGHTS)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with undone_at_the_end(django_db_blocker):
        yield make_world()


def share(right: str, who: str) -> str:
    """How much the contract gives: all, own or -."""
    return RIGHTS[right]["reviewers" if who in REVIEWERS else who]


def expected(row: Row, method: str, who: str, *, own: bool) -> set[str]:
    """How the product may answer a method that the row has."""
    right = row.rights[method]
    much = share(right, who)
    if right == "nobody":
        return {"log in", "refused", "hidden"}
    if much == "all" or (much == "own" and (own or not row.owned)):
        return {"opens"}
    if much == "own":
        area, _, _ = right.partition(":")
        sees = share(f"{area}: reads", who) if f"{area}: reads" in RIGHTS else "-"
        return {"refused"} if sees == "all" else {"hidden"}
    if who == "stranger":
        return {"log in"}
    return {"log in", "refused"} if row.path.startswith("/admin/") else {"refused"}


def in_log(row: Row) -> bool:
    """The log tells its readers everything, names too."""
    return "audit: reads" in row.rights.values()


def text_of(answer: Any) -> str:
    content = answer.getvalue() if answer.streaming else answer.content
    return str(content, "utf-8", "replace")


def outcome(answer: Any) -> str:
    status = answer.status_code
    if status == 401 or "/login/?next=" in answer.get("Location", ""):
        return "log in"
    if status == 403:
        ended = "Your session has ended" in answer.content.decode()
        return "log in" if ended else "refused"
    if status < 400 or status in WANTS_MORE:
        return "opens"
    return {404: "hidden", 405: "wrong method"}.get(status, str(status))


@dataclass(frozen=True)
class Asking:
    """One person asks all there is, each time of the same world."""

    world: World
    who: str
    bearer: str = ""

    def findings(self) -> list[str]:
        """Where an answer is another than the contract's."""
        return [
            f"{method} {row.path} on {'own' if own else 'foreign'}: {seen}, not {may}"
            for row in TABLE
            for method in row.rights
            for own in (True, False)
            if own or row.owned
            for seen, may in [self.cell(row, method, own=own)]
            if seen not in may
        ]

    def cell(self, row: Row, method: str, *, own: bool) -> tuple[str, set[str]]:
        ids = self.ids(own=own)
        name = f"{method} {row.path}"
        url = row.path.format_map(ids) + QUERIES.get(name, "")
        answer = self.ask(method, url, body_of(name, ids, self.who))
        seen = outcome(answer)
        may = expected(row, method, self.who, own=own)
        if may == {"opens"} and name in SURE and answer.status_code >= 400:
            seen = f"{answer.status_code} {answer.content.decode()}"
        if self.who not in READS_ALL and FOREIGN in text_of(answer) and not in_log(row):
            seen = f"{answer.status_code} that names a foreign book"
        return seen, may

    def ids(self, *, own: bool) -> dict[str, str]:
        mine = self.world.own.get(self.who, {}) if own else {}
        return {**self.world.common, **self.world.foreign, **mine}

    def ask(self, method: str, url: str, body: Any) -> Any:
        """What it changes is undone."""
        client = self.world.clients[self.who]
        if self.bearer:
            client = Client(headers={"Authorization": f"Bearer {self.bearer}"})
        before, cookies = transaction.savepoint(), copy(client.cookies)
        try:
            if method == "POST" and is_form(url, body):
                return client.post(url, body)
            kind = "application/json" if url.startswith("/api/") else "text/plain"
            return client.generic(method, url, json.dumps(body), content_type=kind)
        finally:
            transaction.savepoint_rollback(before)
            client.cookies = cookies


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(who, marks=[] if who in ON_BOTH else pytest.mark.alike)
        for who in WHO
    ],
)
def test_each_url_opens_to_whom_the_contract_says(world: World, who: str) -> None:
    findings = Asking(world, who).findings()
    assert findings == [], "\n".join(findings)


@pytest.mark.alike  # no view is reached
@pytest.mark.parametrize("who", ["stranger", EVERYBODY])
def test_no_url_takes_another_method(world: World, who: str) -> None:
    """Who has every role may do what any role may. Django's own site answers a POST to
    a page that only shows as it answers a GET, and is left out."""
    asking, refusals = Asking(world, who), {"wrong method"}
    if who == "stranger":
        refusals.add("log in")
    taken = [
        f"{method} {row.path}"
        for row in [*rows(contract.API), *rows(contract.PAGES)]
        for method in METHODS
        if method not in row.rights
        if outcome(asking.ask(method, row.path.format_map(asking.ids(own=True)), {}))
        not in refusals
    ]
    assert taken == []


@pytest.mark.parametrize(
    "number", [str(2**63), "9" * 4_300], ids=["one too many", "4,300 digits"]
)
def test_a_number_that_no_column_holds_is_nobodys(world: World, number: str) -> None:
    """With a body that is right, as somebody who may: a database would raise."""
    asking = Asking(world, EVERYBODY)
    ids = asking.ids(own=True)
    too_large = {
        name: number if value.isdecimal() else value for name, value in ids.items()
    }
    asked = [
        (method, row.path, body_of(f"{method} {row.path}", ids, EVERYBODY))
        for row in [*rows(contract.API), *rows(contract.PAGES)]
        for method in row.rights
        if row.path.format_map(too_large) != row.path.format_map(ids)
    ]
    assert len(asked) > 60
    assert [
        f"{method} {path}: {answer.status_code}"
        for method, path, body in asked
        for answer in [asking.ask(method, path.format_map(too_large), body)]
        if answer.status_code != 404
    ] == []


REFUSED = re.compile("may not (open|do) this[:;,]")  # not the title of a 403


def scopes() -> dict[str, dict[str, list[str]]]:
    """Scope -> method -> the rights that it opens."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in contract.SCOPES.strip().split("\n"):
        scope, method, opened = line.split(maxsplit=2)
        found.setdefault(scope, {})[method] = opened.split(", ")
    return found


def test_a_tokens_scope_opens_its_own_part_of_the_api(world: World) -> None:
    """Of somebody who has every role, but owns no book; beside each scope, nothing."""
    assert set(scopes()) == set(SCOPES)
    findings = []
    for scope, opened in scopes().items():
        asking = Asking(world, EVERYBODY, bearer=world.token_of(scope))
        ids = asking.ids(own=True)
        for row in rows(contract.API):
            for method, right in row.rights.items():
                body = body_of(f"{method} {row.path}", ids, EVERYBODY)
                answer = asking.ask(method, row.path.format_map(ids), body)
                opens = right in ("public", "oneself", *opened.get(method, ()))
                if opens is bool(REFUSED.search(text_of(answer))):
                    findings.append(f"{scope}: {method} {row.path}")
    assert findings == []


READS_OF_A_BOOK = [
    row.path
    for row in rows(contract.API)
    if row.rights.get("GET") == "trading: reads" and "{" not in row.path
]


def named(world: World, method: str, path: str, book: str, field: str) -> str:
    """What a trader is told who names this book there, without what differs anyway."""
    ids = world.own["Trader"]
    asking = Asking(world, "Trader")
    if method == "GET":
        answer = asking.ask("GET", f"{path}?{field}={quote(book)}", {})
    else:
        body = body_of(f"POST {path}", ids, "Trader") | {field: book}
        answer = asking.ask("POST", path, body)
    text = re.sub(r'"(request_id|timestamp)":"[^"]*"', "", text_of(answer))
    told = re.sub(rf"(?<![\w.:-]){re.escape(book)}(?![\w.:-])", "BOOK", text)
    return f"{answer.status_code} {told}"


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_foreign_book_is_told_like_one_that_is_not(world: World, by: str) -> None:
    """Wherever a book is named, but where one would be made of a new name."""
    foreign = world.foreign["book"] if by == "id" else FOREIGN
    nowhere = "987654" if by == "id" else "nobodys book"
    places = [("GET", path, "book") for path in READS_OF_A_BOOK]
    places += [
        ("POST", path, "book")
        for path in ("/api/trades", "/api/transfers", "/api/balances")
    ]
    places.append(("POST", "/api/transfers", "to_book"))
    told = {
        place: (named(world, *place[:2], foreign, place[2]), missing)
        for place in places
        if (missing := named(world, *place[:2], nowhere, place[2]))
        != named(world, *place[:2], foreign, place[2])
    }
    assert told == {}
    assert len(places) >= 15
