"""Logging in and out by the page."""

from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import Session, WebSession
from audit.models import AuditEvent
from rrr_dashboard.demo.logins import LOGINS
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def submit(client=None, **fields):
    return (client or Client()).post(LOGIN, {"username": "ada", **fields})


def test_ada_logs_in(ada):
    client = Client()
    answer = submit(client, password=PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_the_way_back_is_kept(ada):
    answer = submit(password=PASSWORD, next="/trades/?side=buy")
    assert answer["Location"] == "/trades/?side=buy"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "evil.example",
        "\t//evil.example",
    ],
)
def test_never_redirects_off_the_site(ada, elsewhere):
    assert submit(password=PASSWORD, next=elsewhere)["Location"] == "/"
    assert (
        submit(Client(QUERY_STRING=f"next={quote(elsewhere)}"), password=PASSWORD)[
            "Location"
        ]
        == "/"
    )


def test_a_wrong_password_says_so_and_keeps_the_name(ada):
    answer = submit(password="wrong", next="/trades/")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "do not fit" in page
    assert 'value="ada"' in page
    assert 'value="/trades/"' in page
    assert "wrong" not in page


def test_the_page_never_shows_the_password(ada):
    assert "hunter2!" not in submit(password="hunter2!").content.decode()


def test_the_session_row_knows_its_person(ada):
    client = Client()
    submit(client, password=PASSWORD)
    row = WebSession.objects.get(session_key=client.session.session_key)
    assert row.user == ada
    assert row.session
    assert row.session.kind == Session.Kind.HTML


def test_a_planted_session_key_is_worth_nothing(ada):
    client = Client()
    session = client.session
    session["zone"] = "UTC"
    session.save()
    planted = str(session.session_key)
    client.cookies["sessionid"] = planted
    submit(client, password=PASSWORD)
    assert client.cookies["sessionid"].value != planted
    assert not WebSession.objects.filter(session_key=planted).exists()


def test_logging_out_ends_that_session_only(ada):
    here, there = Client(), Client()
    submit(here, password=PASSWORD)
    submit(there, password=PASSWORD)
    stolen = here.cookies["sessionid"].value
    assert here.post("/accounts/logout/")["Location"] == LOGIN
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get("/")["Location"].startswith(LOGIN)
    assert there.get("/").status_code == 200


def test_logging_out_needs_a_post(ada, client_of):
    client = client_of(ada)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.get("/").status_code == 200


def test_both_are_in_the_log(ada):
    client = Client()
    submit(client, password=PASSWORD)
    client.post("/accounts/logout/")
    rows = AuditEvent.objects.order_by("-seq")[:2]
    assert [(row.kind, row.actor) for row in rows] == [
        ("accounts.session.ended", ada.actor),
        ("accounts.session.opened", ada.actor),
    ]


def test_a_revoked_session_is_dead_at_once(ada, client_of):
    client = client_of(ada)
    assert client.get("/").status_code == 200
    Session.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(("logins", "shown"), [(LOGINS, True), ((), False)])
def test_demo_logins_are_listed_in_the_demo_only(settings, logins, shown):
    """An empty database (DEMO=0) has none, whatever RRR_ENV says."""
    settings.RRR_ENV = "demo"
    settings.DEMO_LOGINS = logins
    page = Client().get(LOGIN).content.decode()
    assert ("DEMO_PASSWORD" in page) is shown


def test_five_wrong_passwords_lock_the_door_for_a_while(ada):
    for _ in range(4):
        assert submit(password="wrong").status_code == 422
    locked = submit(password="wrong")
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 15 * 60
    assert submit(password=PASSWORD).status_code == 429


def test_the_lock_is_in_the_log_once(ada):
    for _ in range(8):
        submit(password="wrong")
    kinds = list(AuditEvent.objects.values_list("kind", "object"))
    assert kinds.count(("accounts.person.locked-out", f"person:{ada.pk}")) == 1


def test_a_name_that_nobody_has_is_not_logged(db):
    before = AuditEvent.objects.count()
    for _ in range(6):
        Client().post(LOGIN, {"username": "my-password-by-mistake", "password": "x"})
    assert AuditEvent.objects.count() == before


def test_another_address_is_not_locked_out_by_it(ada):
    for _ in range(5):
        submit(password="wrong")
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert submit(elsewhere, password=PASSWORD).status_code == 302


def test_more_than_ten_tries_a_minute_are_refused(ada):
    client, tries = Client(), 0
    refused = submit(client, password=PASSWORD)
    while refused.status_code == 302 and tries <= 20:
        tries += 1
        refused = submit(client, password=PASSWORD)
    # The minutes are fixed ones: a new one may begin between the first and the tenth.
    assert 10 <= tries <= 20
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 61


def test_somebody_already_in_is_sent_on(ada, client_of):
    answer = client_of(ada).get(f"{LOGIN}?next=/trades/")
    assert (answer.status_code, answer["Location"]) == (302, "/trades/")
