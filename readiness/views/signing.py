"""The page on which a person reads and signs, and the one that verifies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import User
from accounts.queries import signing_key_of
from audit import queries as audit
from audit.domain import dsse
from audit.domain.canonical import sha256_hex
from kernel.access import access
from kernel.errors import Conflict, Forbidden, Invalid
from readiness.domain import claims as domain
from readiness.domain.statements import MEANINGS, PAYLOAD_TYPE
from readiness.models import Signoff
from readiness.queries.board import board
from readiness.queries.reviews import find_review
from readiness.queries.signoffs import (
    Signature,
    last_signature,
    my_role,
    signatures,
    signed_claims,
    statement_for,
)
from readiness.services.signing import Wish, sign


@access("readiness.view")
def sign_page(request: HttpRequest, review: UUID) -> HttpResponse:
    """Read what you sign, then sign it; works without a script."""
    row = find_review(review)
    person = cast(User, request.user)
    asked = request.POST.get("role") or request.GET.get("role")
    role = asked or my_role(row, person) or str(row.policy[0]["role"])
    problem: Conflict | Forbidden | Invalid | None = None
    if request.method == "POST":
        try:
            sign(row, _wish(request, role), person)
        except (Conflict, Forbidden, Invalid) as error:
            problem = error
        else:
            messages.success(request, f"Signed as {role}.")
            return redirect("readiness:review", review=row.uuid)
    shown = statement_for(board(row, timezone.now()), role, person)
    last = last_signature(shown.signed, role, person)
    context: dict[str, Any] = {
        "review": row,
        "shown": shown,
        "last": last,
        "key": signing_key_of(person),
        "problem": problem,
        "meaning": request.POST.get("meaning", ""),
        "note": request.POST.get("note", ""),
        "meanings": _meanings(shown.may_approve),
        "groups": max(int(rule["group"]) for rule in row.policy),
    }
    status = problem.status if problem else 200
    return render(request, "readiness/sign.html", context, status=status)


def _wish(request: HttpRequest, role: str) -> Wish:
    given = request.POST
    return Wish(
        role=role,
        meaning=given.get("meaning", ""),
        statement_sha256=given.get("statement_sha256", ""),
        password=given.get("password", ""),
        passphrase=given.get("passphrase", ""),
        note=given.get("note", ""),
    )


@dataclass(frozen=True)
class Meaning:
    value: str
    words: str
    allowed: bool


def _meanings(may_approve: bool) -> list[Meaning]:
    words = {
        "approved": (
            "this release may go, for my sections"
            if may_approve
            else "opens when nothing blocks any more"
        ),
        "reviewed": "seen, without a decision",
        "rejected": "it must not go; say why",
    }
    return [
        Meaning(value, words[value], may_approve or value != "approved")
        for value in MEANINGS
    ]


@dataclass(frozen=True)
class Checked:
    """One signature verified from its stored bytes; `faults` in words."""

    signature: Signature
    faults: list[str]


@access("readiness.view")
def verify_page(request: HttpRequest, review: UUID) -> HttpResponse:
    """Every envelope checked again from its bytes; the log walked whole, at most a
    minute ago and never before its newest event."""
    row = find_review(review)
    found = signatures(board(row, timezone.now()))
    context = {
        "review": row,
        "checked": [Checked(one, _faults(one)) for one in found],
        "log": audit.verification(),
    }
    return render(request, "readiness/verify.html", context)


def _faults(signature: Signature) -> list[str]:
    one = signature.signoff
    faults = []
    envelope = bytes(one.envelope)
    if sha256_hex(envelope) != one.envelope_sha256:
        faults.append("the envelope's bytes do not have its digest")
    try:
        payload = dsse.verify(
            envelope, PAYLOAD_TYPE, {one.key.key_id: bytes(one.key.public)}
        )
    except dsse.BadEnvelope as error:
        faults.append(str(error))
    else:
        faults += _differences(one, payload)
    if domain.claim_root(signed_claims(one)).hex() != one.claim_root:
        faults.append("the kept claims do not have the signed claim root")
    if one.seq is None or not audit.included(one.seq):
        faults.append("its event is not proven to be in the log")
    return faults


def _differences(one: Signoff, payload: bytes) -> list[str]:
    """Where the row says something else than the envelope that was signed."""
    signed = json.loads(payload)["predicate"]
    statement, signing = signed["statement"], signed["signing"]
    pairs = {
        "review": (str(one.review.uuid), statement["review"]),
        "role": (one.role, statement["role"]),
        "claim root": (one.claim_root, statement["claimRoot"]),
        "earlier signatures": (one.earlier, statement["earlier"]),
        "meaning": (one.meaning, signing["meaning"]),
        "note": (one.note, signing["note"]),
        "signer": (one.key.key_id, signing["signer"]["keyId"]),
    }
    return [
        f"the {name} is not the one that was signed"
        for name, (kept, was) in pairs.items()
        if kept != was
    ]
