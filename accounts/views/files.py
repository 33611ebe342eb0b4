"""The tables of people and of tokens as files, streamed: all rows that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.queries import (
    newest_invitations,
    people_called,
    service_account,
    service_accounts,
    tokens_page,
)
from kernel.access import access
from kernel.requests import PersonRequest
from kernel.sheets import csv_file, every_page

AT_ONCE = 500
PERSON = ("username", "name", "email", "roles", "active", "last_login")
INVITATION = (
    *("username", "name", "email", "roles", "invited_by", "created_at"),
    *("expires_at", "withdrawn_at", "lets_in"),
)
TOKEN = (
    *("id", "name", "scopes", "made_by", "created_at", "expires_at"),
    *("last_used_at", "revoked_at"),
)
Rows = Iterator[Sequence[Any]]


def _cells(user: User) -> Sequence[Any]:
    roles = ", ".join(sorted(group.name for group in user.groups.all()))
    who = (user.username, user.get_full_name(), user.email)
    return (*who, roles, user.is_active, user.last_login)


def _people(text: str) -> Rows:
    people = people_called(text).prefetch_related("groups")
    return map(_cells, people.iterator(AT_ONCE))


def _services(text: str) -> Rows:
    accounts = service_accounts().prefetch_related("groups")
    return map(_cells, accounts.iterator(AT_ONCE))


def _invitations(text: str) -> Rows:
    now = timezone.now()
    for invited, lets_in in newest_invitations(at=now):
        who = (invited.username, invited.name, invited.email)
        yield (
            *(*who, ", ".join(invited.roles), invited.invited_by.username),
            *(invited.created_at, invited.expires_at, invited.withdrawn_at, lets_in),
        )


TABLES: Mapping[str, tuple[Sequence[str], Callable[[str], Rows]]] = {
    "people": (PERSON, _people),
    "service-accounts": (PERSON, _services),
    "invitations": (INVITATION, _invitations),
}


@require_safe
@access("people.manage")
def people_table(request: HttpRequest, name: str) -> HttpResponseBase:
    """One of TABLES as CSV; `q` narrows people as it does on the page."""
    if name not in TABLES:
        raise Http404
    columns, rows = TABLES[name]
    return csv_file(name, columns, rows(request.GET.get("q", "").strip()[:150]))


@require_safe
@access("people.own_tokens", objects="own tokens")
def own_tokens(request: PersonRequest) -> HttpResponseBase:
    """One's own tokens, without their secrets."""
    return csv_file("tokens", TOKEN, _tokens(request.user))


@require_safe
@access("people.manage")
def service_tokens(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Those of a service account."""
    return csv_file("tokens", TOKEN, _tokens(service_account(pk)))


def _tokens(owner: User) -> Iterable[Sequence[Any]]:
    pages = every_page(lambda cursor: tokens_page(owner, limit=AT_ONCE, cursor=cursor))
    for token in (token for page in pages for token in page):
        yield (
            *(token.uid, token.name, ", ".join(token.scopes)),
            token.made_by.username,
            *(token.created_at, token.expires_at),
            *(token.last_used_at, token.revoked_at),
        )
