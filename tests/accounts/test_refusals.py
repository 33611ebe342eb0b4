"""What the doors refuse, as tables: forms on pages, bodies of the token API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.answers import Me, TokenPair
from accounts.models import SigningKey, User
from accounts.queries import signing_key_of
from accounts.services import keys, tokens
from accounts.services.preferences import understood, zones
from kernel.errors import Conflict, Forbidden, Invalid
from kernel.json import dumps, loads
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PHRASE = "a passphrase of some length"
LONG = "x" * 1025


@pytest.fixture
def lena(person: Callable[..., User]) -> User:
    return person("lena", "Technical Lead")


@pytest.fixture
def desk(lena: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(lena)


def post(path: str, body: Any) -> Any:
    text = body if isinstance(body, str) else dumps(body).decode()
    return Client().post(path, text, content_type="application/json")


CREDENTIALS = {"username": "lena", "password": PASSWORD}
BODIES: dict[str, tuple[str, Any, int, list[str]]] = {
    "nothing": ("/api/token", {}, 422, ["/username", "/password"]),
    "no name": ("/api/token", {"password": "x"}, 422, ["/username"]),
    "an empty name": (
        "/api/token",
        {**CREDENTIALS, "username": ""},
        422,
        ["/username"],
    ),
    "a long name": (
        "/api/token",
        {**CREDENTIALS, "username": "x" * 151},
        422,
        ["/username"],
    ),
    "a long password": (
        "/api/token",
        {**CREDENTIALS, "password": LONG},
        422,
        ["/password"],
    ),
    "a name of null": (
        "/api/token",
        {**CREDENTIALS, "username": None},
        422,
        ["/username"],
    ),
    "a name of a list": (
        "/api/token",
        {**CREDENTIALS, "username": []},
        422,
        ["/username"],
    ),
    "a list": ("/api/token", [], 422, ["/"]),
    "no JSON": ("/api/token", "{", 400, []),
    "a wrong password": ("/api/token", {**CREDENTIALS, "password": "x"}, 401, []),
    "no refresh token": ("/api/token/refresh", {}, 422, ["/refresh"]),
    "a long refresh token": (
        "/api/token/refresh",
        {"refresh": "x" * 4097},
        422,
        ["/refresh"],
    ),
    "a refresh token of nobody": ("/api/token/refresh", {"refresh": "x"}, 401, []),
    "nothing to revoke": ("/api/token/revoke", {}, 422, ["/refresh"]),
    "a foreign token to revoke": ("/api/token/revoke", {"refresh": "x.y.z"}, 401, []),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_is_refused_with_its_faults(lena: User, what: str) -> None:
    path, body, status, pointers = BODIES[what]
    answer = post(path, body)
    document = answer.json()
    assert (answer.status_code, document["status"]) == (status, status)
    assert [fault["pointer"] for fault in document["errors"]] == pointers
    assert document["detail"]
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") is (status == 401)
    assert not lena.sessions.exists()


@pytest.mark.parametrize("path", ["/api/token", "/api/token/refresh"])
@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_another_method_is_a_405(path: str, method: str) -> None:
    answer = getattr(Client(), method)(path)
    assert (answer.status_code, answer.json()["status"]) == (405, 405)


def test_a_password_keeps_its_spaces(person: Callable[..., User]) -> None:
    user = person("ada")
    user.set_password(f" {PASSWORD} ")
    user.save()
    given = {"username": "ada", "password": f" {PASSWORD} "}
    assert post("/api/token", given).status_code == 200
    assert post("/api/token", {**given, "password": PASSWORD}).status_code == 401


LOGINS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "Type your user name and your password."),
    "no password": ({"username": "lena"}, "Type your user name and your password."),
    "no name": ({"password": PASSWORD}, "Type your user name and your password."),
    "a name too long": (
        {"username": "x" * 151, "password": "x"},
        "Type your user name and your password.",
    ),
    "a wrong password": (
        {"username": "lena", "password": "x"},
        "User name and password do not fit.",
    ),
    "nobody's name": (
        {"username": "nobody", "password": PASSWORD},
        "User name and password do not fit.",
    ),
}


@pytest.mark.parametrize("what", LOGINS)
def test_a_login_is_refused_in_one_sentence(lena: User, what: str) -> None:
    form, sentence = LOGINS[what]
    answer = Client().post("/accounts/login/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert 'role="alert"' in page
    assert "sessionid" not in answer.cookies


PASSWORDS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({"old": "", "new": "", "again": ""}, "This field is required."),
    "the old one is wrong": ({"old": "x"}, "The password is wrong."),
    "too short": ({"new": "short", "again": "short"}, "at least 12"),
    "a common word": ({"new": "password1234", "again": "password1234"}, "too common"),
    "like the name": (
        {"new": "lena@example.test", "again": "lena@example.test"},
        "too similar",
    ),
    "not twice the same": ({"again": "another passphrase"}, "differ"),
    "too long": ({"new": LONG, "again": LONG}, "at most 1024"),
}


@pytest.mark.parametrize("what", PASSWORDS)
def test_a_new_password_is_refused_with_the_reason(
    desk: Client, lena: User, what: str
) -> None:
    fields, reason = PASSWORDS[what]
    good = {"old": PASSWORD, "new": "a new passphrase", "again": "a new passphrase"}
    answer = desk.post("/accounts/password/change/", {**good, **fields})
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    lena.refresh_from_db()
    assert lena.check_password(PASSWORD)


KEYS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "This field is required."),
    "too short": ({"passphrase": "short", "again": "short"}, "at least 12"),
    "not twice the same": ({"passphrase": PHRASE, "again": "x"}, "differ"),
    "too long": ({"passphrase": LONG, "again": LONG}, "at most 1024"),
}


@pytest.mark.parametrize("what", KEYS)
def test_no_key_is_made_of_a_bad_passphrase(
    desk: Client, lena: User, what: str
) -> None:
    form, reason = KEYS[what]
    answer = desk.post("/settings/signing-key/create/", form)
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert signing_key_of(lena) is None


def test_a_second_key_is_refused_on_the_page(desk: Client, lena: User) -> None:
    keys.create(lena, PHRASE)
    form = {"passphrase": PHRASE, "again": PHRASE}
    answer = desk.post("/settings/signing-key/create/", form)
    assert answer.status_code == 422
    assert SigningKey.objects.filter(user=lena).count() == 1


REVOCATIONS: dict[str, dict[str, str]] = {
    "nothing": {},
    "no reason": {"password": PASSWORD},
    "an unknown reason": {"reason": "bored", "password": PASSWORD},
    "no password": {"reason": "lost"},
    "a wrong password": {"reason": "lost", "password": "x"},
}


@pytest.mark.parametrize("what", REVOCATIONS)
def test_a_key_is_not_revoked_by_half_a_form(
    desk: Client, lena: User, what: str
) -> None:
    key = keys.create(lena, PHRASE)
    answer = desk.post("/settings/signing-key/revoke/", REVOCATIONS[what])
    assert answer.status_code == 422
    key.refresh_from_db()
    assert key.revoked_at is None


class TestTheServiceRefuses:
    def test_a_short_passphrase_by_its_field(self, lena: User) -> None:
        with pytest.raises(Invalid) as refused:
            keys.create(lena, "short")
        assert [fault.pointer for fault in refused.value.errors] == ["/passphrase"]

    def test_an_unknown_reason(self, lena: User) -> None:
        keys.create(lena, PHRASE)
        with pytest.raises(Invalid, match="lost or compromised"):
            keys.revoke(lena, "bored", by=lena)

    def test_a_key_that_is_not_there(self, lena: User) -> None:
        with pytest.raises(Conflict, match="no signing key"):
            keys.revoke(lena, "lost", by=lena)

    def test_somebody_else(self, lena: User, person: Callable[..., User]) -> None:
        keys.create(lena, PHRASE)
        with pytest.raises(Forbidden, match="Only its owner"):
            keys.revoke(lena, "lost", by=person("mallory", "Developer"))
        assert signing_key_of(lena) is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/accounts/logout/"),
        ("get", "/settings/preferences/"),
        ("get", "/settings/signing-key/create/"),
        ("get", "/settings/signing-key/revoke/"),
        ("put", "/accounts/logout/"),
    ],
)
def test_what_changes_something_takes_a_post(
    desk: Client, method: str, path: str
) -> None:
    assert getattr(desk, method)(path).status_code == 405


PAGES = [
    "/accounts/password/change/",
    "/settings/profile/",
    "/settings/signing-key/",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_about_oneself_send_strangers_to_the_login(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/accounts/login/?next={path}",
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {}),
        ({"theme": "dark"}, {"theme": "dark"}),
        ({"theme": "pink", "pnl": "blue"}, {"pnl": "blue"}),
        ({"shortcuts": "off", "shell": "1"}, {"shortcuts": "off"}),
        ({"zone": "Europe/Berlin"}, {"zone": "Europe/Berlin"}),
        ({"zone": "Mars/Base"}, {}),
        ({"zone": "Etc/GMT+1"}, {}),
        ({"zone": ""}, {}),
        ({"theme": None}, {}),
    ],
)
def test_only_known_preferences_are_understood(
    given: dict[str, Any], kept: dict[str, str]
) -> None:
    assert understood(given) == kept


def test_zones_begin_with_utc_and_hide_the_odd_ones() -> None:
    assert zones()[0] == "UTC"
    assert list(zones()[1:]) == sorted(zones()[1:])
    assert not [name for name in zones() if name.startswith(("Etc/", "posix/"))]


def test_an_answer_is_its_json(lena: User) -> None:
    pair = TokenPair.of(tokens.issue(lena))
    assert loads(dumps(pair)) == {
        "access": pair.access,
        "refresh": pair.refresh,
        "expires_in": 600,
    }
    me = loads(dumps(Me.of(lena)))
    assert (me["username"], me["roles"]) == ("lena", ["Technical Lead"])
    assert me["permissions"] == sorted(me["permissions"])
    assert "readiness.sign" in me["permissions"]
