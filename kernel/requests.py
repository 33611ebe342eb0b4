"""Reading a request: whose it is, its query, and the revision that it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from rest_framework.request import Request

from kernel.errors import BadRequest, FieldError, PreconditionRequired, bad_parameter
from kernel.numbers import whole_number
from kernel.web import bare_tag

# An ETag as `kernel.middleware.conditional` writes it, or its revision alone.
REVISION_TAG = re.compile(r"([^-]*)(?:-[0-9a-f]{24})?")

if TYPE_CHECKING:
    # The project's user model, whichever it is: the type checker looks it up in the
    # settings, so that the kernel need not know the floor above.
    from django.contrib.auth.models import _User


class PersonRequest(HttpRequest):
    """Annotates a page that `access` opens only to whoever is logged in."""

    user: _User


class ApiRequest(Request):
    """Annotates an API method that `access` opens only to whoever is logged in."""

    user: _User


def check_query(request: Request, *allowed: str) -> None:
    """Refuse query parameters that the view does not know, and those that stand there
    twice (400, never ignored)."""
    unknown = sorted(set(request.query_params) - set(allowed))
    if unknown:
        known = ", ".join(sorted(allowed)) or "none"
        raise BadRequest(
            f"Unknown query parameter {unknown[0]!r}; known here: {known}.",
            code="unknown_parameter",
            errors=[
                FieldError(f"?{name}", "unknown", "not known here") for name in unknown
            ],
        )
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise bad_parameter(name, "stands there more than once", code="repeated")


def limit_of(request: Request, default: int = 50, most: int = 500) -> int:
    """`limit` as 1..500; anything else is a 400."""
    given = whole_number(request.query_params.get("limit", str(default)))
    if given is None or not 1 <= given <= most:
        raise BadRequest(
            f"limit must be a whole number from 1 to {most}.",
            code="limit",
            errors=[FieldError("?limit", "range", f"1 to {most}")],
        )
    return given


def choice_of(request: Request, name: str, choices: Collection[str]) -> str:
    """A query parameter that is one of `choices`, or "" when it is absent or empty;
    anything else is a 400."""
    given = request.query_params.get(name, "")
    if given and given not in choices:
        raise bad_parameter(name, f"is one of {', '.join(choices)}", code=name)
    return given


def revision_of(request: Request) -> int:
    """The revision that a write names, by If-Match or as `revision` in its body.

    In an ETag it stands before the hyphen; the digest after it is of no interest to
    a write: a comment under what is changed is no reason to refuse the change.

    Raises PreconditionRequired (428) when neither is there, BadRequest when the two
    differ or when it is no whole number, also with anything but a digest behind it (0001-01-01 is no 1). A stale one is the service's to find: it raises Stale, which
    answers 412 to If-Match and 409 to a body (`kernel.problems.problem_handler`).
    """
    header = request.headers.get("If-Match", "")
    body: Any = request.data
    in_body = body.get("revision") if isinstance(body, Mapping) else None
    given = _revision_in(header) if header else in_body
    if header and in_body is not None and str(in_body) != given:
        raise BadRequest(
            "If-Match and `revision` name different ones.", code="revision"
        )
    if given is None:
        raise PreconditionRequired(
            "Send the revision you saw, as `revision` or If-Match.", code="revision"
        )
    number = None if isinstance(given, bool) else whole_number(str(given))
    if number is None:
        raise BadRequest("revision must be a whole number.", code="revision")
    return number


def _revision_in(if_match: str) -> str:
    """What stands for the revision in an entity tag; "" when it is no tag of ours."""
    tag = REVISION_TAG.fullmatch(bare_tag(if_match))
    return tag[1] if tag else ""
