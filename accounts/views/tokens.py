"""One's own service tokens, and how a page shows, makes and revokes an owner's."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.forms import TokenForm
from accounts.models import ServiceToken, User
from accounts.queries import token_named, tokens_page
from accounts.services import service_tokens
from kernel.access import access
from kernel.errors import ProductError
from kernel.middleware.compression import uncompressed
from kernel.requests import PersonRequest

MOST = 100


@never_cache
@access("people.own_tokens", objects="own tokens")
def listing(request: PersonRequest) -> HttpResponse:
    """What programs of mine come in with; POST makes a token and shows it, once."""
    form, text = TokenForm(), ""
    if request.method == "POST":
        form = TokenForm(request.POST)
        text = make(request, request.user, form)
    context = {**shown(request.user), "form": TokenForm() if text else form}
    status = 422 if form.errors else 200
    page = render(
        request, "accounts/tokens.html", {**context, "text": text}, status=status
    )
    return uncompressed(page)


def make(request: PersonRequest, owner: User, form: TokenForm) -> str:
    """The new token's text; "" when the form says what is wrong."""
    if not form.is_valid():
        return ""
    try:
        new = service_tokens.NewToken(**form.cleaned_data)
        return service_tokens.make(new, owner, by=request.user)[1]
    except ProductError as error:
        form.tell(error)
        return ""


@dataclass(frozen=True, kw_only=True)
class TokenLine:
    """A token as the table shows it."""

    token: ServiceToken
    expired: bool

    @property
    def alive(self) -> bool:
        return not self.expired and self.token.revoked_at is None


def shown(owner: User) -> dict[str, object]:
    """What templates/accounts/parts/tokens.html needs of an owner's tokens."""
    page, at = tokens_page(owner, limit=MOST), timezone.now()
    return {
        "tokens": [
            TokenLine(token=token, expired=token.expires_at <= at)
            for token in page.rows
        ],
        "more": page.next_cursor is not None,
    }


@require_POST
@access("people.own_tokens", "people.manage", objects="own tokens")
def revoke(request: PersonRequest, uid: str) -> HttpResponse:
    """It opens nothing any more. A service account's is revoked on the page of that."""
    token = token_named(uid, seen_by=request.user)
    if service_tokens.revoke(token, by=request.user):
        messages.success(request, f"The token “{token.name}” is revoked.")
    if token.owner.is_service:
        return redirect("accounts:service-account", token.owner_id)
    return redirect("accounts:tokens")
