"""A product in use: the demo, and what the demo leaves out.

What is made here is made through the jobs, the API and the models, whose names
last longer than those of the functions between them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from audit import services as audit_services
from kernel import build
from kernel.build import Build
from kernel.registry import JOBS, PROBES
from operations.models import Alert, Backup, ProbeResult
from operations.queries.measurements import params_digest
from operations.services import pausing, scheduler, silences
from readiness.models import (
    Check,
    NotApplicable,
    ReviewItem,
    Waiver,
)
from rrr_dashboard.demo.logins import LOGINS
from tests.api_schema import released
from tests.heads import leave_at_once

COMMIT = "ab" * 20
PASSWORD = "demo password of the schema's tests"
CHECKLIST = "# A second checklist\n\n## Tests\n\n- [ ] All tests pass\n"


BASES = defaultdict(str, coinbase="USD")
COINBASE = """portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id
default,deposit,2025-01-01T00:00:00Z,100,150,USD,d1,,
default,deposit,2025-01-02T00:00:00Z,10,170,USD,d2,,
"""
FREQTRADE = json.dumps(
    {
        "strategy": {
            "Schema": {
                "trades": [
                    {
                        "pair": "ETH/USDT",
                        "amount": 2,
                        "open_date": "2025-01-01 00:00:00+00:00",
                        "close_date": "2025-01-02 00:00:00+00:00",
                        "open_rate": 100,
                        "close_rate": 110,
                        "profit_abs": 20,
                    }
                ]
            }
        }
    }
)
KRAKEN = """txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers,status
T1,O1,XETHZUSD,2025-02-03T04:05:06.7891Z,buy,limit,2000.5,1000.25,1.5,0.5,0.0,,L1,closed
T2,O2,XETHZUSD,2025-02-03T04:06:06.7891Z,buy,limit,2000.5,1000.25,1.5,0.5,0.0,,L2,canceled
"""


def client_for(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.authentication.PeopleBackend")
    return client


@contextmanager
def demo_settings() -> Iterator[None]:
    """RRR_ENV=demo, and a clean commit that this process is said to run. Nothing is
    ever committed to the database, so the log's heads leave at once."""
    clean = Build(COMMIT, clean=True)
    build.running.cache_clear()
    with (
        override_settings(RRR_ENV="demo", DEMO_PASSWORD=PASSWORD),
        patch.object(build, "look", lambda: clean),
        patch.object(audit_services, "_publish_on_commit", leave_at_once),
    ):
        yield
    build.running.cache_clear()


def fill() -> dict[str, User]:
    """The demo people by username, with everything that the API may show."""
    call_command("demo", stdout=StringIO())
    people = {
        user.username: user
        for user in User.objects.filter(
            username__in=[username for username, _, _ in LOGINS]
        )
    }
    operations(people)
    readiness(people)
    trading(people["trader"])
    market(people["trader"])
    for username in ("trader", "trader2"):
        importing(people[username])
    tokens(people["trader"])
    JOBS["portfolio-equity"].function({})
    JOBS["audit-checkpoint"].function({})
    return people


def tokens(owner: User) -> None:
    """A service token that was used and revoked, and one that was neither."""
    client = client_for(owner)
    for name in ("old bot", "bot"):
        new = {"name": name, "scopes": ["trading:read"], "days": 30}
        made = client.post("/api/tokens", new, content_type="application/json").json()
        if name == "old bot":
            bearer = {"Authorization": f"Bearer {made['token']}"}
            assert Client().get("/api/me", headers=bearer).status_code == 200
            client.post(f"/api/tokens/{made['id']}/revoke")


