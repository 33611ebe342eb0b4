"""What is sent where, so that whoever may is answered with success and not with a word
about what is missing. `{…}` as in the contract; a URL without a body is sent an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.permissions.world import AT, FILE

Body = Mapping[str, Any]
AT_TEXT = AT.isoformat()
BY_HAND = "2026-01-05 12:00"
WHY = {"reason": "a slip"}
TRADE = {
    "book": "{book}",
    "external_id": "f2",
    "symbol": "BTC-USD",
    "side": "buy",
    "quantity": "1",
    "price": "2",
    "executed_at": AT_TEXT,
}
TRANSFER = {
    "book": "{book}",
    "external_id": "d2",
    "kind": "deposit",
    "asset": "USD",
    "amount": "1",
    "at": AT_TEXT,
}
BALANCE = {"book": "{book}", "asset": "USD", "amount": "1", "at": AT_TEXT}
PRICE = {"symbol": "ETH-USD", "at": AT_TEXT, "price": "3"}
SPLIT = {"symbol": "ETH-USD", "at": AT_TEXT, "numerator": 2, "denominator": 1}
NEW_TOKEN = {"name": "another bot", "scopes": ["readiness:read"], "days": 30}
CLAIM = {"done": True, "revision": 1}
REVIEW = {
    "template": "{template}",
    "release": "2",
    "commit": "cd" * 20,
    "environment": "development",
}

API: dict[str, Body] = {
    "POST /api/tokens": NEW_TOKEN,
    "POST /api/books": {"name": "new", "base_currency": "USD"},
    "POST /api/balances": BALANCE,
    "POST /api/balances/{balance}/void": WHY,
    "POST /api/balances/{balance}/correct": {**WHY, "amount": "4"},
    "POST /api/trades": TRADE,
    "POST /api/trades/{trade}/void": WHY,
    "POST /api/trades/{trade}/correct": {**WHY, "price": "3"},
    "POST /api/transfers": TRANSFER,
    "POST /api/transfers/{transfer}/void": WHY,
    "POST /api/transfers/{transfer}/correct": {**WHY, "amount": "90"},
    "POST /api/trades/imports/{preview}/commit": {},
    "POST /api/trades/imports/{preview}/cancel": {},
    "POST /api/trades/imports/{booked}/undo": WHY,
    "POST /api/prices/{price}/void": WHY,
    "POST /api/prices/{price}/correct": {**WHY, "price": "4"},
    "POST /api/splits/{split}/void": WHY,
    "POST /api/splits/{split}/correct": {**WHY, "numerator": 3},
    "POST /api/readiness/templates/import": {"text": "# New\n\n- [ ] A line\n"},
    "POST /api/readiness/reviews": REVIEW,
    "POST /api/readiness/items/{item}/claim": CLAIM,
    "POST /api/readiness/items/{item}/comments": {"text": "See there."},
    "POST /api/readiness/items/{item}/evidence": {
        "kind": "output",
        "summary": "seen",
        "text": "all of it",
    },
    "POST /api/readiness/items/{item}/evidence/{evidence}/confirm": {},
    "POST /api/readiness/items/{item}/waivers": {
        **WHY,
        "risk": "low",
        "ends": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
    },
    "POST /api/readiness/items/{item}/not-applicable": WHY,
    "POST /api/readiness/waivers/{waiver}/approve": {},
    "POST /api/readiness/waivers/{waiver}/revoke": {},
    "POST /api/readiness/not-applicable/{exemption}/approve": {},
    "POST /api/readiness/not-applicable/{exemption}/revoke": {},
    "POST /api/readiness/reviews/{review}/abort": WHY,
    "POST /api/readiness/reviews/{review}/sections": {
        "section": "security",
        "owner": None,
    },
    "POST /api/readiness/reviews/{review}/notes": {"kind": "note", "text": "Slow."},
    "POST /api/readiness/notes/{note}/resolve": {},
    "POST /api/operations/jobs/{job}/run": {},
    "POST /api/operations/jobs/{job}/pause": {**WHY, "minutes": 30},
    "POST /api/operations/jobs/{rested}/resume": {},
    "POST /api/operations/alerts/{alert}/ack": {},
    "POST /api/operations/alerts/{alert}/resolve": {},
    "POST /api/operations/alerts/{alert}/silence": {**WHY, "minutes": 30},
    "POST /api/operations/silences": {**WHY, "minutes": 30, "rule": "{rule}"},
    "POST /api/operations/silences/{silence}/end": {},
    "PATCH /api/operations/rules/{rule}": {"threshold": "85", "revision": 1},
}
ITEM = "/readiness/reviews/{review}/items/{item}"
EXEMPT = "/readiness/reviews/{review}/items/{exempt}"
FORMS: dict[str, Body] = {
    "POST /settings/tokens/": {**NEW_TOKEN, "days": "30"},
    "POST /settings/people/{person}/": {"roles": ["Viewer"]},
    "POST /settings/people/": {"username": "new", "roles": ["Viewer"]},
    "POST /settings/people/services/": {"username": "robot", "roles": ["Viewer"]},
    "POST /settings/people/services/{service}/": {**NEW_TOKEN, "days": "30"},
    "POST /settings/people/{person}/disable/": {},
    "POST /settings/people/{disabled}/enable/": {},
    "POST /settings/people/invitations/{invitation}/withdraw/": {},
    "POST /settings/tokens/{token}/revoke/": {},
    "POST /settings/sessions/{session}/end/": {},
    "POST /settings/filters/{list}/": {"name": "mine", "query": "side=buy"},
    "POST /settings/preferences/": {"theme": "dark"},
    "POST /trades/new/": {**TRADE, "book": "{book_name}", "executed_at": BY_HAND},
    "POST /trades/{trade}/void/": {**WHY, "step": "book"},
    "POST /transfers/new/": {**TRANSFER, "book": "{book_name}", "at": BY_HAND},
    "POST /transfers/{transfer}/void/": {**WHY, "step": "book"},
    "POST /portfolio/reconciliation/new/": {
        **BALANCE,
        "book": "{book_name}",
        "at": BY_HAND,
    },
    "POST /trades/imports/{preview}/commit/": {},
    "POST /trades/imports/{preview}/cancel/": {},
    "POST /trades/imports/{booked}/undo/": WHY,
    "POST /portfolio/reconciliation/{balance}/": {
        "step": "void",
        "void-reason": "a slip",
    },
    "POST /prices/{price}/": {"step": "void", "void-reason": "a slip"},
    "POST /splits/{split}/": {"step": "void", "void-reason": "a slip"},
    "POST /readiness/templates/builtin/": {},
    "POST /readiness/templates/versions/{draft}/decide/": {},
    "POST /readiness/reviews/{review}/abort/": WHY,
    "POST /readiness/reviews/{review}/sections/": {"section": "security"},
    "POST /readiness/reviews/{review}/notes/": {"kind": "note", "text": "Slow."},
    "POST /readiness/reviews/{review}/notes/{note}/resolve/": {},
    f"POST {ITEM}/claim/": {"done": "true", "revision": "1"},
    f"POST {ITEM}/comments/": {"text": "See there."},
    f"POST {ITEM}/evidence/": {"summary": "seen", "text": "all of it"},
    f"POST {ITEM}/evidence/{{evidence}}/confirm/": {},
    f"POST {ITEM}/fields/": {"revision": "1"},
    f"POST {ITEM}/waivers/": {
        **WHY,
        "risk": "low",
        "ends": (datetime.now(UTC) + timedelta(days=3)).date().isoformat(),
    },
    f"POST {ITEM}/not-applicable/": WHY,
    f"POST {EXEMPT}/waivers/{{waiver}}/decide/": {"decision": "approve"},
    f"POST {EXEMPT}/not-applicable/{{exemption}}/decide/": {"decision": "approve"},
    "POST /operations/jobs/{job}/run/": {},
    "POST /operations/jobs/{job}/pause/": {**WHY, "minutes": "60"},
    "POST /operations/jobs/{rested}/resume/": {},
    "POST /operations/backups/take/": {},
    "POST /alerts/{alert}/acknowledge/": {},
    "POST /alerts/{alert}/resolve/": {},
    "POST /alerts/{alert}/silence/": {**WHY, "minutes": "30"},
    "POST /alerts/rules/{rule}/silence/": {**WHY, "minutes": "30"},
    "POST /alerts/silences/{silence}/end/": {},
}


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("fills.csv", FILE.encode())


# Forms with a file, made anew for each time that they are sent.
UPLOADS: dict[str, Callable[[], dict[str, Any]]] = {
    "POST /api/trades/import": lambda: {"file": upload(), "book": "{book}"},
    "POST /trades/import/": lambda: {"file": upload(), "book": "{book}"},
}
# What prices and splits take depends on for whom they count: a trader's own, or, kept by
# an Administrator, the desk's.
SCOPED: dict[str, Callable[[str], Body]] = {
    "POST /api/prices": lambda scope: {"prices": [{**PRICE, "scope": scope}]},
    "POST /api/splits": lambda scope: {**SPLIT, "scope": scope},
    "POST /prices/new/": lambda scope: {
        **PRICE,
        "at": BY_HAND,
        "source": "me",
        "scope": scope,
    },
    "POST /splits/new/": lambda scope: {**SPLIT, "at": BY_HAND, "scope": scope},
}
# A read that asks for more than its address.
QUERIES = {"GET /api/readiness/reviews/{review}/statement": "?role=Developer"}
# A book that an Administrator makes is a trader's.
GIVEN_BOOK = {
    "name": "new",
    "base_currency": "USD",
    "zone": "UTC",
    "periods_per_year": "365",
}
SURE = {*API, *FORMS, *UPLOADS, *SCOPED}


def body_of(name: str, ids: Mapping[str, str], who: str) -> Any:
    """What is sent as `METHOD path`, with the ids in their places."""
    if name == "POST /books/" and who == "Administrator":
        return {**GIVEN_BOOK, "owner": "trader"}
    if name in SCOPED:
        return SCOPED[name]("desk" if who == "Administrator" else "own")
    if name in UPLOADS:
        return _filled(UPLOADS[name](), ids)
    return _filled(API.get(name) or FORMS.get(name) or {}, ids)


def _filled(body: Body, ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: value.format_map(ids) if isinstance(value, str) else value
        for name, value in body.items()
    }


def is_form(url: str, body: Body) -> bool:
    return not url.startswith("/api/") or "file" in body
