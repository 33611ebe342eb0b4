"""Ten send the same at the same moment: one of them does it, the others are told so."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import PasswordReset, User
from accounts.services import keys, resets, tokens
from audit import queries as audit
from audit.models import AuditEvent
from kernel.limits.windows import Limit
from tests.conftest import PASSWORD
from tests.racing import Answer, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
RUNNERS, ROUNDS = 10, 5
AT = "2026-01-05T09:00:00Z"
SLIP = {"reason": "a slip of the hand"}
NEW = {"new": "a long enough secret 7", "again": "a long enough secret 7"}
Send = Callable[[Client], Answer]


class Wide:
    """Who races asks more often than people do; limits are tested elsewhere."""

    def factors(self, user_id: int | None, limit: Limit) -> list[int]:
        return [1000] * len(limit.windows)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services.limits.known", Wide())
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@dataclass(frozen=True)
class Desk:
    people: dict[str, User]
    client_of: Callable[[User], Client]

    def client(self, name: str) -> Client:
        return self.client_of(self.people[name]) if name else Client()

    def post(self, name: str, path: str, body: Any) -> Any:
        answer = post(self.client(name), path, body)
        assert answer.status_code in {200, 201}, (path, answer.content)
        return answer.json()


@pytest.fixture
def desk(person: Callable[..., User], client_of: Callable[[User], Client]) -> Desk:
    roles = {
        "tess": "Trader",
        "dev": "Developer",
        "sol": "Security Engineer",
        "ada": "Administrator",
    }
    people = {name: person(name, role) for name, role in roles.items()}
    keys.create(people["dev"], PASSWORD)
    made = Desk(people, client_of)
    made.post("tess", "/api/books", {"name": "main", "base_currency": "USD"})
    return made


def post(client: Client, path: str, body: Any) -> Answer:
    sent = "" if body is None else json.dumps(body)
    return client.post(path, sent, content_type="application/json")


# What is raced for: each makes its object anew and says what all ten then send. --------


def to(path: str, body: Any) -> Send:
    return lambda client: post(client, path, body)


def trade(desk: Desk, number: int) -> str:
    body = {
        "external_id": f"t{number}",
        "symbol": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "price": "100",
        "executed_at": AT,
    }
    return f"/api/trades/{desk.post('tess', '/api/trades', body)['id']}"


def transfer(desk: Desk, number: int) -> str:
    body = {
        "external_id": f"m{number}",
        "kind": "deposit",
        "asset": "USD",
        "amount": "1000",
        "at": AT,
    }
    return f"/api/transfers/{desk.post('tess', '/api/transfers', body)['id']}"


def price(desk: Desk, number: int) -> str:
    body = {"symbol": f"P{number}-USD", "at": AT, "price": "100"}
    told = desk.post("tess", "/api/prices", {"prices": [body]})
    return f"/api/prices/{told['stored'][0]['id']}"


def split(desk: Desk, number: int) -> str:
    body = {"symbol": f"S{number}-USD", "at": AT, "numerator": 2, "denominator": 1}
    return f"/api/splits/{desk.post('tess', '/api/splits', body)['id']}"


def balance(desk: Desk, number: int) -> str:
    body = {"asset": "USD", "amount": "1000", "at": f"2026-01-0{number + 1}T09:00:00Z"}
    return f"/api/balances/{desk.post('tess', '/api/balances', body)['id']}"


def amending(
    fact: Callable[[Desk, int], str], verb: str, **changes: Any
) -> Callable[[Desk, int], Send]:
    return lambda desk, number: to(f"{fact(desk, number)}/{verb}", SLIP | changes)


def draft(desk: Desk, number: int) -> str:
    text = f"# Launch {number}\n\n## Tests\n\n- [ ] All tests pass\n"
    told = desk.post("ada", "/api/readiness/templates/import", {"text": text})
    return str(told["id"])


def review(desk: Desk, number: int) -> str:
    template = draft(desk, number)
    desk.post("ada", f"/api/readiness/templates/{template}/publish", {})
    body = {"template": template, "release": "2.1", "environment": "staging"}
    opened = desk.post(
        "ada", "/api/readiness/reviews", body | {"commit": f"{number:02}" * 20}
    )
    return f"/api/readiness/reviews/{opened['id']}"


def line(desk: Desk, number: int) -> tuple[str, int]:
    listed = desk.client("dev").get(f"{review(desk, number)}/items").json()["items"]
    return f"/api/readiness/items/{listed[0]['id']}", listed[0]["revision"]


def publishing(desk: Desk, number: int) -> Send:
    return to(f"/api/readiness/templates/{draft(desk, number)}/publish", {})


def signing(desk: Desk, number: int) -> Send:
    url = review(desk, number)
    said = desk.client("dev").get(f"{url}/statement?role=Developer").json()
    body = {
        "role": "Developer",
        "meaning": "reviewed",
        "statement_sha256": said["statement_sha256"],
        "password": PASSWORD,
        "passphrase": PASSWORD,
    }
    return to(f"{url}/sign", body)


def claiming(desk: Desk, number: int) -> Send:
    url, revision = line(desk, number)
    return to(f"{url}/claim", {"done": True, "revision": revision})


def waiver(desk: Desk, number: int) -> str:
    url, _ = line(desk, number)
    ends = (timezone.now() + timedelta(days=7)).isoformat()
    asked = {"reason": "not before launch", "risk": "a late answer", "ends": ends}
    told = desk.post("dev", f"{url}/waivers", asked)
    return f"/api/readiness/waivers/{told['id']}"


def not_applicable(desk: Desk, number: int) -> str:
    url, _ = line(desk, number)
    told = desk.post("dev", f"{url}/not-applicable", {"reason": "there is none"})
    return f"/api/readiness/not-applicable/{told['id']}"


def deciding(
    asked: Callable[[Desk, int], str], verb: str
) -> Callable[[Desk, int], Send]:
    return lambda desk, number: to(f"{asked(desk, number)}/{verb}", None)


def confirming(desk: Desk, number: int) -> Send:
    url, _ = line(desk, number)
    told = {"kind": "output", "summary": "The suite", "text": "2,412 passed"}
    filed = desk.post("dev", f"{url}/evidence", told)
    return to(f"{url}/evidence/{filed['id']}/confirm", {})


def accepting(desk: Desk, number: int) -> Send:
    form = {"username": f"guest{number}", "roles": ["Trader"]}
    shown = desk.client("ada").post("/settings/people/", form).content.decode()
    found = re.search(r"/accounts/invitation/[\w-]+/", shown)
    assert found
    return lambda _: Client().post(found[0], NEW)


def resetting(desk: Desk, number: int) -> Send:
    links: list[str] = []

    def link_of(token: str) -> str:
        links.append(f"/accounts/password/reset/{token}/")
        return links[-1]

    User.objects.filter(username="tess").update(password="!before")
    resets.ask("tess@example.test", link_of)
    assert PasswordReset.objects.filter(used_at=None).count() == 1
    return lambda _: Client().post(links[0], NEW)


def refreshing(desk: Desk, number: int) -> Send:
    pair = tokens.issue(desk.people["dev"])
    return to("/api/token/refresh", {"refresh": pair.refresh})


@dataclass(frozen=True)
class Race:
    """`who` sends; `won` and `lost` are the answers, `kind` the one event of it."""

    who: str
    prepare: Callable[[Desk, int], Send]
    won: int
    lost: int
    kind: str


RACES = {
    "void a trade": Race(
        "tess", amending(trade, "void"), 200, 409, "trades.fill.voided"
    ),
    "correct a trade": Race(
        "tess",
        amending(trade, "correct", price="90"),
        200,
        409,
        "trades.fill.corrected",
    ),
    "void a transfer": Race(
        "tess", amending(transfer, "void"), 200, 409, "trades.transfer.voided"
    ),
    "correct a transfer": Race(
        "tess",
        amending(transfer, "correct", amount="9"),
        200,
        409,
        "trades.transfer.corrected",
    ),
    "void a price": Race(
        "tess", amending(price, "void"), 200, 409, "trades.price.voided"
    ),
    "correct a price": Race(
        "tess",
        amending(price, "correct", price="90"),
        201,
        409,
        "trades.price.corrected",
    ),
    "void a split": Race(
        "tess", amending(split, "void"), 200, 409, "trades.split.voided"
    ),
    "correct a split": Race(
        "tess",
        amending(split, "correct", numerator=3),
        201,
        409,
        "trades.split.corrected",
    ),
    "void a balance": Race(
        "tess", amending(balance, "void"), 200, 409, "trades.balance.voided"
    ),
    "publish a draft": Race(
        "ada", publishing, 200, 409, "readiness.template.published"
    ),
    "claim a line": Race("dev", claiming, 200, 409, "readiness.item.claimed"),
    "sign": Race("dev", signing, 201, 409, "readiness.review.signed"),
    "confirm evidence": Race(
        "sol", confirming, 200, 409, "readiness.evidence.confirmed"
    ),
    "approve a waiver": Race(
        "ada", deciding(waiver, "approve"), 200, 409, "readiness.waiver.approved"
    ),
    "take a waiver back": Race(
        "ada", deciding(waiver, "revoke"), 200, 409, "readiness.waiver.revoked"
    ),
    "approve that a line is not applicable": Race(
        "sol",
        deciding(not_applicable, "approve"),
        200,
        409,
        "readiness.not_applicable.approved",
    ),
    "accept an invitation": Race(
        "", accepting, 302, 410, "accounts.invitation.accepted"
    ),
    "use a link to a new password": Race(
        "", resetting, 302, 410, "accounts.password.reset"
    ),
    "refresh a token": Race("", refreshing, 200, 401, "accounts.session.ended"),
}


@pytest.mark.parametrize("name", RACES)
def test_of_ten_at_once_exactly_one_wins(desk: Desk, name: str) -> None:
    race = RACES[name]
    clients = [desk.client(race.who) for _ in range(RUNNERS)]
    for number in range(ROUNDS):
        send = race.prepare(desk, number)
        answers = at_once([partial(send, client) for client in clients])
        codes = Counter(answer.status_code for answer in answers)
        told = [answer.content for answer in answers if answer.status_code != race.won]
        assert codes == {race.won: 1, race.lost: RUNNERS - 1}, told[:3]
        happened = AuditEvent.objects.filter(kind=race.kind).count()
        assert happened == number + 1
    assert audit.verification().ok
