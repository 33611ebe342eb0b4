"""A person's signing key: made, opened, revoked. Passphrases are never stored."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.domain import keys as domain
from accounts.models import SigningKey, User
from accounts.queries import signing_key_of
from audit.services import append
from kernel.errors import Conflict, FieldError, Forbidden, Invalid

SHORTEST_PASSPHRASE = 12


def create(user: User, passphrase: str) -> SigningKey:
    """The person's new key, wrapped by the passphrase.

    Raises Invalid for a passphrase under 12 characters, Conflict while the person
    still has a key that is not revoked.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        rule = f"Use at least {SHORTEST_PASSPHRASE} characters."
        raise Invalid(
            rule, code="passphrase", errors=[FieldError("/passphrase", "short", rule)]
        )
    if signing_key_of(user) is not None:
        raise _has_one()
    made = domain.make(passphrase)
    try:
        with transaction.atomic():
            key = SigningKey.objects.create(
                user=user, key_id=made.key_id, public=made.public, wrapped=made.wrapped
            )
            event = append(
                "accounts.key.created",
                actor=user.actor,
                object=f"person:{user.pk}",
                data={"key_id": made.key_id, "public": made.public.hex()},
            )
            key.registered_seq = event.seq
            key.save(update_fields=["registered_seq"])
    except IntegrityError:
        raise _has_one() from None
    return key


def _has_one() -> Conflict:
    return Conflict(
        "You have a signing key already: revoke it before you make another.",
        code="has_signing_key",
    )


def unlock(user: User, passphrase: str) -> Ed25519PrivateKey:
    """The person's private key, for one signature.

    About 0.2 s: call it outside transactions. Raises Conflict without a key,
    Forbidden when the passphrase does not open it.
    """
    key = signing_key_of(user)
    if key is None:
        raise Conflict("You have no signing key yet.", code="no_signing_key")
    try:
        return domain.open_wrapped(bytes(key.wrapped), key.key_id, passphrase)
    except domain.WrongPassphrase:
        raise Forbidden("The passphrase is wrong.", code="passphrase") from None


def revoke(user: User, reason: str, *, by: User) -> SigningKey:
    """End the person's key: `compromised` voids its signatures, `lost` none.

    Raises Conflict when there is none, Invalid for another reason, Forbidden when
    `by` is neither the person nor somebody who manages people.
    """
    if by.pk != user.pk and not by.has_perm("people.manage"):
        raise Forbidden("Only its owner or an administrator may revoke a key.", "role")
    if reason not in SigningKey.Reason.values:
        raise Invalid("Say whether the key is lost or compromised.", code="reason")
    with transaction.atomic():
        held = SigningKey.objects.select_for_update().filter(user=user, revoked_at=None)
        key = held.first()
        if key is None:
            raise Conflict("You have no signing key.", code="no_signing_key")
        event = append(
            "accounts.key.revoked",
            actor=by.actor,
            object=f"person:{user.pk}",
            data={"key_id": key.key_id, "reason": reason},
        )
        key.revoked_at = timezone.now()
        key.revoked_reason = reason
        key.revoked_seq = event.seq
        key.save(update_fields=["revoked_at", "revoked_reason", "revoked_seq"])
    return key
