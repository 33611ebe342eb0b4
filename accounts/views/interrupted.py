"""A session ended while somebody typed: the way through the log-in with the text."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.domain.kept import Kept, keep
from accounts.models import User
from accounts.services import kept_texts
from kernel.web import local_path


def kept_of(request: HttpRequest) -> Kept:
    """What was typed into the form that this request brought, without secrets."""
    secrets = request.interrupted  # type: ignore[attr-defined]
    every = [(name, str(v)) for name, vs in request.POST.lists() for v in vs]
    if secrets == "__ALL__":
        secrets = [name for name, _ in every]
    return keep(request.path, every, secrets=secrets, files=any(request.FILES.values()))


def sealed_text(request: HttpRequest) -> str:
    """What was typed, for the log-in page to carry on: as `kept_of`, and nobody but its
    owner gets it back; "" when we do not know whose it is."""
    owner = kept_texts.owner_of(request)
    return kept_texts.seal(kept_of(request), owner) if owner else ""


def carried(request: HttpRequest) -> str:
    """What the log-in page brings, sealed; "" for what is not ours."""
    sealed = request.POST.get("kept", "")
    return sealed if kept_texts.is_sealed(sealed) else ""


def given_back(sealed: str, user: User) -> Kept | None:
    """What the log-in page carried on for this person; what is another's is dropped."""
    kept = kept_texts.unseal(sealed, user)
    return kept if kept and local_path(kept.action, "") else None


def of_a_page_before(request: HttpRequest) -> Kept | None:
    """What was typed on a page that was open when the same person logged in again
    elsewhere in this browser. Its token was good until then: it opens nothing any more,
    and says whose the words are."""
    if not request.user.is_authenticated or request.method != "POST":
        return None
    if not kept_texts.was_theirs(request, request.POST.get("csrfmiddlewaretoken", "")):
        return None
    every = [(name, str(v)) for name, vs in request.POST.lists() for v in vs]
    return keep(request.path, every, files=any(request.FILES.values()))


def page_before(request: HttpRequest) -> str:
    """The page on which the form stood, as the browser says; else the form's own
    address, which leads there."""
    own = {request.get_host(), urlsplit(settings.PUBLIC_ORIGIN).netloc}
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return request.path
    if parts.netloc not in own or parts.path in {"", settings.LOGIN_URL}:
        return request.path
    return urlunsplit(("", "", parts.path, parts.query, ""))


def give_back(request: HttpRequest, kept: Kept, target: str) -> HttpResponse:
    """The text again, with the ways on: to its page, or to where the form goes."""
    fields = [
        {"name": name, "label": _words(name), "value": value}
        for name, value in kept.fields
    ]
    context = {"kept": kept, "fields": fields, "next": target}
    return render(request, "accounts/kept.html", context)


def _words(name: str) -> str:
    """A field's name as words: "executed_at" is "Executed at"."""
    return name.replace("_", " ").replace(":", " ").replace("-", " ").capitalize()