def operations(people: dict[str, User]) -> None:
    now = timezone.now()
    scheduler.run_due(now)
    pausing.pause(
        "backup-check", reason="moved", minutes=60, by=people["operator"], at=now
    )
    for number in range(2):
        Alert.objects.create(
            fingerprint=f"{number}" * 64,
            rule="memory",
            target="host",
            severity="P1",
            state=Alert.State.RESOLVED,
            value="91.5",
            threshold="90",
            pending_at=now - timedelta(minutes=5 + number),
            fired_at=now - timedelta(minutes=4),
            last_data_at=now,
            resolved_at=now,
            acknowledged_by=people["operator"],
            acknowledged_at=now,
        )
        Backup.objects.create(
            engine="sqlite",
            status=Backup.Status.OK,
            started_at=now - timedelta(days=number),
            finished_at=now,
            bytes=1_000,
            sha256="c" * 64,
        )
        wish = silences.NewSilence(rule="memory", reason="moved", minutes=60)
        silence = silences.silence(wish, people["operator"], now)
    silences.end(silence.uid, people["operator"], now)


def readiness(people: dict[str, User]) -> None:
    """Evidence of a probe, a waiver, a signature that a later tick voids, a second
    checklist and a second review."""
    now = timezone.now()
    check = next(
        check
        for check in Check.objects.filter(threshold__isnull=False).order_by("pk")
        if check.probe in PROBES and check.params
    )
    ProbeResult.objects.create(
        name=check.probe,
        params=check.params,
        params_digest=params_digest(check.params),
        definition="d" * 64,
        about="running",
        commit=COMMIT,
        tree_clean=True,
        environment="demo",
        host="here",
        value="1",
        detail="seen",
        facts={"seen": "1"},
        started_at=now,
        observed_at=now,
    )
    JOBS["readiness-evidence"].function({})
    line = ReviewItem.objects.filter(claimed=True).order_by("pk")[0]
    Waiver.objects.create(
        review_item=line,
        reason="known",
        risk="low",
        requested_by=people["developer"],
        approved_by=people["admin"],
        approved_at=now,
        revoked_by=people["admin"],
        revoked_at=now,
        ends=now + timedelta(days=3),
    )
    NotApplicable.objects.create(
        review_item=line,
        reason="nothing here",
        requested_by=people["developer"],
        approved_by=people["admin"],
        approved_at=now,
        revoked_by=people["admin"],
        revoked_at=now,
    )
    developer = client_for(people["developer"])
    security = client_for(people["security"])
    url = f"/api/readiness/items/{line.pk}"
    upload = SimpleUploadedFile("seen.txt", b"seen")
    filed = developer.post(
        f"{url}/evidence", {"kind": "file", "summary": "seen", "file": upload}
    )
    post(security, f"{url}/evidence/{filed.json()['id']}/confirm", {})
    claim = {"done": False, "revision": line.revision, "note": "not so"}
    sign(developer)
    post(developer, f"{url}/claim", claim)
    sign(developer)
    admin = client_for(people["admin"])
    imported = post(admin, "/api/readiness/templates/import", {"text": CHECKLIST})
    post(admin, f"/api/readiness/templates/{imported['id']}/publish", {})
    review = {
        "template": imported["id"],
        "release": "2",
        "commit": "cd" * 20,
        "environment": "demo",
    }
    post(admin, "/api/readiness/reviews", review)
    version = released.checklist("Release", people["admin"])
    released.worked_on(people)
    released.answered(released.deployed(version, people, PASSWORD), people["developer"])


def sign(developer: Client) -> None:
    review = developer.get("/api/readiness/reviews").json()["reviews"][0]
    url = f"/api/readiness/reviews/{review['id']}"
    statement = developer.get(f"{url}/statement?role=Developer").json()
    wish = {
        "role": "Developer",
        "meaning": "reviewed",
        "statement_sha256": statement["statement_sha256"],
        "password": PASSWORD,
        "passphrase": PASSWORD,
    }
    post(developer, f"{url}/sign", wish)


