"""Every URL declares who may open it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.domain.roles import PERMISSIONS
from kernel.access import Access

# Django's own admin site guards its views itself: staff only, and each model by its
# admin class (accounts.admin shows them read-only to who manages people).
GUARDED_BY_ITSELF = {"admin"}


def urls(
    resolver: URLResolver, path: str = "", spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """(path, view, namespaces) of every URL of the product."""
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield here, entry.callback, spaces
        else:
            inner = (*spaces, str(entry.namespace)) if entry.namespace else spaces
            yield from urls(entry, here, inner)


def declared(view: Any) -> Access | None:
    for holder in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        rule = getattr(holder, "access", None)
        if isinstance(rule, Access):
            return rule
    return None


ALL = [
    (path, view)
    for path, view, spaces in urls(get_resolver())
    if not GUARDED_BY_ITSELF & set(spaces)
]


def test_the_walk_finds_pages_and_api() -> None:
    paths = {path for path, _ in ALL}
    assert {"", "accounts/login/", "api/me", "api/token"} <= paths


@pytest.mark.parametrize(("path", "view"), ALL, ids=[path or "/" for path, _ in ALL])
def test_a_url_declares_its_access(path: str, view: Any) -> None:
    rule = declared(view)
    assert rule is not None, f"/{path} declares no access"
    assert set(rule.permissions) | set(rule.writes or ()) <= set(PERMISSIONS)


def handlers(view: Any) -> Iterator[tuple[str, Any]]:
    """(method, function) of an API class or a page function, without decorators."""
    for holder in (getattr(view, "cls", None), getattr(view, "view_class", None)):
        if holder is not None:
            for method in ("get", "post", "put", "patch", "delete"):
                if hasattr(holder, method):
                    yield method.upper(), inspect.unwrap(getattr(holder, method))
            return
    for method in ("GET", "POST"):
        yield method, inspect.unwrap(view)


def knows_its_person(function: Any) -> bool:
    """Does the handler rely on a user who is logged in?"""
    hints = [str(hint) for hint in function.__annotations__.values()]
    return bool({"PersonRequest", "ApiRequest"} & set(hints))


@pytest.mark.parametrize(("path", "view"), ALL, ids=[path or "/" for path, _ in ALL])
def test_a_handler_that_knows_its_person_lets_no_stranger_in(
    path: str, view: Any, settings: Any
) -> None:
    settings.PUBLIC_READ = True
    rule = declared(view)
    assert rule is not None
    for method, function in handlers(view):
        if knows_its_person(function):
            assert not rule.allows(AnonymousUser(), method), f"{method} /{path}"


def test_handlers_that_know_their_person_are_found() -> None:
    knowing = [
        path
        for path, view in ALL
        if any(knows_its_person(function) for _, function in handlers(view))
    ]
    assert {"", "api/me", "settings/profile/"} <= set(knowing)


def test_a_view_without_a_declaration_would_be_found() -> None:
    def forgotten(request: Any) -> None: ...

    assert declared(forgotten) is None
