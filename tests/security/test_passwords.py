"""What a password may be, how its fields behave, and what stands in for none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.test import Client

from accounts.forms import LoginForm, ResetForm
from accounts.models import User
from accounts.services.first_administrator import check
from accounts.services.invitations import NewInvitation, invite
from accounts.services.resets import ask
from kernel.errors import Invalid
from tests.architecture.test_templates import PAGES, source
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
# Long enough for us, and on every list of what is tried first.
COMMON = ["password1234", "QWERTY123456", "administrator"]
ANY = [
    "only lower case letters",
    "839205716482",
    "ONLY CAPITAL LETTERS",
    "Grüße aus 東京 \N{SNOWMAN}",
    "   spaces around it   ",
    "'; DROP TABLE -- \\ <b>",
    "tab\tand\u00a0other blanks",
    "x" * 20 + "\N{GRINNING FACE}" * 300,
]
ROADS = ["changed", "reset", "invited"]
SECRETS = {"password", "passphrase", "old", "new", "again"}
INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'\b([a-z-]+)="([^"]*)"')


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Administrator", "Developer")


@pytest.fixture
def path_of(ada: User) -> Callable[[str], str]:
    """Where a new password is chosen, by each road."""
    made: list[str] = []

    def address(token: str) -> str:
        made.append(token)
        return token

    def path(road: str) -> str:
        if road == "changed":
            return "/accounts/password/change/"
        if road == "reset":
            ask(ada.email, address)
            return f"/accounts/password/reset/{made[-1]}/"
        new = NewInvitation(username="grace", roles=["Viewer"])
        invite(new, by=ada, link_of=address)
        return f"/accounts/invitation/{made[-1]}/"

    return path


@pytest.fixture
def choose(
    ada: User, client_of: Callable[[User], Client], path_of: Callable[[str], str]
) -> Callable[[str, str], Any]:
    def chosen(road: str, password: str) -> Any:
        client = client_of(ada) if road == "changed" else Client()
        form = {"old": PASSWORD} if road == "changed" else {}
        return client.post(path_of(road), {**form, "new": password, "again": password})

    return chosen


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("password", COMMON)
def test_a_common_password_is_refused(
    choose: Callable[[str, str], Any], ada: User, road: str, password: str
) -> None:
    answer = choose(road, password)
    assert answer.status_code == 422
    assert "too common" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


@pytest.mark.parametrize("password", COMMON)
def test_the_first_administrator_has_no_common_one_either(password: str) -> None:
    with pytest.raises(Invalid, match="too common"):
        check("ada", email="ada@example.test", password=password)


@pytest.mark.parametrize("password", ANY, ids=ascii)
def test_a_password_of_any_characters_is_taken_and_opens_the_door(
    choose: Callable[[str, str], Any], password: str
) -> None:
    assert choose("changed", password).status_code == 302
    form = {"username": "ada", "password": password}
    assert Client().post(settings.LOGIN_URL, form).status_code == 302


def test_nothing_of_a_long_password_is_cut(
    choose: Callable[[str, str], Any],
) -> None:
    """The last letter of the longest that a field takes counts."""
    longest = "long " * 204 + "ends"
    assert len(longest) == 1024
    assert choose("changed", longest).status_code == 302
    for password, status in ((longest[:-1] + "x", 422), (longest, 302)):
        form = {"username": "ada", "password": password}
        assert Client().post(settings.LOGIN_URL, form).status_code == status


def inputs(html: str) -> Iterator[dict[str, str]]:
    """Those in which a secret is typed."""
    for tag in INPUT.findall(html):
        found = dict(ATTRIBUTE.findall(tag))
        if found.get("name") in SECRETS:
            yield found


@pytest.fixture
def secret_fields(
    ada: User, client_of: Callable[[User], Client], path_of: Callable[[str], str]
) -> list[dict[str, str]]:
    """Of every page that asks for a password or a passphrase."""
    pages = [client_of(ada).get("/accounts/password/change/")]
    pages += [Client().get(path_of(road)) for road in ("reset", "invited")]
    pages += [
        client_of(ada).get("/settings/signing-key/"),
        Client().get("/accounts/login/"),
    ]
    texts = [page.content.decode() for page in pages]
    assert all(list(inputs(text)) for text in texts)
    texts += [source(name) for name in PAGES]  # where one signs, and /docs
    return [field for text in texts for field in inputs(text)]


def test_fields_hide_what_is_typed(secret_fields: list[dict[str, str]]) -> None:
    assert {field.get("type") for field in secret_fields} == {"password"}


def test_password_managers_are_told_what_each_field_is(
    secret_fields: list[dict[str, str]],
) -> None:
    """A passphrase of a signature is nobody's to fill in but its person's."""
    told = {(field["name"], field.get("autocomplete")) for field in secret_fields}
    assert told == {
        ("password", "current-password"),
        ("old", "current-password"),
        ("new", "new-password"),
        ("again", "new-password"),
        ("passphrase", "new-password"),
        ("passphrase", "off"),
    }


def test_nothing_stops_pasting() -> None:
    scripts = Path(settings.BASE_DIR, "static", "js").glob("*.js")
    texts = [*(path.read_text() for path in scripts), *map(source, PAGES)]
    assert [text for text in texts if re.search(r"onpaste|[\"']paste[\"']", text)] == []


def names(form: type[forms.Form]) -> set[str]:
    return set(form.base_fields)


def test_nobody_is_asked_for_a_hint_or_a_secret_question(
    path_of: Callable[[str], str],
) -> None:
    """Logging in takes name and password, a new password the mailed link."""
    assert names(LoginForm) == {"username", "password"}
    assert names(ResetForm) == {"email"}
    for road in ("reset", "invited"):
        page = Client().get(path_of(road)).content.decode()
        tags = [dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(page)]
        asked = {tag["name"] for tag in tags if "name" in tag}
        assert asked == {"csrfmiddlewaretoken", "new", "again"}
    columns = [field.name for field in User._meta.get_fields()]
    assert [name for name in columns if re.search("hint|question|answer", name)] == []
