"""What the overview shows to one person: each part only when they may open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from kernel.cache import tag
from operations import queries as operations
from operations.queries.health import checks
from operations.services.alerting import TAG as ALERTS
from portfolio import presenters as money
from portfolio.domain.periods import period
from portfolio.domain.returns import day_of
from portfolio.queries.books import Scope, scope
from portfolio.queries.curves import stored_curves
from portfolio.queries.performance import Chosen, performance
from portfolio.queries.summary import portfolio
from readiness import presenters as readiness
from readiness.queries.board import Board, board
from readiness.queries.progress import progress
from readiness.queries.reviews import newest_living
from readiness.queries.statements import my_role, statement_for
from readiness.services.reviews import REVIEWS, tag_of
from trades.queries.books import BOOKS
from trades.queries.trades import latest_decisions

RANGE = "90d"
DECISIONS = 6
AGES = 120  # seconds after which a poll shows ages and health anew


@dataclass(frozen=True)
class Need:
    """Something that waits for this person: what, why, and where to do it."""

    tone: str
    icon: str
    title: str
    detail: str
    href: str


def reads_trading(user: Any) -> bool:
    return BOOKS.allows(user, "GET")


def etag(request: HttpRequest, now: datetime) -> str:
    """Changes with books, prices, alerts and the newest review, and by the clock."""
    names = ["books", "prices", ALERTS, REVIEWS]
    if reads_trading(request.user):
        books = scope(request.user).ids
        names += [f"{what}:{pk}" for pk in books for what in ("book", "equity")]
    review = newest_living()
    if review is not None:
        names.append(tag_of(review))
    return f"{tag(*names)}-{int(now.timestamp()) // AGES}-{request.user.pk}"


def gather(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """The parts of the page and their order for this person."""
    user = cast(User, request.user)
    context: dict[str, Any] = {"now": now}
    found = None
    if reads_trading(user):
        found = _trading(user, now)
        context |= found
    shown = _board(user, now)
    if shown is not None:
        side = progress(shown)
        context |= {
            "board": shown,
            "panel": side,
            "verdict": readiness.verdict(shown),
            "notes": readiness.notes(shown, side),
            "review_url": reverse("readiness:review", args=[shown.review.uuid]),
        }
    if user.has_perm("operations.view"):
        context["health"] = checks(now)
    context["needs"] = list(_needs(user, shown, found, now))
    context["parts"] = _order(user)
    return context


def _order(user: User) -> list[str]:
    """A trader looks at money first, an operator at what fails, others at readiness."""
    if user.has_perm("trading.own"):
        return ["trading", "needs", "decisions", "verdict", "health"]
    if user.has_perm("operations.manage"):
        return ["needs", "health", "verdict", "trading", "decisions"]
    return ["needs", "verdict", "trading", "decisions", "health"]


def _trading(user: User, now: datetime) -> dict[str, Any]:
    books: Scope = scope(user)
    curves = stored_curves(books.ids, now)
    found = portfolio(books, curves, now)
    chosen = Chosen(period(RANGE, day_of(now, books.zone)), "", "")
    curve = performance(books, chosen, curves, now)
    return {
        "found": found,
        "figures": money.portfolio_figures(found),
        "bars": money.exposure_bars(found),
        "chart": money.equity_chart(curve) if curve.days else None,
        "chart_table": money.curve_table(curve) if curve.days else "",
        "decisions": latest_decisions(user, DECISIONS),
    }


def _board(user: User, now: datetime) -> Board | None:
    if not user.has_perm("readiness.view"):
        return None
    review = newest_living()
    return board(review, now) if review else None


def _needs(
    user: User, shown: Board | None, found: dict[str, Any] | None, now: datetime
) -> Iterator[Need]:
    if user.has_perm("operations.acknowledge"):
        yield from _alerts()
    if user.has_perm("operations.manage"):
        yield from _probes(now)
    if shown is not None and user.has_perm("readiness.sign"):
        yield from _signature(user, shown)
    if shown is not None and user.has_perm("readiness.claim") and shown.counts.failed:
        url = reverse("readiness:review", args=[shown.review.uuid])
        lines = shown.counts.failed
        yield Need(
            "crit",
            "fail",
            f"{lines} {'line' if lines == 1 else 'lines'} failed in {shown.review.release}",
            "Evidence shows that they do not hold.",
            f"{url}?state=failed",
        )
    if found is not None and user.has_perm("trading.own") and found["found"].stale:
        stale = found["found"].stale
        yield Need(
            "warn",
            "clock",
            f"{len(stale)} {'position has' if len(stale) == 1 else 'positions have'} no fresh price",
            ", ".join(one.symbol for one in stale[:5]),
            "/portfolio/",
        )


def _alerts() -> Iterator[Need]:
    for alert in operations.open_alerts():
        if alert.state == "firing" and alert.acknowledged_at is None:
            yield Need(
                "crit",
                "siren",
                f"{alert.severity} {alert.rule} is firing on {alert.target}",
                "Nobody has acknowledged it yet.",
                reverse("operations:alert", args=[alert.uid]),
            )


def _probes(now: datetime) -> Iterator[Need]:
    failing = [line for line in operations.probe_board(now) if line.state == "failing"]
    for line in failing[:5]:
        detail = line.result.detail if line.result else ""
        yield Need("crit", "fail", f"Probe {line.name} fails", detail, "/operations/")


def _signature(user: User, shown: Board) -> Iterator[Need]:
    role = my_role(shown.review, user)
    if role is None:
        return
    statement = statement_for(shown, role, user)
    mine = [one for one in statement.signed if one.signoff.role == role]
    if statement.refusal or any(one.valid for one in mine):
        return
    url = reverse("readiness:sign", args=[shown.review.uuid])
    if mine:
        first = mine[-1].void[0] if mine[-1].void else None
        why = f"{first.key}: {first.change}" if first else "It was revoked."
        yield Need("warn", "pen", f"Your signature as {role} is void", why, url)
        return
    yield Need(
        "info",
        "pen",
        f"Your turn to sign {shown.review.release} as {role}",
        f"{len(statement.rows)} claims are in your scope.",
        url,
    )
