"""Two traders with one of everything each, and a review, an alert, people and tokens that
belong to nobody or to somebody: what stands for each `{…}` of the contract's URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import ServiceToken, Session, User
from accounts.services import (
    invitations,
    keys,
    service_accounts,
    service_tokens,
)
from kernel.registry import JOBS
from operations.models import Alert
from operations.services import pausing, scheduler, silences
from readiness.domain.exemptions import NewWaiver
from readiness.models import FollowUp, Review, TemplateVersion
from readiness.services import notes
from readiness.services.evidence.filing import NewEvidence, file_evidence
from readiness.services.exemptions import ask_not_applicable, ask_waiver
from readiness.services.reviews import NewReview, open_review
from tests.breaches import look
from tests.readiness.conftest import COMMIT, make_version
from trades.models import Position

PASSWORD = "correct horse battery staple"
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FILE = "symbol,side,quantity,price,executed_at\nADA-USD,buy,1,2,2026-01-04T00:00:00Z\n"
# Role by the name of the column that it has in the contract.
ROLES = {
    "no role": "",
    "Trader": "Trader",
    "Developer": "Developer",
    "Security Engineer": "Security Engineer",
    "DevOps": "DevOps Engineer",
    "Technical Lead": "Technical Lead",
    "Product Owner": "Product Owner",
    "Operator": "Operator",
    "Viewer": "Viewer",
    "Administrator": "Administrator",
}

FOREIGN = "tobias secret"  # how another trader's book is called
EVERYBODY = "everybody"  # somebody who has every role

Ids = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class World:
    """A client for each role (and "stranger"), and what there is to open: `foreign` is
    another trader's, `own[role]` that role's, `common` nobody's in particular."""

    clients: Mapping[str, Client]
    own: Mapping[str, Ids]
    foreign: Ids
    common: Ids
    everybody: User

    def token_of(self, scope: str) -> str:
        """A service token of `everybody` with it, were it one that people cannot have."""
        new = service_tokens.NewToken(name=scope, scopes=["audit:read"], days=30)
        token, text = service_tokens.make(new, self.everybody, by=self.everybody)
        ServiceToken.objects.filter(pk=token.pk).update(scopes=[scope])
        return text


def make_world() -> World:
    people = {name: _person(name, role) for name, role in ROLES.items()}
    everybody = _person("Everybody", "Administrator")
    everybody.groups.set(Group.objects.all())
    other = _person("Tobias", "Trader")
    clients = {name: logged_in(user) for name, user in people.items()}
    tobias = logged_in(other)
    own = {name: _of_a_person(client) for name, client in clients.items()}
    own["Trader"] |= _of_a_trader(clients["Trader"], "own")
    foreign = _of_a_person(tobias) | _of_a_trader(tobias, FOREIGN)
    common = _of_readiness(people["Administrator"], people["Developer"])
    common |= _of_operations(people["Administrator"]) | _of_people(
        people["Administrator"]
    )
    own["Administrator"] |= _of_the_desk(clients["Administrator"])
    common |= _drafted(clients["Administrator"], common["template"])
    common |= _signed(clients["Developer"], people["Developer"], common["review"])
    JOBS["audit-checkpoint"].function({})
    return World(
        clients={"stranger": Client(), EVERYBODY: logged_in(everybody), **clients},
        own=own,
        foreign=foreign,
        common=common,
        everybody=everybody,
    )


def logged_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="accounts.authentication.PeopleBackend")
    return client


def _person(name: str, role: str) -> User:
    login = name.lower().replace(" ", "-")
    user = User.objects.create_user(
        login, email=f"{login}@example.test", password=PASSWORD
    )
    if role:
        user.groups.set([Group.objects.get(name=role)])
    if role == "Administrator":
        User.objects.filter(pk=user.pk).update(is_staff=True)
    return user


def _of_a_person(client: Client) -> dict[str, str]:
    """A session besides the one that asks, and a token where the role has some."""
    user = User.objects.get(pk=client.session["_auth_user_id"])
    elsewhere = Session.objects.create(
        user=user, kind=Session.Kind.API, fingerprint=user.fingerprint
    )
    ids = {"session": elsewhere.sid, "token": "0" * 12}
    new = {"name": "bot", "scopes": ["readiness:read"], "days": 30}
    made = client.post("/api/tokens", new, content_type="application/json")
    if made.status_code == 201:
        ids["token"] = made.json()["id"]
    return ids


def _of_a_trader(client: Client, name: str) -> dict[str, str]:
    book = _post(client, "/api/books", {"name": name, "base_currency": "USD"})["id"]
    at, mark = AT.isoformat(), name.split()[0].upper()
    trade = {
        "book": book,
        "external_id": "f1",
        "symbol": f"{mark}-USD",
        "side": "buy",
        "quantity": "1",
        "price": "2",
        "executed_at": at,
        "note": f"{name} note",
    }
    deposit = {
        "book": book,
        "external_id": "d1",
        "kind": "deposit",
        "asset": "USD",
        "amount": "100",
        "at": at,
    }
    price = {"symbol": f"{mark}-USD", "at": at, "price": "3"}
    split = {"symbol": "ACME-USD", "at": at, "numerator": 2, "denominator": 1}
    later = (AT + timedelta(hours=1)).isoformat()
    stated = {"book": book, "asset": "USD", "amount": "98", "at": later}
    ids = {
        "book": book,
        "book_name": name,
        "transfer": _post(client, "/api/transfers", deposit)["id"],
        "trade": _post(client, "/api/trades", trade)["id"],
        "price": _post(client, "/api/prices", {"prices": [price]})["stored"][0]["id"],
        "split": _post(client, "/api/splits", split)["id"],
        "balance": _post(client, "/api/balances", stated)["id"],
        "position": str(Position.objects.get(book__name=name).pk),
    }
    booked = {"book": book, "file": _file(name)}
    ids["booked"] = client.post("/api/trades/import", booked).json()["id"]
    kept = client.post("/trades/import/", {"file": _file(name), "book": f"{name} too"})
    ids["preview"] = kept["Location"].strip("/").rpartition("/")[2]
    return ids


