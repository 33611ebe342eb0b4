"""Ada's bot comes in with a token: what she may do, within what she ticked."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.roles import ATTESTS
from accounts.domain.scopes import SCOPES
from accounts.models import ServiceToken, User
from accounts.services import service_accounts, service_tokens, sessions
from accounts.services.admit import admit
from accounts.services.pruning import prune
from audit.models import AuditEvent
from kernel.errors import Conflict, Forbidden, Invalid
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/settings/tokens/"


@pytest.fixture
def ada(person):
    return person("ada", "Trader")


def token(owner: User, *scopes: str, by: User | None = None, days: int = 30) -> str:
    new = service_tokens.NewToken(name="bot", scopes=scopes, days=days)
    return service_tokens.make(new, owner, by=by or owner)[1]


def call(method: str, path: str, text: str, body: Any = None) -> Any:
    more = {}
    if body is not None:
        more = {"data": json.dumps(body), "content_type": "application/json"}
    send = getattr(Client(), method)
    return send(path, headers={"Authorization": f"Bearer {text}"}, **more)


def kinds() -> list[str]:
    rows = AuditEvent.objects.filter(kind__contains="token.") | (
        AuditEvent.objects.filter(kind__startswith="accounts.service-account.")
    )
    return list(rows.order_by("seq").values_list("kind", flat=True))


def test_the_page_shows_a_new_token_once_and_it_opens_the_api(ada, client_of):
    desk = client_of(ada)
    form = {"name": "price bot", "scopes": ["trading:read"], "days": "30"}
    made = desk.post(PAGE, form)
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    assert made.get("Content-Encoding", "") != "gzip"
    [text] = set(re.findall(r"rrr_[0-9a-f]{12}_[0-9a-f]{48}", made.content.decode()))
    again = desk.get(PAGE).content.decode()
    assert "price bot" in again
    assert text not in again
    assert call("get", "/api/books", text).status_code == 200
    assert call("get", "/api/me", text).json()["username"] == "ada"
    [row] = ServiceToken.objects.all()
    secret = text.rsplit("_", 1)[1]
    assert secret not in json.dumps(ServiceToken.objects.values()[0], default=str)
    days = (row.expires_at - timezone.now()) / timedelta(days=1)
    assert 29.9 < days <= 30


def test_the_log_tells_of_it_without_the_secret(ada):
    text = token(ada, "trading:read")
    service_tokens.revoke(ServiceToken.objects.get(), by=ada)
    assert kinds() == ["accounts.token.made", "accounts.token.revoked"]
    secret = text.rsplit("_", 1)[1].encode()
    assert all(secret not in bytes(event.body) for event in AuditEvent.objects.all())


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (["trading:read"], 200, 403),
        (["trading:write"], 403, 201),
        (["trading:read", "trading:write"], 200, 201),
        (["readiness:read", "operations:write"], 403, 403),
    ],
)
def test_reading_and_writing_are_ticked_apart(ada, scopes, reads, writes):
    text = token(ada, *scopes)
    assert call("get", "/api/books", text).status_code == reads
    new = {"name": "main", "base_currency": "USD"}
    assert call("post", "/api/books", text, new).status_code == writes


def test_a_scope_gives_nothing_that_the_owner_has_not(ada):
    text = token(ada, *(set(SCOPES) - {"evidence:attest"}))
    assert call("get", "/api/books", text).status_code == 200
    assert call("get", "/api/operations/jobs", text).status_code == 403
    assert call("get", "/api/audit", text).status_code == 403
    assert call("post", "/api/readiness/reviews", text, {}).status_code == 403


def test_an_owner_who_loses_the_role_takes_it_from_the_token(ada):
    text = token(ada, "trading:read")
    ada.groups.clear()
    assert call("get", "/api/books", text).status_code == 403


def test_me_says_what_the_token_may(ada):
    for scopes, may in {
        ("readiness:read",): ["readiness.view"],
        ("trading:write",): ["trading.own"],
        ("readiness:read", "trading:write"): ["readiness.view", "trading.own"],
    }.items():
        told = call("get", "/api/me", token(ada, *scopes)).json()
        assert told["permissions"] == may


def test_no_token_makes_or_ends_tokens(ada):
    text = token(ada, *(set(SCOPES) - {"evidence:attest"}))
    new = {"name": "more", "scopes": ["trading:read"], "days": 1}
    assert call("post", "/api/tokens", text, new).status_code == 403
    assert call("get", "/api/tokens", text).status_code == 403
    uid = text.split("_")[1]
    assert call("post", f"/api/tokens/{uid}/revoke", text).status_code == 403
    assert ServiceToken.objects.count() == 1


def test_a_superusers_token_is_bound_as_well(ada):
    User.objects.filter(pk=ada.pk).update(is_superuser=True)
    ada.refresh_from_db()
    text = token(ada, "readiness:read")
    assert call("get", "/api/books", text).status_code == 403
    assert call("get", "/api/readiness/templates", text).status_code == 200


def test_a_token_opens_no_page(ada):
    assert call("get", "/trades/", token(ada, "trading:read")).status_code == 302


def test_a_token_needs_no_csrf_and_asks_no_cookie(ada, person, client_of):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("root", "Administrator"))
    head = {"Authorization": f"Bearer {token(ada, 'trading:write')}"}
    new = json.dumps({"name": "main", "base_currency": "USD"})
    made = strict.post("/api/books", new, content_type="application/json", headers=head)
    assert (made.status_code, made.json()["owner"]) == (201, "ada")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text + "0",
        lambda text: text.rsplit("_", 1)[0] + "_",
        lambda text: text.rsplit("_", 1)[0],
        lambda text: "rrr_" + "0" * 12 + "_" + text.rsplit("_", 1)[1],
        lambda text: "rrr__",
        lambda text: "rrr_",
        lambda text: "rrr_%00_x",
        lambda text: text.upper(),
    ],
)
def test_a_spoiled_token_is_a_401(ada, spoil):
    text = token(ada, "trading:read")
    answer = call("get", "/api/me", spoil(text))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert call("get", "/api/me", text).status_code == 200


def test_it_expires(ada):
    text = token(ada, "trading:read", days=1)
    assert call("get", "/api/me", text).status_code == 200
    ServiceToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = call("get", "/api/me", text)
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


def test_revoking_on_the_page_ends_it(ada, client_of):
    text, desk = token(ada, "trading:read"), client_of(ada)
    uid = text.split("_")[1]
    assert desk.post(f"{PAGE}{uid}/revoke/").status_code == 302
    assert call("get", "/api/me", text).status_code == 401
    assert "Revoked" in desk.get(PAGE).content.decode()
    assert desk.post(f"{PAGE}{uid}/revoke/").status_code == 302
    assert kinds().count("accounts.token.revoked") == 1


def test_mallory_ends_and_sees_no_token_of_adas(ada, person, client_of):
    text = token(ada, "trading:read")
    uid = text.split("_")[1]
    for role in ("Trader", "Administrator"):
        mallory = client_of(person(f"mallory-{role}", role))
        assert mallory.post(f"{PAGE}{uid}/revoke/").status_code == 404
        assert mallory.post(f"/api/tokens/{uid}/revoke").status_code == 404
        assert uid not in mallory.get(PAGE).content.decode()
    assert call("get", "/api/me", text).status_code == 200


def test_without_a_role_there_are_no_tokens(person, client_of):
    assert client_of(person("mallory")).get(PAGE).status_code == 403


def test_a_disabled_owner_has_no_tokens(ada):
    text = token(ada, "trading:read")
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert call("get", "/api/me", text).status_code == 401


def test_it_outlives_a_new_password_and_ends_in_a_restored_copy(ada):
    text = token(ada, "trading:read")
    ada.set_password(f"{PASSWORD} anew")
    ada.save()
    assert call("get", "/api/me", text).status_code == 200
    sessions.end_everybody(reason="restored")
    assert call("get", "/api/me", text).status_code == 401


def test_the_last_use_is_written_seldom(ada):
    text = token(ada, "trading:read")
    assert ServiceToken.objects.get().last_used_at is None
    call("get", "/api/me", text)
    first = ServiceToken.objects.get().last_used_at
    assert first is not None
    call("get", "/api/me", text)
    assert ServiceToken.objects.get().last_used_at == first
    earlier = timezone.now() - timedelta(minutes=6)
    ServiceToken.objects.update(last_used_at=earlier)
    service_tokens.USES._tried.clear()
    call("get", "/api/me", text)
    assert ServiceToken.objects.filter(last_used_at__gt=earlier).exists()


def test_the_api_makes_lists_and_ends_ones_own(ada, client_of):
    desk = client_of(ada)
    new = {"name": "bot", "scopes": ["trading:read"], "days": 7}
    made = desk.post("/api/tokens", new, content_type="application/json")
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    text = made.json()["token"]
    assert call("get", "/api/me", text).status_code == 200
    [row] = desk.get("/api/tokens").json()["tokens"]
    assert row["id"] == made.json()["id"] == text.split("_")[1]
    assert "token" not in row
    ended = desk.post(f"/api/tokens/{row['id']}/revoke")
    assert ended.status_code == 204
    assert call("get", "/api/me", text).status_code == 401
    assert desk.get("/api/tokens").json()["tokens"][0]["revoked_at"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"scopes": []},
        {"scopes": ["trading:everything"]},
        {"scopes": ["evidence:attest"]},
        {"days": 0},
        {"days": 366},
        {"days": "soon"},
    ],
)
def test_the_api_refuses_by_field(ada, client_of, change):
    new = {"name": "bot", "scopes": ["trading:read"], "days": 7, **change}
    answer = client_of(ada).post("/api/tokens", new, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{next(iter(change))}")
    assert not ServiceToken.objects.exists()


def test_a_kept_answer_would_keep_the_secret(ada, client_of):
    new = {"name": "bot", "scopes": ["trading:read"], "days": 7}
    answer = client_of(ada).post(
        "/api/tokens",
        new,
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 400
    assert not ServiceToken.objects.exists()


def test_an_owner_has_at_most_fifty(ada):
    for _ in range(service_tokens.MOST_ALIVE):
        token(ada, "trading:read")
    with pytest.raises(Conflict):
        token(ada, "trading:read")
    service_tokens.revoke(ServiceToken.objects.all()[0], by=ada)
    token(ada, "trading:read")


def test_dead_tokens_are_forgotten_after_a_month(ada):
    token(ada, "trading:read", days=1)
    at = timezone.now()
    prune(at + timedelta(days=30))
    assert ServiceToken.objects.count() == 1
    prune(at + timedelta(days=32))
    assert not ServiceToken.objects.exists()


class TestServiceAccounts:
    NEW = {"username": "ci", "name": "build server", "roles": ["Developer"]}

    @pytest.fixture
    def root(self, person):
        return person("root", "Administrator")

    def test_an_administrator_makes_one_and_gives_it_a_token(self, root, client_of):
        desk = client_of(root)
        made = desk.post("/settings/people/services/", {**self.NEW, "attests": "on"})
        assert made.status_code == 302, made.content.decode()
        assert "build server" in desk.get("/settings/people/").content.decode()
        form = {
            "name": "main branch",
            "scopes": ["evidence:attest", "readiness:read"],
            "days": "90",
        }
        shown = desk.post(made["Location"], form)
        [text] = set(re.findall(r"rrr_\w+_[0-9a-f]{48}", shown.content.decode()))
        me = call("get", "/api/me", text).json()
        assert (me["username"], me["permissions"]) == (
            "ci",
            ["readiness.attest", "readiness.view"],
        )
        assert kinds() == ["accounts.service-account.added", "accounts.token.made"]
        uid = text.split("_")[1]
        assert desk.post(f"{PAGE}{uid}/revoke/")["Location"] == made["Location"]
        assert call("get", "/api/me", text).status_code == 401

    def test_only_the_attesting_scope_reaches_attesting(self, root):
        new = service_accounts.NewServiceAccount(
            username="ci", roles=["Developer"], attests=True
        )
        ci = service_accounts.add_service_account(new, by=root)
        held = {}
        for scope in ("evidence:attest", "readiness:write"):
            bearer = admit(token(ci, scope, by=root), "POST")
            held[scope] = bearer.user.has_perm(ATTESTS)
        assert held == {"evidence:attest": True, "readiness:write": False}

    def test_nobody_else_makes_one(self, person, client_of):
        for role in ("Trader", "Operator"):
            desk = client_of(person(role.lower(), role))
            answer = desk.post("/settings/people/services/", self.NEW)
            assert answer.status_code == 403
        assert not User.objects.filter(is_service=True).exists()

    def test_a_person_gets_no_token_of_a_service_account(self, root, person):
        new = service_accounts.NewServiceAccount(username="ci", roles=["Developer"])
        ci = service_accounts.add_service_account(new, by=root)
        with pytest.raises(Forbidden):
            token(ci, "readiness:read", by=person("dev", "Developer"))

    def test_no_program_manages_people(self, root, client_of):
        with pytest.raises(Invalid):
            service_accounts.add_service_account(
                service_accounts.NewServiceAccount(
                    username="ci", roles=["Administrator"]
                ),
                by=root,
            )
        desk = client_of(root)
        form = {**self.NEW, "roles": ["Administrator"]}
        assert desk.post("/settings/people/services/", form).status_code == 422

    def test_a_taken_name_is_said_at_the_field(self, root, client_of):
        answer = client_of(root).post(
            "/settings/people/services/", {**self.NEW, "username": "ROOT"}
        )
        assert answer.status_code == 422
        assert "somebody" in answer.content.decode()

    def test_it_logs_in_by_no_password(self, root):
        service_accounts.add_service_account(
            service_accounts.NewServiceAccount(username="ci", roles=[]), by=root
        )
        for guess in ("!", "", "ci"):
            answer = Client().post(
                "/api/token",
                {"username": "ci", "password": guess},
                content_type="application/json",
            )
            assert answer.status_code in {401, 422}

    def test_the_products_own_account_is_nobodys_to_manage(self, root, client_of):
        from accounts.services import probe

        own = probe.account()
        desk = client_of(root)
        assert desk.get(f"/settings/people/services/{own.pk}/").status_code == 404
