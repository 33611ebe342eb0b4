"""People and their roles, inviting them, and coming in by an invitation."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.forms import InvitationForm, NewPasswordForm, RolesForm
from accounts.models import Invitation, User
from accounts.queries import (
    lets_in,
    newest_invitations,
    people_found,
    person_named,
    roles_of,
    service_accounts,
    somebody,
)
from accounts.services import disabling, invitations, people
from kernel.access import access
from kernel.errors import ProductError
from kernel.requests import PersonRequest
from kernel.web import own_origin

MOST_PEOPLE = 200
MOST_INVITATIONS = 50
GONE = 410


@never_cache
@access("people.manage")
def listing(request: PersonRequest) -> HttpResponse:
    """Who is here and who is invited; POST invites and shows the link, once."""
    form, link = InvitationForm(), ""
    if request.method == "POST":
        form = InvitationForm(request.POST)
        link = _invite(request, form)
    text = request.GET.get("q", "").strip()[:150]
    rows, more = people_found(text, most=MOST_PEOPLE)
    context = {
        "people": rows,
        "more": more,
        "q": text,
        "invited": newest_invitations(at=timezone.now(), most=MOST_INVITATIONS),
        "services": list(service_accounts().prefetch_related("groups")[:MOST_PEOPLE]),
        "form": InvitationForm() if link else form,
        "link": link,
        "invitee": form.cleaned_data["username"] if link else "",
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/people.html", context, status=status)


def _invite(request: PersonRequest, form: InvitationForm) -> str:
    """The link; "" when the form says what is wrong."""
    if not form.is_valid():
        return ""

    def link_of(token: str) -> str:
        path = reverse("accounts:invitation", args=[token])
        return f"{own_origin(request)}{path}"

    new = invitations.NewInvitation(**form.cleaned_data)
    try:
        return invitations.invite(new, request.user, link_of)[1]
    except ProductError as error:
        form.tell(error)
        return ""


@never_cache
@access("people.manage")
def person(request: PersonRequest, pk: int) -> HttpResponse:
    """One person; POST gives them the roles that are ticked."""
    shown = person_named(pk)
    form = RolesForm(initial={"roles": roles_of(shown)})
    if request.method == "POST":
        form = RolesForm(request.POST)
        if _give(request, shown, form):
            return redirect("accounts:person", pk)
    context = {"person": shown, "form": form, "roles": roles_of(shown)}
    status = 422 if form.errors else 200
    return render(request, "accounts/person.html", context, status=status)


def _give(request: PersonRequest, shown: User, form: RolesForm) -> bool:
    if not form.is_valid():
        return False
    try:
        changed = people.give_roles(shown, form.cleaned_data["roles"], by=request.user)
    except ProductError as error:
        form.tell(error)
        return False
    messages.success(
        request,
        f"The roles of {shown.username} are changed."
        if changed
        else f"{shown.username} has these roles already.",
    )
    return True


@require_POST
@access("people.manage")
def disable(request: PersonRequest, pk: int) -> HttpResponse:
    """Shut a person or a service account out at once."""
    user = somebody(pk)
    try:
        if disabling.disable(user, by=request.user):
            messages.success(request, f"{user.username} is disabled.")
    except ProductError as error:
        messages.error(request, error.detail)
    return _page_of(user)


@require_POST
@access("people.manage")
def enable(request: PersonRequest, pk: int) -> HttpResponse:
    """Let them in again."""
    user = somebody(pk)
    if disabling.enable(user, by=request.user):
        messages.success(request, f"{user.username} may come in again.")
    return _page_of(user)


def _page_of(user: User) -> HttpResponse:
    page = "accounts:service-account" if user.is_service else "accounts:person"
    return redirect(page, user.pk)


@require_POST
@access("people.manage")
def withdraw(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The link lets nobody in any more."""
    invitation = get_object_or_404(Invitation, uid=uid)
    if invitations.withdraw(invitation, request.user):
        messages.success(
            request, f"The invitation of {invitation.username} is withdrawn."
        )
    return redirect("accounts:people")


@sensitive_post_parameters("new", "again")
@never_cache
@access(public=True)
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password and come in. Whoever holds an ended link is told so."""
    offered = invitations.find(token)
    if not lets_in(offered, timezone.now()):
        return _ended(request, offered)
    invited = User(
        username=offered.username, email=offered.email, first_name=offered.name
    )
    form = NewPasswordForm(invited, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user = invitations.accept(offered, form.cleaned_data["new"])
        except ProductError as error:
            offered.refresh_from_db()
            return _ended(request, offered, why=error.detail)
        people.log_in(request, user.username, form.cleaned_data["new"])
        messages.success(request, f"Welcome, {user.get_full_name() or user.username}.")
        return redirect("overview")
    context = {"invitation": offered, "form": form}
    status = 422 if form.errors else 200
    return render(request, "accounts/invitation.html", context, status=status)


def _ended(request: HttpRequest, offered: Invitation, why: str = "") -> HttpResponse:
    context = {"invitation": offered, "why": why}
    return render(request, "accounts/invitation_ended.html", context, status=GONE)
