"""What the overview shows to one person: each part only when they may open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from kernel.cache import tag
from kernel.display import plural
from kernel.requests import PersonRequest
from operations import queries as operations
from operations.queries.health import checks
from portfolio.domain.periods import period
from portfolio.domain.returns import day_of
from portfolio.pages.curve import curve_table, equity_chart
from portfolio.pages.holdings import exposure_bars, portfolio_figures
from portfolio.pages.words import implied_note
from portfolio.queries.books import scope
from portfolio.queries.curves import curves_of
from portfolio.queries.performance import performance
from portfolio.queries.selection import Selection
from portfolio.queries.summary import Portfolio, portfolio
from readiness.pages.board import notes, verdict
from readiness.queries.board import Board
from readiness.queries.progress import progress
from readiness.queries.statements import my_role, statement_for
from readiness.services.newest import newest_board
from rrr_dashboard import badges
from trades.queries.books import BOOKS
from trades.queries.trades import latest_decisions
from trades.queries.versions import FOR_ALL, names_of
from trades.views.kept import books_part

RANGE = "90d"
DECISIONS = 6
AGES = 120  # seconds after which a poll shows ages and health anew


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something that waits for this person: what, why, and where to do it."""

    tone: str
    icon: str
    title: str
    detail: str
    href: str


def reads_trading(user: Any) -> bool:
    return BOOKS.allows(user, "GET")


def is_live(user: User) -> bool:
    """Whether the page says how the product is at this moment, which nobody writes."""
    return user.has_perm("operations.view") or user.has_perm("operations.manage")


def names(request: HttpRequest) -> list[str]:
    """Books, prices, alerts and the newest review: what the page follows from."""
    tags = [*FOR_ALL, *badges.names()]
    if reads_trading(request.user):
        tags += names_of(scope(request.user).ids)
    return tags


def etag(request: HttpRequest, of: list[str], now: datetime) -> str:
    """Changes with these, and by the clock."""
    return f"{tag(*of)}-{int(now.timestamp()) // AGES}-{request.user.pk}"


def gather(request: PersonRequest, now: datetime) -> dict[str, Any]:
    """The parts of the page and their order for this person."""
    user = request.user
    context: dict[str, Any] = {"now": now, "parts": _order(user)}
    holdings = None
    if reads_trading(user):
        context |= _trading(request, now)
        holdings = context["portfolio"]
    review = _board(user, now)
    if review is not None:
        context |= _readiness(review)
    if user.has_perm("operations.view"):
        context["health"] = checks(now)
    context["needs"] = list(_needs(user, review, holdings, now))
    return context


def _order(user: User) -> list[str]:
    """A trader looks at money first, an operator at what fails, others at readiness."""
    if user.has_perm("trading.own"):
        return ["trading", "needs", "decisions", "verdict", "health"]
    if user.has_perm("operations.manage"):
        return ["needs", "health", "verdict", "trading", "decisions"]
    return ["needs", "verdict", "trading", "decisions", "health"]


def _trading(request: PersonRequest, now: datetime) -> dict[str, Any]:
    """What the books hold, and the two parts that are drawn from them. Each part notes
    what it comes from first: a fact that is booked meanwhile draws it anew."""
    user = request.user

    def trading() -> dict[str, Any]:
        selection = Selection(period=period(RANGE, day_of(now, books.zone)))
        curve = performance(books, selection, curves, now)
        return {
            "figures": portfolio_figures(holdings),
            "implied": implied_note(holdings.implied_funding, holdings.currency),
            "bars": exposure_bars(holdings),
            "chart": equity_chart(curve) if curve.days else None,
            "chart_table": curve_table(curve) if curve.days else "",
        }

    def decisions() -> dict[str, Any]:
        return {"decisions": latest_decisions(user, DECISIONS)}

    parts = {
        "trading": books_part(request, "rrr_dashboard/parts/trading.html", trading),
        "decisions": books_part(
            request, "rrr_dashboard/parts/decisions.html", decisions
        ),
    }
    books = scope(user)
    curves = curves_of(books, now)
    holdings = portfolio(books, curves, now)
    return {"portfolio": holdings, **parts}


def _readiness(review: Board) -> dict[str, Any]:
    side = progress(review)
    return {
        "board": review,
        "panel": side,
        "verdict": verdict(review),
        "notes": notes(review, side),
        "review_url": reverse("readiness:review", args=[review.review.uuid]),
    }


def _board(user: User, now: datetime) -> Board | None:
    if not user.has_perm("readiness.view"):
        return None
    return newest_board(now)


def _needs(
    user: User, review: Board | None, holdings: Portfolio | None, now: datetime
) -> Iterator[Need]:
    if user.has_perm("operations.acknowledge"):
        yield from _alerts()
    if user.has_perm("operations.manage"):
        yield from _probes(now)
    if review is not None and user.has_perm("readiness.sign"):
        yield from _signature(user, review)
    if review is not None and user.has_perm("readiness.claim"):
        yield from _failed_lines(review)
    if holdings is not None and user.has_perm("trading.own"):
        yield from _stale_prices(holdings)


def _alerts() -> Iterator[Need]:
    for alert in operations.open_alerts():
        if alert.state == "firing" and alert.acknowledged_at is None:
            yield Need(
                tone="crit",
                icon="siren",
                title=f"{alert.severity} {alert.headline}",
                detail="Nobody has acknowledged it yet.",
                href=reverse("operations:alert", args=[alert.uid]),
            )


def _probes(now: datetime) -> Iterator[Need]:
    failing = [line for line in operations.probe_board(now) if line.state == "failing"]
    for line in failing[:5]:
        yield Need(
            tone="crit",
            icon="fail",
            title=f"Probe {line.name} fails",
            detail=line.result.detail if line.result else "",
            href=reverse("operations:index"),
        )


def _failed_lines(review: Board) -> Iterator[Need]:
    failed = review.counts.failed
    if failed:
        lines = "line" if failed == 1 else "lines"
        url = reverse("readiness:review", args=[review.review.uuid])
        yield Need(
            tone="crit",
            icon="fail",
            title=f"{failed} {lines} failed in {review.review.release}",
            detail="Evidence shows that they do not hold.",
            href=f"{url}?state=failed",
        )


def _stale_prices(holdings: Portfolio) -> Iterator[Need]:
    stale = holdings.stale
    if stale:
        have = "position has" if len(stale) == 1 else "positions have"
        yield Need(
            tone="warn",
            icon="clock",
            title=f"{len(stale)} {have} no fresh price",
            detail=", ".join(position.symbol for position in stale[:5]),
            href=reverse("portfolio:index"),
        )


def _signature(user: User, review: Board) -> Iterator[Need]:
    role = my_role(review.review, user)
    if role is None:
        return
    statement = statement_for(review, role, user)
    mine = [signed for signed in statement.signed if signed.signed.role == role]
    if statement.refusal or any(signed.valid for signed in mine):
        return
    url = reverse("readiness:sign", args=[review.review.uuid])
    if mine:
        last = mine[-1]
        void = [f"{each.key}: {each.change}" for each in last.void]
        yield Need(
            tone="warn",
            icon="pen",
            title=f"Your signature as {role} is void",
            detail=[*last.faults, *void][0],
            href=url,
        )
        return
    yield Need(
        tone="info",
        icon="pen",
        title=f"Your turn to sign {review.review.release} as {role}",
        detail=f"{plural(len(statement.rows), 'claim')} in your scope.",
        href=url,
    )