def trading(trader: User) -> None:
    """A coin that came as a deposit, and a second book in another currency."""
    client = client_for(trader)
    book = client.get("/api/books").json()["books"][0]["id"]
    at = timezone.now().isoformat()
    deposit = {
        "external_id": "schema-deposit",
        "book": book,
        "at": at,
        "kind": "deposit",
        "asset": "NEW",
        "amount": "3",
    }
    post(client, "/api/transfers", deposit)
    stated = {"book": book, "asset": "NEW", "amount": "2", "at": at}
    post(client, "/api/balances", stated)
    wrong = post(client, "/api/balances", {**stated, "asset": "USD"})
    mended = {"reason": "a slip", "amount": "3"}
    post(client, f"/api/balances/{wrong['id']}/correct", mended)
    euros = post(client, "/api/books", {"name": "Euros", "base_currency": "EUR"})
    trade = {
        "external_id": "schema-trade",
        "book": euros["id"],
        "executed_at": at,
        "symbol": "NEW-EUR",
        "side": "buy",
        "quantity": "1",
        "price": "2",
        "fee": "0.1",
        "fee_currency": "NEW",
    }
    booked = post(client, "/api/trades", trade)
    slip = {"reason": "a slip", "price": "3"}
    post(client, f"/api/trades/{booked['id']}/correct", slip)
    between_books(client, trade)


def between_books(client: Client, trade: dict[str, Any]) -> None:
    """Coins that came in at a stated cost, some of which go to another own book."""
    other = post(client, "/api/books", {"name": "Euros too", "base_currency": "EUR"})
    elsewhere = {"book": other["id"], "external_id": "schema-elsewhere"}
    post(client, "/api/trades", {**trade, **elsewhere})
    moved = {
        "external_id": "schema-moved",
        "book": trade["book"],
        "at": timezone.now().isoformat(),
        "kind": "transfer",
        "asset": "NEW",
        "amount": "-0.5",
        "to_book": other["id"],
    }
    came = {"external_id": "schema-came", "kind": "deposit", "amount": "1", "cost": "4"}
    post(client, "/api/transfers", {**moved, **came, "to_book": ""})
    post(client, "/api/transfers", moved)


def market(trader: User) -> None:
    """A price and a split that were corrected, and ones that were voided: of symbols
    that no book holds, and of one that a book does, which tells what came of it."""
    client = client_for(trader)
    at = timezone.now().isoformat()
    for symbol in ("WAS-WRONG", "NEVER-WAS", "NEW-EUR"):
        price = {"symbol": symbol, "at": at, "price": "5"}
        answer = post(client, "/api/prices", {"prices": [price]})
        split = {"symbol": symbol, "at": at, "numerator": 3, "denominator": 1}
        ids = {
            "prices": answer["stored"][0]["id"],
            "splits": post(client, "/api/splits", split)["id"],
        }
        for noun, change in (("prices", {"price": "6"}), ("splits", {"numerator": 2})):
            body = {"reason": "a slip"} | ({} if symbol == "NEVER-WAS" else change)
            verb = "void" if symbol == "NEVER-WAS" else "correct"
            post(client, f"/api/{noun}/{ids[noun]}/{verb}", body)


def importing(trader: User) -> None:
    """Files that wait as previews (with a broken row, without names of columns, with
    what only exchanges and bots state), one that is booked and one that is undone."""
    head = "symbol,side,quantity,price,executed_at,note,extra\n"
    row = "SCHEMA-USD,buy,1,2,2025-01-01T00:00:00Z,seen,more\n"
    client = client_for(trader)
    for name, content in (
        ("preview", head + row * 6 + row.replace("buy", "hold")),
        ("columns", "when,what\n1,2\n"),
        ("coinbase", COINBASE),
        ("freqtrade", FREQTRADE),
        ("kraken", KRAKEN),
    ):
        kept = client.post("/trades/import/", _file(trader, name, content))
        assert kept.status_code == 302, (name, kept.content)
    booked, undone = (
        client.post("/api/trades/import", _file(trader, name, head + row)).json()["id"]
        for name in ("booked", "undone")
    )
    assert booked
    post(client, f"/api/trades/imports/{undone}/undo", {"reason": "the wrong file"})


def _file(trader: User, name: str, content: str) -> dict[str, Any]:
    file = csv_file(name, content)
    return {"file": file, "book": f"{trader.username} {name}", "base": BASES[name]}


def csv_file(name: str, content: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name.removesuffix('.csv')}.csv", content.encode())


def post(client: Client, url: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(url, body, content_type="application/json")
    assert answer.status_code in {200, 201}, (url, answer.status_code, answer.content)
    content: dict[str, Any] = answer.json()
    return content
