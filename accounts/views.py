"""Pages about oneself: logging in and out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.domain.roles import DEMO_PEOPLE
from accounts.forms import LoginForm
from accounts.services import limits, people
from kernel.access import access

WRONG = "User name and password do not fit."


def local(path: str, otherwise: str) -> str:
    """The path when it stays on this site, else `otherwise`: no open redirect."""
    stays = path.startswith("/") and url_has_allowed_host_and_scheme(
        path, allowed_hosts=None
    )
    return path if stays else otherwise


@sensitive_post_parameters("password")
@never_cache
@access(public=True)
def login(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST logs in and goes to `next`, else back with the error."""
    target = local(
        request.POST.get("next") or request.GET.get("next", ""),
        settings.LOGIN_REDIRECT_URL,
    )
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(target)
    problem = ""
    if request.method == "POST":
        problem = _try(request)
        if not problem:
            return HttpResponseRedirect(target)
    context = {
        "problem": problem,
        "username": request.POST.get("username", "")[:150],
        "next": target,
        "demo_people": DEMO_PEOPLE if settings.RRR_ENV == "demo" else (),
    }
    status = 422 if problem else 200
    return render(request, "accounts/login.html", context, status=status)


def _try(request: HttpRequest) -> str:
    """Log in with what the form holds; what was wrong, "" when nothing was."""
    form = LoginForm(request.POST)
    limits.check_login(request, request.POST.get("username", ""))
    if not form.is_valid():
        return "Type your user name and your password."
    given = form.cleaned_data
    user = people.log_in(request, given["username"], given["password"])
    return "" if user else WRONG


@never_cache
@access(public=True)
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin site has no door of its own: the one login page does for all."""
    return redirect(f"{settings.LOGIN_URL}?{request.META.get('QUERY_STRING', '')}")


@require_POST
@access(public=True)
def logout(request: HttpRequest) -> HttpResponse:
    """End this session; a second click does nothing more."""
    people.log_out(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)
