"""Pages about oneself: logging in and out, password, preferences, signing key."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.lives import BROWSER, CLIENT
from accounts.forms import (
    LoginForm,
    NewKeyForm,
    PasswordForm,
    PreferencesForm,
    RevokeKeyForm,
)
from accounts.models import User
from accounts.queries import (
    cookie_preferences,
    keys_of,
    preferences,
    sessions_of,
    signing_key_of,
)
from accounts.services import keys, login_limits, people
from accounts.services.limits import gate
from accounts.services.preferences import remember, understood
from accounts.services.sessions import sid_of
from accounts.views import interrupted
from kernel.access import access
from kernel.errors import Conflict, Forbidden
from kernel.requests import PersonRequest
from kernel.web import local_path

MOST_SESSIONS = 100
WRONG = "User name and password do not fit."


@sensitive_post_parameters("password")
@never_cache
@gate("login")
@access(public=True)
def login(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST logs in and goes to `next`, else back with the error."""
    if hasattr(request, "interrupted"):
        return _interrupted_page(request)
    target = local_path(
        request.POST.get("next") or request.GET.get("next", ""),
        settings.LOGIN_REDIRECT_URL,
    )
    sealed = interrupted.carried(request)
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(target)
    problem = ""
    if request.method == "POST":
        user, problem = _try(request)
        if user:
            kept = interrupted.given_back(sealed, user)
            onward = (
                interrupted.give_back(request, kept, target)
                if kept
                else HttpResponseRedirect(target)
            )
            return _keep_choices(request, user, onward)
    return _login_page(request, target=target, kept=sealed, problem=problem)


def _interrupted_page(request: HttpRequest) -> HttpResponse:
    sealed = interrupted.sealed_text(request)
    comes_back = "Log in, and what you typed comes back."
    is_lost = "Log in, and type it again: we do not know whose it was."
    return _login_page(
        request,
        target=local_path(interrupted.page_before(request), "/"),
        kept=sealed,
        problem=f"Your session has ended. {comes_back if sealed else is_lost}",
    )


def _login_page(
    request: HttpRequest, *, target: str, kept: str, problem: str
) -> HttpResponse:
    ended = hasattr(request, "interrupted")
    context = {
        "problem": problem,
        "ended": ended,
        "username": "" if ended else request.POST.get("username", "")[:150],
        "next": target,
        "kept": kept,
        "demo_people": settings.DEMO_LOGINS,
        "mail": settings.MAIL_ARRIVES,
    }
    status = 403 if ended else 422 if problem else 200
    return render(request, "accounts/login.html", context, status=status)


def _try(request: HttpRequest) -> tuple[User | None, str]:
    """Log in with what the form holds: who came in, or what was wrong."""
    form = LoginForm(request.POST)
    attempt = login_limits.check_login(request, request.POST.get("username", ""))
    if not form.is_valid():
        attempt.was_right()
        return None, "Type your user name and your password."
    given = form.cleaned_data
    user = people.log_in(request, given["username"], given["password"])
    if user is None:
        return None, WRONG
    attempt.was_right()
    return user, ""


def _keep_choices(
    request: HttpRequest, user: User, response: HttpResponse
) -> HttpResponse:
    """What this browser chose before the login becomes the person's own, and it is
    known from now on."""
    login_limits.remember_browser(response, user.username)
    if settings.PREFERENCES_COOKIE_NAME in request.COOKIES:
        remember(user, understood(cookie_preferences(request)))
        response.delete_cookie(settings.PREFERENCES_COOKIE_NAME, samesite="Lax")
    return response


