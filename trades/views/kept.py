"""Parts of pages that come of the books a person may read, kept while they are true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from accounts.queries import preferences
from kernel.kept_parts import KeptPart, origin_of
from trades.queries.books import reads_every_book
from trades.queries.versions import ledger_version


def books_part(
    request: HttpRequest, template: str, context: Callable[[], Mapping[str, Any]]
) -> KeptPart:
    """For what follows from this person's books, what they may do, the address and how
    they like to read: nothing else may show in it. Two statements."""
    user = request.user
    version = ledger_version(None if reads_every_book(user) else user.pk)
    return KeptPart(
        template=template,
        likeness=(
            user.pk,
            frozenset(user.get_all_permissions()),
            request.get_full_path(),
            tuple(preferences(request).items()),
        ),
        names=version.names,
        origin=origin_of(version.names, version.numbers),
        context=context,
    )
