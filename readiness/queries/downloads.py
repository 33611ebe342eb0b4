"""The exact bytes of a signature, for whoever checks it without us."""

from __future__ import annotations

import json
from uuid import UUID

from audit import queries as audit
from audit.domain.canonical import sha256_hex
from kernel.errors import NotFound
from readiness.models import Signoff
from readiness.queries.logged import logged_reviews
from readiness.queries.witnesses import Witnesses, witnesses


def find_signoff(uuid: UUID) -> Signoff:
    """Raises NotFound."""
    row = Signoff.objects.select_related("review").filter(uuid=uuid).first()
    if row is None:
        raise NotFound("There is no such signature.", code="not_found")
    return row


def envelope_file(signoff: Signoff) -> bytes:
    """The DSSE envelope as it was stored."""
    return bytes(signoff.envelope)


def claims_file(signoff: Signoff) -> bytes:
    """The claims as they were signed, one a line, in document order."""
    return bytes(signoff.claims) + (b"\n" if signoff.claims else b"")


def proof_file(signoff: Signoff) -> bytes:
    """That the log tells of this envelope. Raises NotFound where it does not."""
    events = _told(signoff).signed[signoff.review_id]
    event = events.get(sha256_hex(bytes(signoff.envelope)))
    if event is None:
        raise NotFound("The log tells of no such signature.", code="no_event")
    return audit.proof_of(event.seq)


def key_file(signoff: Signoff) -> bytes:
    """The raw public key (32 bytes) by the key's own event in the log.

    Raises NotFound where the log tells of no such key.
    """
    key = _told(signoff).keys.get(_key_id(bytes(signoff.envelope)))
    if key is None or not key.intact:
        raise NotFound("The log tells of no such key.", code="no_key")
    return key.public


def _told(signoff: Signoff) -> Witnesses:
    return witnesses(logged_reviews([signoff.review]))


def _key_id(envelope: bytes) -> str:
    try:
        return str(json.loads(envelope)["signatures"][0]["keyid"])
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
