"""A GET writes nothing, on any page and in any answer of the whole product."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Invitation, User
from accounts.services.invitations import NewInvitation, invite
from operations.models import Alert
from readiness.models import ReviewItem
from readiness.services.reviews import NewReview, open_review
from tests import breaches
from tests.architecture.test_access import ALL
from tests.readiness.conftest import COMMIT, make_version
from trades.domain.facts import NewFill, NewPrice, NewTransfer
from trades.models import (
    BalanceStatement,
    Fill,
    Position,
    Price,
    Split,
    Transfer,
)
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.transfers import book_transfers

Person = Callable[..., User]
ClientOf = Callable[[User], Client]

WRITING = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|REPLACE|TRUNCATE|ALTER|CREATE|DROP)\b", re.IGNORECASE
)

# When somebody was last here is the session's own matter, not an answer's.
SESSION = re.compile(r'"(django_session|accounts_session)"')
# What these show comes from an upload, a signature or a token, which nobody gave here.
REFUSED = {
    "accounts/password/reset/<str:token>/": 410,
    "admin/login/": 403,
    "api/audit/checkpoint": 404,
    "api/readiness/items/<number:item>/evidence/<number:evidence>/confirm": 404,
    **dict.fromkeys(
        (
            f"api/readiness/signoffs/<uuid:signoff>/{part}"
            for part in ("envelope", "claims", "proof", "key")
        ),
        404,
    ),
    "health/fault": 404,  # for our own probes alone
    "metrics": 401,
    "settings/people/services/<number:pk>/": 404,
    "settings/people/services/<number:pk>/tokens.csv": 404,
    "readiness/reviews/<uuid:review>/items/<number:item>/evidence/<number:evidence>/confirm/": 404,
    "readiness/reviews/<uuid:review>/items/<number:item>/evidence/<number:evidence>/file/": 404,
    "api/trades/imports/<uuid:pk>": 404,
    "trades/imports/<uuid:pk>/": 404,
}
NO_UUID = "00000000-0000-0000-0000-000000000000"


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements in the block that write."""
    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITING.match(sql) and not SESSION.search(sql):
            seen.append(sql[:200])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen


@pytest.fixture
def everything(person: Person) -> User:
    """Somebody who may open all there is: a desk, a firing alert, an open review."""
    ada = person("ada", "Administrator", "Developer", "Trader", "Operator")
    person("dan", "Developer")
    create_book(NewBook("main", "USD"), ada)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    book_transfers(
        [
            NewTransfer(
                book="main",
                external_id="d1",
                kind="deposit",
                asset="USD",
                amount=Decimal(1000),
                at=at,
            )
        ],
        ada,
    )
    book_fills(
        [
            NewFill(
                book="main",
                external_id="f1",
                symbol="BTC-USD",
                side="buy",
                quantity=Decimal(1),
                price=Decimal(100),
                executed_at=at + timedelta(hours=1),
            )
        ],
        ada,
    )
    set_prices(
        [NewPrice(symbol="BTC-USD", at=at, price=Decimal(90), source="test")], ada
    )
    Split.objects.create(
        symbol="BTC-USD", at=at, numerator=2, denominator=1, author=ada, recorded_at=at
    )
    BalanceStatement.objects.create(
        book=Fill.objects.get().book, asset="USD", amount=5, at=at, recorded_at=at
    )
    breaches.look(datetime.now(UTC), seconds=60)
    version = make_version()
    version.report = {"bytes": 6}
    version.save()
    open_review(
        NewReview(
            version=version,
            release="1.0.0",
            commit=COMMIT,
            environment="development",
        ),
        ada,
    )
    invite(NewInvitation(username="grace", roles=["Trader"]), ada, _remember)
    return ada


LINK: list[str] = []


def _remember(token: str) -> str:
    """The newest invitation's link is known to whoever makes it alone."""
    LINK[:] = [token]
    return f"/{token}/"


def samples() -> dict[str, str]:
    """What stands for each argument of a path."""
    line = ReviewItem.objects.select_related("review__version").order_by("pk")[0]
    fill = Fill.objects.get()
    return {
        "trades/<number:pk>": str(fill.pk),
        "transfers/<number:pk>": str(Transfer.objects.get().pk),
        "prices/<number:pk>": str(Price.objects.get().pk),
        "splits/<number:pk>": str(Split.objects.get().pk),
        "balances/<number:pk>": str(BalanceStatement.objects.get().pk),
        "reconciliation/<number:pk>": str(BalanceStatement.objects.get().pk),
        "portfolio/positions/<number:pk>": str(Position.objects.get().pk),
        "versions/<number:pk>": str(line.review.version.pk),
        "alerts/<uuid:uid>": str(Alert.objects.get().uid),
        "silences/<uuid:uid>": NO_UUID,
        "rules/<slug:name>": "memory",
        "runbooks/<slug:name>": "memory",
        "metrics/<str:name>": "sharpe",
        "performance/files/<slug:name>": "days",
        "operations/files/<slug:name>": "jobs",
        "people/files/<slug:name>": "people",
        "jobs/<str:name>": "portfolio-equity",
        "probes/<slug:name>": "audit_log",
        "<uuid:review>/statement": f"{line.review.uuid}/statement?role=Developer",
        "<uuid:review>": str(line.review.uuid),
        "signoffs/<uuid:signoff>": NO_UUID,
        "sessions/<str:sid>": "none",
        "filters/<slug:of>": "trades",
        "services/<number:pk>": "0",
        "tokens/<str:uid>": "none",
        "reset/<str:token>": "none",
        "<number:item>": str(line.pk),
        "<number:template>": str(line.review.version.template_id),
        "<number:number>": str(line.review.version.number),
        "<number:evidence>": "0",
        "<number:waiver>": "0",
        "<number:exemption>": "0",
        "<number:follow_up>": "0",
        "<number:note>": "0",
        "imports/<uuid:pk>": NO_UUID,
        "people/<number:pk>": str(User.objects.get(username="dan").pk),
        "invitations/<uuid:uid>": str(Invitation.objects.get().uid),
        "invitation/<str:token>": LINK[0],
    }


def filled(path: str) -> str:
    for pattern, value in samples().items():
        before, _, _ = pattern.partition("<")
        path = path.replace(pattern, before + value)
    return f"/{path}"


def test_a_get_writes_nothing(everything: User, client_of: ClientOf) -> None:
    client = client_of(everything)
    found = {}
    for path, _ in ALL:
        url = filled(path)
        assert "<" not in url, f"{path} needs a sample"
        with writes() as seen:
            answer = client.get(url)
            if answer.streaming:
                answer.getvalue()
        allowed = {200, 302, 405, REFUSED.get(path, 200)}
        assert answer.status_code in allowed, (url, answer.status_code)
        if seen:
            found[url] = seen
    assert found == {}


def test_a_write_would_be_seen(everything: User) -> None:
    with writes() as seen:
        User.objects.update(last_name="King")
    assert len(seen) == 1
