"""Find anything: what the palette and /search/ know beside the pages, for one person.

Each kind has one bounded question of its own; what a person may not open is not asked
for at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from accounts import queries as accounts
from accounts.models import User
from operations import queries as operations
from readiness.queries.board import board
from readiness.queries.logged import newest_living
from readiness.queries.reviews import reviews
from readiness.queries.statements import my_role
from rrr_dashboard.overview import reads_trading
from rrr_dashboard.shell import NavEntry
from trades.queries.books import books_of
from trades.queries.search import decisions_called, positions_of, trades_called
from trades.queries.trades import strategies_of

MOST = 5
SHORTEST = 2
LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One thing that was asked for; `kind` is what it is, as people say it."""

    kind: str
    title: str
    href: str
    icon: str
    note: str = ""


def search(user: User, text: str, places: list[NavEntry]) -> list[Hit]:
    """Pages and actions first, then at most five of each kind; nothing for one letter."""
    text = " ".join(text[:LONGEST].split())
    if len(text) < SHORTEST:
        return []
    hits = list(_of_places(text, places))
    for permission, ask in KINDS:
        if user.has_perm(permission):
            hits += islice(ask(user, text), MOST)
    if reads_trading(user):
        for ask in OF_TRADING:
            hits += islice(ask(user, text), MOST)
    return hits


def _like(text: str, *told: str) -> bool:
    """Every word is in it, in any order."""
    within = " ".join(told).lower()
    return all(part in within for part in text.lower().split())


def _of_places(text: str, places: list[NavEntry]) -> Iterator[Hit]:
    for entry in places:
        if _like(text, entry.label):
            yield Hit(kind="Page", title=entry.label, href=entry.path, icon=entry.icon)


def _alerts(user: User, text: str) -> Iterator[Hit]:
    acknowledges = user.has_perm("operations.acknowledge")
    recent = operations.alerts(limit=50).rows
    for alert in sorted(recent, key=lambda alert: alert.state == "resolved"):
        verb = acknowledges and alert.state == "firing" and not alert.acknowledged_at
        title = f"{alert.severity} {alert.title}"
        about = (alert.rule, alert.target, alert.about)
        if _like(text, title, *about, "acknowledge" if verb else ""):
            yield Hit(
                kind="Acknowledge" if verb else "Alert",
                title=title,
                note=f"{alert.about} · {alert.state}",
                href=reverse("operations:alert", args=[alert.uid]),
                icon="siren",
            )


def _rules(user: User, text: str) -> Iterator[Hit]:
    for name, title in operations.runbook_titles().items():
        if _like(text, "runbook", title, name):
            href = reverse("operations:runbook", args=[name])
            yield Hit(kind="Runbook", title=title, href=href, icon="book")


def _lines(user: User, text: str) -> Iterator[Hit]:
    review = newest_living()
    if review is None:
        return
    url = reverse("readiness:review", args=[review.uuid])
    for row in board(review, timezone.now()).rows:
        if _like(text, row.key, row.shape.title):
            yield Hit(
                kind="Item",
                title=f"{row.key} {row.shape.title}",
                note=f"in {review.release}",
                href=f"{url}#{row.key}",
                icon="check",
            )


def _reviews(user: User, text: str) -> Iterator[Hit]:
    for review in reviews(50).rows:
        title = f"{review.release} in {review.environment}"
        if _like(text, "review", title, review.commit):
            href = reverse("readiness:review", args=[review.uuid])
            note = review.commit[:8]
            yield Hit(kind="Review", title=title, note=note, href=href, icon="ready")


def _actions(user: User, text: str) -> Iterator[Hit]:
    """What can be done with the review that is open now, on the page that does it."""
    review = newest_living()
    if review is None:
        return
    role = my_role(review, user) if user.has_perm("readiness.sign") else None
    sign, page = (
        reverse(f"readiness:{name}", args=[review.uuid]) for name in ("sign", "review")
    )
    offered = [(f"Sign as {role}", sign, "pen")] if role else []
    if user.has_perm("readiness.run"):
        offered.append(("Collect all evidence", page, "refresh"))
    for title, href, icon in offered:
        if _like(text, title):
            yield Hit(
                kind="Action", title=title, note=review.release, href=href, icon=icon
            )


def _decisions(user: User, text: str) -> Iterator[Hit]:
    for decision in decisions_called(user, text, MOST):
        yield Hit(
            kind="Decision",
            title=f"D-{decision.pk} {decision.symbol}",
            note=f"{decision.external_id}, {decision.book.name}",
            href=_trades_of(q=f"D-{decision.pk}"),
            icon="bot",
        )


def _trades(user: User, text: str) -> Iterator[Hit]:
    for trade in trades_called(user, text, MOST):
        yield Hit(
            kind="Trade",
            title=f"{trade.external_id}: {trade.side_words} {trade.symbol}",
            note=f"{trade.executed_at:%-d %b %Y}, {trade.book}",
            href=reverse("trades:trade", args=[trade.pk]),
            icon="trades",
        )


def _positions(user: User, text: str) -> Iterator[Hit]:
    for position in positions_of(user, text, MOST):
        told = [position.book.name, position.strategy]
        yield Hit(
            kind="Position",
            title=position.instrument.symbol,
            note=", ".join(filter(None, told)),
            href=reverse("portfolio:position", args=[position.pk]),
            icon="wallet",
        )


def _strategies(user: User, text: str) -> Iterator[Hit]:
    for name in strategies_of(books_of(user)):
        if _like(text, "strategy", name):
            yield Hit(
                kind="Strategy", title=name, href=_trades_of(strategy=name), icon="tag"
            )


def _whole_search(user: User, text: str) -> Iterator[Hit]:
    """Symbols, orders and notes are looked for where their trades are listed."""
    title = f"Trades with “{text}”"
    yield Hit(kind="Search", title=title, href=_trades_of(q=text), icon="search")


def _trades_of(**query: str) -> str:
    return f"{reverse('trades:index')}?{urlencode(query)}"


def _books(user: User, text: str) -> Iterator[Hit]:
    for book in books_of(user):
        if _like(text, "book", book.name):
            href = _trades_of(book=str(book.pk))
            yield Hit(kind="Book", title=book.name, href=href, icon="book")


def _people(user: User, text: str) -> Iterator[Hit]:
    people, _ = accounts.people_found(text, most=MOST)
    for person in people:
        href = reverse("accounts:person", args=[person.pk])
        note = person.get_full_name()
        yield Hit(
            kind="Person", title=person.username, note=note, href=href, icon="user"
        )


Ask = Callable[[User, str], Iterator[Hit]]
KINDS: tuple[tuple[str, Ask], ...] = (
    ("operations.view", _alerts),
    ("readiness.view", _actions),
    ("readiness.view", _lines),
    ("readiness.view", _reviews),
    ("operations.view", _rules),
    ("people.manage", _people),
)
OF_TRADING: tuple[Ask, ...] = (
    *(_positions, _decisions, _trades, _strategies, _books),
    _whole_search,
)
