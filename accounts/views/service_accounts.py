"""Accounts of programs: made, given tokens and ended by an Administrator."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts.forms import ServiceAccountForm, TokenForm
from accounts.queries import roles_of, service_account
from accounts.services import service_accounts
from accounts.views import tokens
from kernel.access import access
from kernel.errors import ProductError
from kernel.middleware.compression import uncompressed
from kernel.requests import PersonRequest


@access("people.manage")
def create(request: PersonRequest) -> HttpResponse:
    """A form for a new one; POST makes it and goes to its page."""
    form = ServiceAccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        new = service_accounts.NewServiceAccount(**form.cleaned_data)
        try:
            made = service_accounts.add_service_account(new, by=request.user)
        except ProductError as error:
            form.tell(error)
        else:
            messages.success(request, f"{made.username} is made: give it a token.")
            return redirect("accounts:service-account", made.pk)
    status = 422 if form.errors else 200
    return render(
        request, "accounts/new_service_account.html", {"form": form}, status=status
    )


@never_cache
@access("people.manage")
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One of them; POST makes a token for it and shows it, once."""
    account = service_account(pk)
    form, text = TokenForm(service=True), ""
    if request.method == "POST":
        form = TokenForm(request.POST, service=True)
        text = tokens.make(request, account, form)
    context = {
        "account": account,
        "roles": roles_of(account),
        **tokens.shown(account),
        "form": TokenForm(service=True) if text else form,
        "text": text,
    }
    status = 422 if form.errors else 200
    page = render(request, "accounts/service_account.html", context, status=status)
    return uncompressed(page)
