"""One declaration decides who opens a view: rule × setting × person × method."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.views import APIView

from kernel.access import LOGGED_IN, PUBLIC, Access, access
from kernel.api import AccessPermission
from kernel.errors import Forbidden


class Person:
    is_authenticated = True

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, name: str) -> bool:
        return name in self.permissions


NOBODY = AnonymousUser()
MALLORY = Person()
VITO = Person("trading.view")
TAMSIN = Person("trading.own")
BOOKS = Access("trading.own", "trading.view", public_read=True)
CLAIMS = Access("trading.view", writes=("trading.own",))
CASES: list[tuple[str, Access, Any, str, bool, bool]] = [
    # what, rule, person, method, PUBLIC_READ, opens
    ("a public page to nobody", PUBLIC, NOBODY, "GET", False, True),
    ("a public form to nobody", PUBLIC, NOBODY, "POST", False, True),
    ("a page of one's own to nobody", LOGGED_IN, NOBODY, "GET", True, False),
    ("a page of one's own to anybody", LOGGED_IN, MALLORY, "POST", False, True),
    ("books to nobody", BOOKS, NOBODY, "GET", False, False),
    ("books to nobody, opened", BOOKS, NOBODY, "GET", True, True),
    ("books to nobody, opened, HEAD", BOOKS, NOBODY, "HEAD", True, True),
    ("a booking to nobody, opened", BOOKS, NOBODY, "POST", True, False),
    ("books without a role", BOOKS, MALLORY, "GET", False, False),
    ("books without a role, opened", BOOKS, MALLORY, "GET", True, True),
    ("a booking without a role, opened", BOOKS, MALLORY, "POST", True, False),
    ("books by one permission", BOOKS, VITO, "GET", False, True),
    ("books by the other permission", BOOKS, TAMSIN, "GET", False, True),
    ("a read where writes differ", CLAIMS, VITO, "GET", False, True),
    ("a write by the reader", CLAIMS, VITO, "POST", False, False),
    ("a write by the writer", CLAIMS, TAMSIN, "DELETE", False, True),
    ("a read by the writer", CLAIMS, TAMSIN, "GET", False, False),
    ("opened, but not declared so", CLAIMS, NOBODY, "GET", True, False),
]


@pytest.mark.parametrize(
    ("rule", "user", "method", "opened", "opens"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_rule_opens(
    rule: Access, user: Any, method: str, opened: bool, opens: bool, settings: Any
) -> None:
    settings.PUBLIC_READ = opened
    assert rule.allows(user, method) is opens


@access("trading.view", objects="own books")
def books(request: HttpRequest) -> HttpResponse:
    return HttpResponse("books")


def asked(user: Any, path: str = "/books/?q=1") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    return request


def test_a_page_sends_strangers_to_the_login_with_the_way_back() -> None:
    answer = books(asked(NOBODY))
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/books/%3Fq%3D1"


def test_a_page_refuses_who_is_in_and_may_not_and_says_who_may(person: Any) -> None:
    mallory = person("mallory", "Operator", "Developer")
    with pytest.raises(Forbidden) as refused:
        books(asked(mallory))
    assert refused.value.detail == (
        "Your role may not open this: it is for Administrator or Viewer; "
        "you are Developer and Operator."
    )


def test_whose_role_may_is_told_that_the_token_may_not(person: Any) -> None:
    rule = Access("operations.view", writes=("operations.manage",))
    refused = rule.refusal(person("olga", "Operator"), "POST")
    assert refused.detail.startswith("This token may not do this, though your role may")


def test_who_has_no_role_is_told_so(person: Any) -> None:
    rule = Access("operations.view", writes=("operations.manage",))
    refused = rule.refusal(person("mallory"), "POST")
    assert refused.detail == (
        "Your role may not do this: it is for Operator; you are of no role."
    )


def test_a_page_opens_to_who_may() -> None:
    answer = books(asked(VITO))
    assert isinstance(answer, HttpResponse)
    assert answer.content == b"books"


def test_the_declaration_can_be_read_from_the_view() -> None:
    assert books.access == Access(  # type: ignore[attr-defined]
        "trading.view", objects="own books"
    )


@pytest.mark.parametrize(
    ("rule", "opens"), [(PUBLIC, True), (LOGGED_IN, False), (None, False)]
)
def test_the_api_follows_the_same_attribute(rule: Access | None, opens: bool) -> None:
    view = APIView()
    if rule is not None:
        view.access = rule  # type: ignore[attr-defined]
    request = Request(RequestFactory().get("/api/x"))
    request.user = NOBODY
    assert AccessPermission().has_permission(request, view) is opens
