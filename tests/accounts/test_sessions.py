"""Ada sees where she is logged in and ends it; a log-in does not last for ever."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.key_names import kid_of
from accounts.domain.lives import BROWSER, CLIENT
from accounts.models import Session
from accounts.services import probe, sessions, tokens
from audit.models import AuditEvent
from tests.conftest import PASSWORD
from tests.html import words_of

pytestmark = pytest.mark.django_db
PROFILE = "/settings/profile/"


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def me(access: str) -> int:
    bearer = {"Authorization": f"Bearer {access}"}
    return Client().get("/api/me", headers=bearer).status_code


def ago(**ages: timedelta) -> None:
    """As if the sessions had been opened or seen so long ago."""
    at = timezone.now()
    Session.objects.update(**{name: at - age for name, age in ages.items()})


def sids(page: Any) -> list[str]:
    return re.findall(r"/settings/sessions/(\w{32})/end/", page.content.decode())


def is_in(client: Client) -> bool:
    return client.get(PROFILE).status_code == 200


def test_a_browser_left_alone_for_twelve_hours_is_logged_out(ada, client_of):
    client = client_of(ada)
    ago(seen_at=timedelta(hours=11, minutes=59))
    assert is_in(client)  # and that counts as being there
    ago(seen_at=timedelta(hours=12))
    assert not is_in(client)


def test_being_there_keeps_it_but_not_beyond_fourteen_days(ada, client_of):
    client = client_of(ada)
    ago(seen_at=timedelta(hours=11))
    assert is_in(client)
    seen = Session.objects.get().seen_at
    assert timezone.now() - seen < timedelta(minutes=1)
    ago(opened_at=timedelta(days=13, hours=23), seen_at=timedelta(0))
    assert is_in(client)
    ago(opened_at=timedelta(days=14), seen_at=timedelta(0))
    assert not is_in(client)


def test_polls_of_an_open_page_are_no_sign_of_a_person(ada, client_of):
    client = client_of(ada)
    ago(seen_at=timedelta(hours=11))
    before = Session.objects.get().seen_at
    polled = client.get("/", headers={"X-Poll": "true"})
    assert polled.status_code == 200
    assert Session.objects.get().seen_at == before
    client.get("/")
    assert Session.objects.get().seen_at > before


def test_presence_is_not_written_on_each_request(ada, client_of):
    client = client_of(ada)
    ago(seen_at=timedelta(minutes=4))
    before = Session.objects.get().seen_at
    client.get("/")
    assert Session.objects.get().seen_at == before


def test_an_expired_browser_opens_no_api_either(ada, client_of):
    client = client_of(ada)
    assert client.get("/api/me").status_code == 200
    ago(seen_at=timedelta(hours=12))
    assert client.get("/api/me").status_code == 401


def test_a_clients_session_ends_fourteen_days_after_its_last_refresh(ada):
    pair = tokens.issue(ada)
    ago(seen_at=timedelta(days=13))
    assert me(pair.access) == 200
    pair = tokens.refresh(pair.refresh)
    assert timezone.now() - Session.objects.get().seen_at < timedelta(minutes=1)
    ago(seen_at=timedelta(days=14))
    assert me(pair.access) == 401


def test_refreshing_carries_no_further_than_ninety_days(ada):
    first = tokens.issue(ada)
    ago(opened_at=timedelta(days=89), seen_at=timedelta(days=1))
    pair = tokens.refresh(first.refresh)
    left = jwt.decode(pair.refresh, options={"verify_signature": False})
    end = datetime.fromtimestamp(left["exp"], UTC)
    assert end - timezone.now() < timedelta(days=1, minutes=1)
    ago(opened_at=timedelta(days=90))
    assert me(pair.access) == 401


def test_the_lives_with_a_clock_of_our_own():
    opened = datetime(2026, 3, 1, tzinfo=UTC)
    for life, idle, most in ((BROWSER, 12, 14 * 24), (CLIENT, 14 * 24, 90 * 24)):
        seen = opened
        while seen + life.idle < opened + life.most:
            ends = life.ends(opened_at=opened, seen_at=seen)
            assert ends == seen + timedelta(hours=idle)
            seen = ends - timedelta(seconds=1)
        last = life.ends(opened_at=opened, seen_at=seen)
        assert last == opened + timedelta(hours=most)


def test_the_products_own_session_lasts(ada):
    text = probe.token()
    ago(opened_at=timedelta(days=400), seen_at=timedelta(days=400))
    assert me(text) == 200


def test_the_page_says_how_long_a_session_lasts(ada, client_of):
    page = words_of(client_of(ada).get(PROFILE))
    assert "logged out after 12 hours without a sign of you" in page
    assert "after 14 days in any case" in page


def test_the_page_lists_ones_own_and_ends_one(ada, person, client_of):
    here, there = client_of(ada), client_of(ada)
    pair = tokens.issue(ada)
    client_of(person("grace", "Developer"))
    page = here.get(PROFILE)
    assert len(sids(page)) == 3
    assert words_of(page).count("This one") == 1
    assert "API client" in words_of(page)
    other = sessions.SessionStore(there.session.session_key).get("sid")
    assert here.post(f"/settings/sessions/{other}/end/").status_code == 302
    assert (is_in(here), is_in(there), me(pair.access)) == (True, False, 200)
    event = AuditEvent.objects.order_by("-seq")[0]
    assert event.kind == "accounts.session.ended"
    assert json.loads(bytes(event.body))["data"]["reason"] == "ended"


def test_ending_this_one_logs_out(ada, client_of):
    client = client_of(ada)
    [sid] = sids(client.get(PROFILE))
    assert client.post(f"/settings/sessions/{sid}/end/")["Location"].startswith(
        "/accounts/login/"
    )
    assert not is_in(client)


def test_mallory_ends_no_session_of_adas(ada, person, client_of):
    client = client_of(ada)
    [sid] = sids(client.get(PROFILE))
    mallory = client_of(person("mallory", "Administrator"))
    assert mallory.post(f"/settings/sessions/{sid}/end/").status_code == 404
    assert is_in(client)


def test_log_out_everywhere_ends_browsers_and_clients(ada, person, client_of):
    here, there = client_of(ada), client_of(ada)
    grace = client_of(person("grace", "Developer"))
    pair = tokens.issue(ada)
    assert here.post("/settings/sessions/end/").status_code == 302
    assert (is_in(here), is_in(there), me(pair.access)) == (False, False, 401)
    assert is_in(grace)
    event = AuditEvent.objects.filter(kind="accounts.sessions.ended").get()
    assert json.loads(bytes(event.body))["data"]["sessions_ended"] == "3"
    form = {"username": "ada", "password": PASSWORD}
    assert here.post("/accounts/login/", form).status_code == 302
    assert is_in(here)


def test_sessions_of_an_older_password_are_not_listed(ada, client_of):
    client_of(ada)
    ada.set_password(f"{PASSWORD} anew")
    ada.save()
    page = client_of(ada).get(PROFILE)
    assert len(sids(page)) == 1


def test_a_key_rotated_keeps_refresh_tokens_until_the_old_one_is_dropped(ada, settings):
    old = tokens.issue(ada)
    settings.JWT_SECRET_PREVIOUS = settings.JWT_SECRET
    settings.JWT_SECRET = (
        "the next secret of more than sixty-four bytes 0123456789 abcdef !"
    )
    kept = tokens.refresh(old.refresh)
    assert (me(old.access), me(kept.access)) == (200, 200)
    head = jwt.get_unverified_header(kept.refresh)
    assert head["kid"] == kid_of(settings.JWT_SECRET)
    settings.JWT_SECRET_PREVIOUS = ""
    assert me(old.access) == 401
    assert me(tokens.refresh(kept.refresh).access) == 200
