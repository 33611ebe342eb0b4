"""A world that is hard to lay out: words of 200 letters, amounts of 19 digits, and more
rows than a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from accounts.services.invitations import NewInvitation, invite
from accounts.services.service_tokens import NewToken, make
from operations.domain.alerting import Reading
from operations.models import Alert, Job, JobRun, Rule
from operations.services import alerting
from readiness.services import notes
from readiness.services.claims import claim_several
from readiness.services.comments import comment
from readiness.services.reviews import NewReview, open_review
from tests.permissions.world import World, make_world
from tests.readiness.conftest import COMMIT, make_version
from trades.domain.facts import NewFill, NewPrice, NewTransfer
from trades.models import Book, Decision, Fill, Position
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.transfers import book_transfers

WORD = "Donaudampfschifffahrtsgesellschaftskapitaensmuetze" * 4  # 200 letters
LARGE = Decimal("9876543210987654321.12")
SYMBOLS = 160
BOOKS = 40
LARGE_COUNT = Decimal(9_999_999_999)
AT = datetime(2026, 1, 6, 12, tzinfo=UTC)
LINES: dict[Any, Any] = {
    ("security", f"Security {WORD}", "checks"): [
        ("SEC-01", None, f"**{WORD}** is limited", "blocking", "cors", True),
        ("SEC-02", None, "Rate limits " * 20, "blocking", "ratelimit", False),
    ],
    ("sign-off", "Sign-off", "sign-off"): [
        ("SGN-01", None, "**Developer**: reviewed", "blocking", None, False),
    ],
}


def wide_world() -> tuple[World, Mapping[str, str]]:
    """Everything that there is for every URL, and what stands for each `{…}` of them."""
    world = make_world()
    trader = User.objects.get(username="trader")
    ids = {**world.own["Administrator"], **world.common, **world.own["Trader"]}
    ids |= _traded(trader)
    ids |= _reviewed(world.everybody)
    ids |= _alarmed()
    _crowded(world.everybody)
    return world, ids


def _traded(trader: User) -> dict[str, str]:
    """A book of a long name with many positions, each large, and many books more."""
    book = create_book(NewBook(WORD[:100], "USD"), trader, trader)
    _decided(book)
    for n in range(BOOKS):
        create_book(NewBook(f"{WORD[:90]} {n}", "USD"), trader, trader)
    deposit = NewTransfer(
        book=book.name, external_id=WORD[:80], kind="deposit", asset="USD",
        amount=LARGE, at=AT, note=WORD,
    )  # fmt: skip
    book_transfers([deposit], trader)
    symbols = [f"VERYLONGSYMBOL{n:03}-USD" for n in range(SYMBOLS)]
    fills = [
        NewFill(
            book=book.name, external_id=f"{WORD[:60]}{n}", symbol=symbol, side="buy",
            quantity=LARGE if n == 0 else Decimal(n), price=Decimal("1.00000001"),
            executed_at=AT + timedelta(minutes=n), strategy=WORD[:60], note=WORD,
        )
        for n, symbol in enumerate(symbols)
    ]  # fmt: skip
    fills.append(
        NewFill(
            book=book.name, external_id="sold", symbol=symbols[0], side="sell",
            quantity=LARGE / 2, price=Decimal(3), executed_at=AT + timedelta(days=2),
            strategy=WORD[:60], order_id=WORD[:60], decision="why",
        )
    )  # fmt: skip
    book_fills(fills, trader)
    set_prices(
        [
            NewPrice(symbol=symbol, at=AT + timedelta(days=day), price=Decimal(day + 1),
                     source=WORD[:40])
            for symbol in symbols[:3] for day in range(5)
        ],
        trader,
    )  # fmt: skip
    sold = Fill.objects.get(external_id="sold")
    position = Position.objects.filter(book=sold.book).earliest("pk")
    return {"trade": str(sold.pk), "position": str(position.pk)}


def _decided(book: Book) -> None:
    Decision.objects.create(
        book=book, external_id="why", model=WORD[:100], model_version=WORD[:100],
        strategy=WORD[:60], symbol="VERYLONGSYMBOL000-USD", direction="long",
        reasoning=WORD, features={WORD: "1.5", "move": str(LARGE)},
        risk_checks=[{"name": WORD, "passed": False, "value": str(LARGE), "limit": 1}],
        decided_at=AT, recorded_at=AT,
    )  # fmt: skip


def _reviewed(somebody: User) -> dict[str, str]:
    """A review of lines that are one word each, with a note that is another; and the one
    after it, so that something changed."""
    version = make_version(LINES, slug="wide")
    version.report = {"bytes": 6}
    version.save()
    for number in range(2):
        new = NewReview(
            version=version,
            release=f"{WORD[:40]}{number}",
            commit=COMMIT,
            environment="development",
        )
        review = open_review(new, somebody)
    notes.write(review, "issue", WORD, somebody)
    line = review.items.get(item__key="SEC-01")
    claim_several([(line, line.revision)], done=True, note=WORD, by=somebody)
    comment(line, WORD, somebody)
    return {
        "review": str(review.uuid),
        "item": str(line.pk),
        "version": str(version.pk),
    }


def _alarmed() -> dict[str, str]:
    """Alerts of long targets that say long things, and jobs that did."""
    rule, now = Rule.objects.get(name="job-failing"), timezone.now()
    for n in range(12):
        reading = Reading(
            rule.name, f"{WORD[:120]}{n}", LARGE_COUNT, breached=True, detail=WORD
        )
        for seconds in range(0, 60, 10):
            alerting.apply(reading, rule, now - timedelta(seconds=60 - seconds))
    JobRun.objects.update(state=JobRun.State.FAILED, error=WORD)
    Job.objects.update(consecutive_failures=123)
    return {"alert": str(Alert.objects.filter(rule=rule.name).earliest("pk").uid)}


def _crowded(somebody: User) -> None:
    """People of long names and roles."""
    role = Group.objects.create(name=WORD[:150])
    User.objects.filter(is_service=False).update(first_name=WORD[:150])
    for user in User.objects.all():
        user.groups.add(role)
    long = NewInvitation(
        username=WORD[:140], roles=["Viewer"], email=f"{WORD[:60]}@{WORD[:60]}.test"
    )
    invite(long, somebody, lambda token: token)
    for owner in (somebody, User.objects.get(username="trader")):
        token = NewToken(name=WORD[:60], scopes=["readiness:read"], days=30)
        make(token, owner, by=owner)