def _of_the_desk(client: Client) -> dict[str, str]:
    at = (AT + timedelta(hours=1)).isoformat()
    price = {"symbol": "DESK-USD", "at": at, "price": "3", "scope": "desk"}
    split = {"symbol": "DESK-USD", "at": at, "numerator": 2, "denominator": 1}
    return {
        "price": _post(client, "/api/prices", {"prices": [price]})["stored"][0]["id"],
        "split": _post(client, "/api/splits", {**split, "scope": "desk"})["id"],
    }


def _drafted(client: Client, template: str) -> dict[str, str]:
    """A version that waits to be published."""
    new = {"text": "# Desk\n\n## Tests\n\n- [ ] A line\n", "template": template}
    _post(client, "/api/readiness/templates/import", new)
    return {"draft": str(TemplateVersion.objects.get(state="draft").pk)}


def _signed(client: Client, user: User, review: str) -> dict[str, str]:
    keys.create(user, PASSWORD)
    url = f"/api/readiness/reviews/{review}"
    statement = client.get(f"{url}/statement?role=Developer").json()
    wish = {
        "role": "Developer",
        "meaning": "reviewed",
        "statement_sha256": statement["statement_sha256"],
        "password": PASSWORD,
        "passphrase": PASSWORD,
    }
    return {"signoff": _post(client, f"{url}/sign", wish)["id"]}


def _file(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.csv", FILE.encode())


def _of_readiness(admin: User, developer: User) -> dict[str, str]:
    """A review with evidence that somebody filed who asks for nothing here."""
    version = make_version()
    version.report = {"bytes": 6}
    version.save()
    new = NewReview(
        version=version, release="1.0.0", commit=COMMIT, environment="development"
    )
    review: Review = open_review(new, admin)
    line = review.items.get(item__key="SEC-03")
    filer = _person("Filer", "Developer")
    evidence = file_evidence(line, NewEvidence("output", "seen", b"all of it"), filer)
    exempt = review.items.get(item__key="PRF-02")
    ends = datetime.now(UTC) + timedelta(days=3)
    (waiver,) = ask_waiver([exempt], NewWaiver("known", "low", ends), filer)
    (exemption,) = ask_not_applicable([exempt], "nothing here", filer)
    follow_up = FollowUp.objects.create(
        review=review, window="1 week", due_at=datetime.now(UTC)
    )
    return {
        "review": str(review.uuid),
        "follow_up": str(follow_up.pk),
        "note": str(notes.write(review, "issue", "Slow at night.", admin).pk),
        "item": str(line.pk),
        "exempt": str(exempt.pk),
        "waiver": str(waiver.pk),
        "exemption": str(exemption.pk),
        "evidence": str(evidence.pk),
        "template": str(version.template_id),
        "version": str(version.pk),
        "number": "1",
    }


def _of_operations(admin: User) -> dict[str, str]:
    look(AT, seconds=60)
    wish = silences.NewSilence(rule="broker", reason="moved tonight", minutes=60)
    silence = silences.silence(wish, admin, timezone.now())
    scheduler.run_due(timezone.now())
    pausing.pause(
        "backup-check", reason="moved", minutes=60, by=admin, at=timezone.now()
    )
    return {
        "rested": "backup-check",
        "silence": str(silence.uid),
        "runbook": "database",
        "alert": str(Alert.objects.get().uid),
        "rule": "memory",
        "job": "portfolio-equity",
        "probe": "audit_log",
        "metric": "sharpe",
        "file": "days",
        "table": "jobs",
        "people": "people",
        "list": "trades",
    }


def _of_people(admin: User) -> dict[str, str]:
    somebody = _person("Somebody", "Viewer")
    disabled = _person("Gone", "Viewer")
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    links: list[str] = []
    new = invitations.NewInvitation(username="grace", roles=["Trader"])

    def link_of(token: str) -> str:
        links.append(token)
        return f"/{token}/"

    invitation, _ = invitations.invite(new, admin, link_of)
    service = service_accounts.NewServiceAccount(username="feed", roles=["Viewer"])
    return {
        "person": str(somebody.pk),
        "disabled": str(disabled.pk),
        "invitation": str(invitation.uid),
        "invited": links[0],
        "service": str(service_accounts.add_service_account(service, by=admin).pk),
        "reset": "none",
        "role": str(Group.objects.get(name="Trader").pk),
        "type": str(ContentType.objects.get_for_model(User).pk),
        "anything": "nothing/here/",
    }


def _post(client: Client, url: str, body: Any) -> dict[str, Any]:
    answer = client.post(url, json.dumps(body), content_type="application/json")
    assert answer.status_code in {200, 201}, (url, answer.status_code, answer.content)
    content: dict[str, Any] = answer.json()
    return content
