"""A forgotten password: asking for a link, and setting another by it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.forms import NewPasswordForm, ResetForm
from accounts.models import PasswordReset, User
from accounts.services import limits, people, resets
from kernel.access import access
from kernel.errors import NotFound
from kernel.web import own_origin

GONE = 410


@never_cache
@limits.gate("reset")
@access(public=True)
def ask(request: HttpRequest) -> HttpResponse:
    """A form for one's address; POST mails a link, and says the same for any address."""
    form = ResetForm(request.POST if request.method == "POST" else None)
    asked = form.is_valid()
    if asked:
        limits.check_reset(request, form.cleaned_data["email"])
        resets.ask(form.cleaned_data["email"], _link)
    context = {"form": form, "asked": asked}
    status = 422 if form.errors else 200
    return render(request, "accounts/reset.html", context, status=status)


def _link(token: str) -> str:
    """Never to where the request was sent: that is for whoever asked to choose, and the
    mail goes to another."""
    return f"{own_origin()}{reverse('accounts:reset-password', args=[token])}"


@sensitive_post_parameters("new", "again")
@never_cache
@access(public=True)
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """Choose another password. Whoever holds a link that has ended is told so."""
    try:
        return _set(request, *resets.find(token))
    except NotFound:
        return render(request, "accounts/reset_ended.html", status=GONE)


def _set(request: HttpRequest, row: PasswordReset, user: User) -> HttpResponse:
    form = NewPasswordForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        ended = resets.set_password(row, form.cleaned_data["new"])
        people.log_out(request)
        said = "Your password is set. Log in with it."
        if ended:
            said += f" Service tokens of yours that have ended: {ended}."
        messages.success(request, said)
        return redirect("accounts:login")
    context = {"form": form, "person": user}
    status = 422 if form.errors else 200
    return render(request, "accounts/reset_password.html", context, status=status)
