"""Ada's session ends while she types: her words come through the log-in with her."""

from __future__ import annotations

import html
import json
import re
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.domain.kept import LARGEST, keep, read
from accounts.services.kept_texts import seal, unseal
from accounts.services.login_limits import digest_of
from tests.conftest import PASSWORD
from tests.html import words_of

pytestmark = pytest.mark.django_db
FORM = "/settings/people/"
TYPED = {
    "username": "grace",
    "name": "Grace “<b>Hopper”",
    "roles": ["Trader", "Viewer"],
}
FROM = {"Referer": "http://testserver/settings/people/?q=gr"}


@pytest.fixture
def ada(person):
    return person("ada", "Administrator")


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of a page, but the csrf token."""
    rows = re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()
    )
    return {n: html.unescape(v) for n, v in rows if n != "csrfmiddlewaretoken"}


def come_in(client: Client, carried: dict[str, str], password: str = PASSWORD) -> Any:
    form = {"username": "ada", "password": password, **carried}
    return client.post("/accounts/login/", form)


def ended(client_of: Any, user: Any) -> Client:
    client: Client = client_of(user)
    user.sessions.update(revoked_at="2026-01-01T00:00:00Z")
    return client


def test_the_text_comes_through_the_log_in(ada, client_of):
    client = ended(client_of, ada)
    asked = client.post(FORM, TYPED, headers=FROM)
    assert asked.status_code == 403
    assert "Your session has ended" in words_of(asked)
    carried = hidden(asked)
    assert carried["next"] == "/settings/people/?q=gr"

    shown = come_in(client, carried)
    assert shown.status_code == 200
    page = shown.content.decode()
    fields = dict(re.findall(r'<textarea[^>]*name="(\w+)">([^<]*)<', page))
    assert html.unescape(fields["name"]) == TYPED["name"]
    assert page.count('name="roles"') == 2
    assert 'href="/settings/people/?q=gr"' in page
    sent = client.post(FORM, TYPED)
    assert "The link for grace" in words_of(sent)


def test_a_wrong_password_on_the_way_loses_nothing(ada, client_of):
    client = ended(client_of, ada)
    carried = hidden(client.post(FORM, TYPED, headers=FROM))
    again = come_in(client, carried, "wrong")
    assert again.status_code == 422
    assert hidden(again) == carried
    assert "grace" in come_in(client, hidden(again)).content.decode()


def test_nothing_was_changed_meanwhile(ada, client_of):
    from accounts.models import Invitation

    client = ended(client_of, ada)
    come_in(client, hidden(client.post(FORM, TYPED)))
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        (
            "/accounts/password/change/",
            {"old": "s3cret", "new": "s3cret", "again": "s3cret"},
        ),
        ("/settings/signing-key/create/", {"passphrase": "s3cret", "again": "s3cret"}),
        ("/settings/signing-key/revoke/", {"password": "s3cret", "reason": "lost"}),
        ("/settings/people/", {"api_token": "s3cret", "secret": "s3cret"}),
    ],
)
def test_no_secret_is_carried(ada, client_of, path, typed):
    asked = ended(client_of, ada).post(path, typed)
    assert asked.status_code == 403
    assert "s3cret" not in asked.content.decode()
    kept = unseal(hidden(asked)["kept"], ada)
    assert kept is not None
    assert kept.left_out
    assert "s3cret" not in kept.text


def test_a_file_is_said_to_be_chosen_again(person, client_of):
    ada = person("ada", "Trader")
    client = ended(client_of, ada)
    file = SimpleUploadedFile("fills.csv", b"symbol", content_type="text/csv")
    asked = client.post("/trades/import/", {"book": "main", "file": file})
    shown = come_in(client, hidden(asked))
    assert "files are never kept" in words_of(shown)
    assert "Send it now" not in words_of(shown)
    assert "main" in shown.content.decode()


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/settings/people/",
        "http://testserver/accounts/login/",
        "http://[",
    ],
)
def test_without_a_page_of_ours_the_way_back_is_the_form_itself(
    ada, client_of, referer
):
    asked = ended(client_of, ada).post(FORM, TYPED, headers={"Referer": referer})
    assert hidden(asked)["next"] == FORM


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '["/a"]',
        '["/a", [["x"]], false]',
        '["/a", [[1, 2]], false]',
        "[" * 5000,
        "é",
    ],
)
def test_what_we_did_not_write_is_not_shown(ada, text):
    came = come_in(Client(), {"kept": text, "next": "/audit/"})
    assert (came.status_code, came["Location"]) == (302, "/audit/")
    again = come_in(Client(), {"kept": text}, "wrong")
    assert "kept" not in hidden(again)


def test_it_is_sent_to_no_other_site(ada):
    for action in ("https://evil.example/", "//evil.example/"):
        sealed = seal(keep(action, [("a", "b")]), digest_of("ada"))
        assert come_in(Client(), {"kept": sealed}).status_code == 302


def test_another_person_at_that_browser_never_sees_it(ada, person, client_of):
    """Neither in the page before the log-in, whose source anybody may read, nor after."""
    person("ben", "Administrator")
    client = ended(client_of, ada)
    asked = client.post(FORM, TYPED, headers=FROM)
    assert "Hopper" not in asked.content.decode()
    carried = hidden(asked)
    wrong = come_in(client, carried, "wrong")
    assert "Hopper" not in wrong.content.decode()
    as_ben = {"username": "ben", "password": PASSWORD, **carried}
    came = client.post("/accounts/login/", as_ben)
    assert (came.status_code, came["Location"]) == (302, carried["next"])
    client.post("/accounts/logout/")
    assert "Hopper" in come_in(client, carried).content.decode()


def test_without_the_cookie_of_the_session_the_browser_knows_her(ada):
    here = Client()
    here.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    del here.cookies["sessionid"]
    asked = here.post(FORM, TYPED, headers=FROM)
    assert "what you typed comes back" in words_of(asked)
    assert "Hopper" in come_in(here, hidden(asked)).content.decode()


def test_what_is_nobodys_is_not_kept(ada):
    asked = Client().post(FORM, TYPED, headers=FROM)
    assert asked.status_code == 403
    assert "type it again" in words_of(asked)
    assert "kept" not in hidden(asked)


def test_it_is_carried_for_a_day(ada, monkeypatch):
    sealed = seal(keep("/a/", [("a", "b")]), digest_of("ada"))
    assert unseal(sealed, ada) is not None
    later = time.time() + 86_402
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: later)
    assert unseal(sealed, ada) is None


def test_a_long_text_fits_through_the_log_in_of_a_known_browser(ada):
    """Of strangers so much is not taken."""
    here = Client()
    here.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    del here.cookies["sessionid"]
    typed = {"username": "grace", "name": "long " * 30_000}
    asked = here.post(FORM, typed)
    shown = come_in(here, hidden(asked))
    assert shown.status_code == 200
    assert typed["name"] in shown.content.decode()


def test_too_much_is_said_to_be_left_out():
    kept = keep("/a/", [("text", "x" * LARGEST)])
    assert (kept.fields, kept.left_out) == ((), True)
    kept = keep("/a/", [("text", "x" * (LARGEST - 4))])
    assert not kept.left_out
    assert read(kept.text) == kept


def test_htmx_is_sent_to_the_log_in_as_before(ada, client_of):
    partial = {
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "HX-Target": "li#SEC-01",
        "HX-Current-URL": "http://testserver/readiness/",
    }
    answer = ended(client_of, ada).post(FORM, TYPED, headers=partial)
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Freadiness%2F"


def token_in(page: Any) -> str:
    found = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode()
    )
    assert found
    return found[1]


def log_in(browser: Client, name: str) -> None:
    form = {"username": name, "password": PASSWORD}
    form["csrfmiddlewaretoken"] = token_in(browser.get("/accounts/login/"))
    assert browser.post("/accounts/login/", form).status_code == 302


def logged_in_again(ada: Any, name: str = "ada") -> tuple[Client, str]:
    """A browser, and the token of a page that was open before its last log-in."""
    browser = Client(enforce_csrf_checks=True)
    log_in(browser, "ada")
    token = token_in(browser.get(FORM))
    ada.sessions.update(revoked_at="2026-01-01T00:00:00Z")
    log_in(browser, name)
    return browser, token


def test_a_page_that_was_open_before_a_log_in_elsewhere_gives_the_text_back(ada):
    from accounts.models import Invitation

    browser, token = logged_in_again(ada)
    asked = browser.post(FORM, {**TYPED, "csrfmiddlewaretoken": token}, headers=FROM)
    assert asked.status_code == 403
    assert not Invitation.objects.exists()
    page = asked.content.decode()
    assert "What you typed is still here" in page
    assert 'href="/settings/people/?q=gr"' in page
    sent = browser.post(FORM, {**TYPED, "csrfmiddlewaretoken": token_in(asked)})
    assert "The link for grace" in words_of(sent)


def test_htmx_leaves_the_page_of_before_as_it_is(ada):
    browser, token = logged_in_again(ada)
    partial = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "main"}
    form = {**TYPED, "csrfmiddlewaretoken": token}
    asked = browser.post(FORM, form, headers=partial)
    assert asked.status_code == 403
    assert "load the page again" in asked.content.decode()
    assert "What you typed is still here" not in asked.content.decode()


@pytest.mark.parametrize("token", ["", "x", "é" * 64, "a" * 64, "-" * 64, "a" * 32])
def test_a_token_that_never_was_one_gives_nothing_back(ada, token):
    browser, _ = logged_in_again(ada)
    asked = browser.post(FORM, {**TYPED, "csrfmiddlewaretoken": token})
    assert asked.status_code == 403
    assert "grace" not in asked.content.decode()
    assert "This page is too old" in words_of(asked)


def test_another_who_logged_in_meanwhile_reads_nothing_of_it(ada, person):
    person("ben", "Administrator")
    browser, token = logged_in_again(ada, "ben")
    asked = browser.post(FORM, {**TYPED, "csrfmiddlewaretoken": token})
    assert asked.status_code == 403
    assert "grace" not in asked.content.decode()


def test_without_the_csrf_token_nothing_is_carried(ada):
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post(FORM, TYPED)
    assert answer.status_code == 403
    assert "grace" not in answer.content.decode()


def test_an_api_client_is_told_as_before(ada, client_of):
    answer = ended(client_of, ada).post(
        "/api/tokens", json.dumps({}), content_type="application/json"
    )
    assert answer.status_code == 401
