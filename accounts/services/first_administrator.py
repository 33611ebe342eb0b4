"""The person with whom an installation begins."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.domain.roles import ADMINISTRATOR
from accounts.models import User
from accounts.services.people import add_person, has_administrator
from kernel.errors import Conflict, FieldError, Invalid, summary


def name_first_administrator(username: str, *, email: str, password: str) -> User:
    """The first Administrator; the audit log says that the system added them.

    Raises Conflict while there is an active Administrator (who adds people, with
    their own name on it) or somebody of this name, Invalid for a name, mail address
    or password that cannot be taken.
    """
    check(username, email=email, password=password)
    hashed = make_password(password)  # slow: outside the transaction
    with transaction.atomic():
        # Of two commands at once, the second waits here and is refused.
        Group.objects.select_for_update().get(name=ADMINISTRATOR)
        if has_administrator():
            raise Conflict(
                "There is an active Administrator, who can add people.",
                code="administrator",
            )
        return add_person(
            username, email=email, hashed=hashed, roles=[ADMINISTRATOR], by="system"
        )


def check(username: str, *, email: str, password: str) -> None:
    """Raises Invalid with a FieldError for each thing that is wrong."""
    person = User(username=username, email=email)
    errors: list[FieldError] = []
    try:
        person.clean_fields(exclude={"password"})
    except ValidationError as wrong:
        errors += [
            FieldError(f"/{field}", "invalid", " ".join(messages))
            for field, messages in wrong.message_dict.items()
        ]
    if not email:
        errors.append(FieldError("/email", "required", "Give an address."))
    try:
        validate_password(password, person)
    except ValidationError as weak:
        errors.append(FieldError("/password", "weak", " ".join(weak.messages)))
    if errors:
        raise Invalid(summary(errors), code="invalid", errors=errors)
