"""POST /api/token and what its tokens are worth."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.key_names import kid_of
from accounts.models import Refresh, Session, User
from accounts.services import tokens
from accounts.services.sessions import open_session
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def post(path, **body):
    return Client().post(path, json.dumps(body), content_type="application/json")


def me(access):
    return Client().get("/api/me", headers={"Authorization": f"Bearer {access}"})


def pair(password=PASSWORD):
    answer = post("/api/token", username="ada", password=password)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_ada_gets_a_pair(ada):
    assert set(pair()) == {"access", "refresh", "expires_in"}
    assert pair()["expires_in"] == 600


def test_me_says_who_and_what(ada):
    answer = me(pair()["access"]).json()
    assert answer["username"] == "ada"
    assert answer["roles"] == ["Developer"]
    assert "readiness.claim" in answer["permissions"]


def test_a_wrong_password_is_a_401_problem(ada):
    answer = post("/api/token", username="ada", password="wrong")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_answer_does_not_tell_who_exists(ada):
    known = post("/api/token", username="ada", password="wrong").json()
    unknown = post("/api/token", username="nobody", password="wrong").json()
    for answer in (known, unknown):
        del answer["request_id"]
    assert known == unknown


def test_a_missing_password_names_the_field(ada):
    answer = post("/api/token", username="ada")
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/password"]


def test_the_header_names_algorithm_and_key(ada, settings):
    header = jwt.get_unverified_header(pair()["access"])
    assert header["alg"] == "HS512"
    assert header["kid"] == kid_of(settings.JWT_SECRET)


def test_without_a_token_it_is_a_401():
    answer = Client().get("/api/me")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer é"])
def test_a_bad_header_is_a_401_even_with_a_good_cookie(ada, client_of, header):
    answer = client_of(ada).get("/api/me", headers={"Authorization": header})
    assert answer.status_code == 401


def forged(access, **changes):
    claims = jwt.decode(access, options={"verify_signature": False})
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody-else"},
        {"aud": "another-product"},
        {"exp": 1},
        {"exp": "99999999999"},
        {"exp": 1e300},
        {"exp": None},
        {"sid": None},
        {"aud": None},
        {"token_type": "refresh"},
        {"sid": "0" * 32},
    ],
)
def test_a_signed_token_with_other_claims_is_refused(ada, settings, changes):
    claims = forged(pair()["access"], **changes)
    kid = kid_of(settings.JWT_SECRET)
    token = jwt.encode(claims, settings.JWT_SECRET, "HS512", headers={"kid": kid})
    assert me(token).status_code == 401


def test_the_same_token_unchanged_is_accepted(ada, settings):
    claims = forged(pair()["access"])
    kid = kid_of(settings.JWT_SECRET)
    token = jwt.encode(claims, settings.JWT_SECRET, "HS512", headers={"kid": kid})
    assert me(token).status_code == 200


def test_another_key_another_algorithm_and_none_are_refused(ada, settings):
    claims = forged(pair()["access"])
    kid = kid_of(settings.JWT_SECRET)
    other = "another secret of more than sixty-four bytes, which is not ours at all!"
    assert (
        me(jwt.encode(claims, other, "HS512", headers={"kid": kid})).status_code == 401
    )
    assert (
        me(
            jwt.encode(claims, settings.JWT_SECRET, "HS256", headers={"kid": kid})
        ).status_code
        == 401
    )
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid}).encode())
    body = base64.urlsafe_b64encode(json.dumps(claims).encode())
    nothing = f"{head.decode().rstrip('=')}.{body.decode().rstrip('=')}."
    assert me(nothing).status_code == 401


def test_the_previous_key_still_opens_and_no_longer_signs(ada, settings):
    old = pair()["access"]
    settings.JWT_SECRET_PREVIOUS = settings.JWT_SECRET
    settings.JWT_SECRET = (
        "the next secret, also more than sixty-four bytes long, 0123456789!"
    )
    assert me(old).status_code == 200
    new = jwt.get_unverified_header(pair()["access"])["kid"]
    assert new == kid_of(settings.JWT_SECRET)
    settings.JWT_SECRET_PREVIOUS = ""
    assert me(old).status_code == 401


def test_an_expired_token_is_refused(ada):
    session = open_session(ada, Session.Kind.API)
    assert me(tokens.access_token(session)).status_code == 200
    old = tokens.access_token(session, lifetime=timedelta(seconds=-1))
    assert me(old).status_code == 401


def test_a_refresh_token_is_no_access_token(ada):
    assert me(pair()["refresh"]).status_code == 401


def test_refreshing_gives_a_new_pair(ada):
    first = pair()
    second = post("/api/token/refresh", refresh=first["refresh"])
    assert second.status_code == 200
    assert me(second.json()["access"]).status_code == 200
    third = post("/api/token/refresh", refresh=second.json()["refresh"])
    assert third.status_code == 200


def test_a_replay_kills_the_family_for_good(ada):
    first = pair()
    second = post("/api/token/refresh", refresh=first["refresh"]).json()
    assert post("/api/token/refresh", refresh=first["refresh"]).status_code == 401
    assert me(first["access"]).status_code == 401
    assert me(second["access"]).status_code == 401
    assert post("/api/token/refresh", refresh=second["refresh"]).status_code == 401


def test_an_access_token_cannot_refresh(ada):
    assert post("/api/token/refresh", refresh=pair()["access"]).status_code == 401


def test_revoking_ends_access_and_refresh(ada):
    held, other = pair(), pair()
    assert post("/api/token/revoke", refresh=held["refresh"]).status_code == 204
    assert me(held["access"]).status_code == 401
    assert post("/api/token/refresh", refresh=held["refresh"]).status_code == 401
    assert post("/api/token/revoke", refresh=held["refresh"]).status_code == 204
    assert me(other["access"]).status_code == 200


def test_disabling_a_person_kills_their_tokens(ada):
    held = pair()
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert me(held["access"]).status_code == 401
    assert post("/api/token/refresh", refresh=held["refresh"]).status_code == 401


def test_a_password_set_by_any_road_kills_their_tokens(ada):
    held = pair()
    ada.set_password("another long password, set elsewhere")
    ada.save()
    assert me(held["access"]).status_code == 401


def test_refresh_rows_end_after_fourteen_days(ada):
    pair()
    days = (Refresh.objects.get().expires_at - timezone.now()) / timedelta(days=1)
    assert 13.99 < days <= 14


def test_five_wrong_passwords_lock_this_door_too(ada):
    for _ in range(4):
        assert post("/api/token", username="ada", password="wrong").status_code == 401
    locked = post("/api/token", username="ada", password="wrong")
    assert locked.status_code == 429
    assert locked["Content-Type"] == "application/problem+json"
    assert int(locked["Retry-After"]) > 0
    assert post("/api/token", username="ada", password=PASSWORD).status_code == 429


def test_the_session_cookie_opens_the_api_too(ada, client_of):
    assert client_of(ada).get("/api/me").json()["username"] == "ada"
