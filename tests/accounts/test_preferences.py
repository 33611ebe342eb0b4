"""Theme, zone, colours and shortcuts: for people, and for nobody by cookie."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from accounts.services.preferences import zones
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
SET = "/settings/preferences/"


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def test_a_person_keeps_them(ada, client_of):
    client = client_of(ada)
    answer = client.post(SET, {"theme": "dark", "next": "/settings/profile/"})
    assert answer["Location"] == "/settings/profile/"
    client.post(SET, {"zone": "Europe/Berlin"})
    ada.refresh_from_db()
    assert (ada.preferences, ada.zone) == ({"theme": "dark"}, "Europe/Berlin")
    assert 'data-theme="dark"' in client.get("/settings/profile/").content.decode()


def test_nobody_keeps_them_in_a_cookie():
    client = Client()
    client.post(SET, {"theme": "dark"})
    client.post(SET, {"zone": "Asia/Tokyo"})
    assert json.loads(client.cookies["rrr_prefs"].value) == {
        "theme": "dark",
        "zone": "Asia/Tokyo",
    }
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()


def test_logging_in_takes_the_cookie_over(ada):
    client = Client()
    client.post(SET, {"theme": "dark", "zone": "Asia/Tokyo"})
    client.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    ada.refresh_from_db()
    assert (ada.preferences["theme"], ada.zone) == ("dark", "Asia/Tokyo")
    assert client.cookies["rrr_prefs"].value == ""


@pytest.mark.parametrize(
    "given",
    [{"theme": "pink"}, {"zone": "Mars/Base"}, {"zone": "../etc"}, {"is_staff": "1"}],
)
def test_what_is_not_known_is_left_out(ada, client_of, given):
    client_of(ada).post(SET, given)
    ada.refresh_from_db()
    assert (ada.preferences, ada.zone, ada.is_staff) == ({}, "UTC", False)


@pytest.mark.parametrize("value", ["no json", "[1]", '{"theme": 7}', "[" * 5000])
def test_a_broken_cookie_breaks_nothing(value):
    client = Client()
    client.cookies["rrr_prefs"] = value
    assert client.get("/accounts/login/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example"])
def test_it_only_leads_back_into_the_site(elsewhere):
    assert Client().post(SET, {"next": elsewhere})["Location"] == "/"


def test_a_page_speaks_in_the_persons_zone(ada, client_of):
    client = client_of(ada)
    client.post(SET, {"zone": "Asia/Tokyo"})
    assert "JST" in client.get("/settings/profile/").content.decode()
    assert timezone.get_current_timezone_name() == "UTC"


def test_every_zone_offered_can_be_used():
    from zoneinfo import ZoneInfo

    assert len(zones()) > 300
    assert all(ZoneInfo(name) for name in zones())