@never_cache
@access(public=True)
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin site has no door of its own: the one login page does for all.

    Who is in already and comes by here is no administrator: a 403, no circle.
    """
    if request.user.is_authenticated:
        raise Forbidden("Only administrators may open this.", code="role")
    return redirect(f"{settings.LOGIN_URL}?{request.META.get('QUERY_STRING', '')}")


@access()
def admin_password(request: HttpRequest) -> HttpResponse:
    """The admin site's own page would ask the old one as often as somebody likes, tell
    no log of the new one and end no session."""
    return redirect("accounts:password")


@require_POST
@access(public=True)
def logout(request: HttpRequest) -> HttpResponse:
    """End this session; a second click does nothing more."""
    people.log_out(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@sensitive_post_parameters("old", "new", "again")
@never_cache
@access()
def password(request: PersonRequest) -> HttpResponse:
    """Change the own password; every other session of the person ends."""
    user = request.user
    form = PasswordForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with login_limits.confirming(request, user, given["old"]):
                ended = people.change_password(request, user, given["new"])
        except Forbidden as error:
            form.add_error("old", error.detail)
        else:
            messages.success(
                request, f"Password changed. Other sessions ended: {ended}."
            )
            return redirect("accounts:profile")
    return render(
        request, "accounts/password.html", {"form": form}, status=_status(form.errors)
    )


def _status(errors: object) -> int:
    return 422 if errors else 200


@access()
@require_safe
def settings_of(request: PersonRequest) -> HttpResponse:
    """Where the settings begin: forms below have no page of their own."""
    return redirect("accounts:profile")


@access()
def profile(request: PersonRequest) -> HttpResponse:
    """Who I am, where I am logged in, and how pages look to me."""
    context = {
        "form": PreferencesForm(initial=preferences(request)),
        "sessions": sessions_of(request.user, at=timezone.now(), most=MOST_SESSIONS),
        "here": sid_of(request),
        "browser": BROWSER,
        "client": CLIENT,
    }
    return render(request, "accounts/profile.html", context)


@require_POST
@access(public=True)
def set_preferences(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen: with the person, or in a cookie for nobody."""
    chosen = understood(request.POST)
    response = redirect(local_path(request.POST.get("next", ""), "/"))
    if isinstance(request.user, User):
        remember(request.user, chosen)
        return response
    held = {**understood(cookie_preferences(request)), **chosen}
    response.set_cookie(
        settings.PREFERENCES_COOKIE_NAME,
        json.dumps(held),
        max_age=365 * 86_400,
        secure=settings.SECURE_ORIGIN,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
@never_cache
@access("people.own_key")
def signing_key(request: PersonRequest) -> HttpResponse:
    """The own key: its id and public part, a form to make or to revoke one."""
    return _key_page(request, NewKeyForm(), RevokeKeyForm())


def _key_page(
    request: PersonRequest, new: NewKeyForm, revoking: RevokeKeyForm
) -> HttpResponse:
    user = request.user
    context = {
        "key": signing_key_of(user),
        "keys": keys_of(user),
        "new": new,
        "revoking": revoking,
    }
    status = _status(new.errors or revoking.errors)
    return render(request, "accounts/signing_key.html", context, status=status)


@require_POST
@sensitive_post_parameters("passphrase", "again")
@access("people.own_key")
def create_key(request: PersonRequest) -> HttpResponse:
    form = NewKeyForm(request.POST)
    if form.is_valid():
        try:
            keys.create(request.user, form.cleaned_data["passphrase"])
        except Conflict as error:
            form.add_error(None, error.detail)
        else:
            messages.success(request, "Your signing key is made.")
            return redirect("accounts:signing-key")
    return _key_page(request, form, RevokeKeyForm())


@require_POST
@sensitive_post_parameters("password")
@access("people.own_key")
def revoke_key(request: PersonRequest) -> HttpResponse:
    user, form = request.user, RevokeKeyForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with login_limits.confirming(request, user, given["password"]):
                keys.revoke(user, given["reason"], by=user)
        except Forbidden as error:
            form.add_error("password", error.detail)
        else:
            messages.success(request, "Your signing key is revoked.")
            return redirect("accounts:signing-key")
    return _key_page(request, NewKeyForm(), form)
