"""What every page of the shell needs: navigation, environment, demo mark, badges.

Navigation holds only what the person may open: each entry asks the view behind its
path for its declared access, so no list of permissions is kept twice. Everything is
lazy: a fragment that draws no shell costs no query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.queries import preferences
from kernel.access import Access
from operations import queries as operations
from readiness.queries import reviews
from readiness.queries.board import board
from trades.queries.books import demo_books_exist

COUNTS_KEY = "shell:counts"
DEMO_KEY = "demo_data"
# Short, because a badge may lag; a tick swaps its own badge out of band.
COUNTS_SECONDS = 5
NEXT_THEME = {"auto": "dark", "dark": "light", "light": "auto"}


@dataclass(frozen=True)
class Place:
    """One page of the navigation; `key` is its letter after `g`."""

    label: str
    path: str
    icon: str
    key: str = ""
    counts: str = ""
    words: str = ""


MAIN = (
    Place("Overview", "/", "home", "o"),
    Place("Portfolio", "/portfolio/", "wallet", "p"),
    Place("Trades", "/trades/", "trades", "t"),
    Place("Performance", "/performance/", "perf", "f"),
    Place("Readiness", "/readiness/", "ready", "r", "blockers", "blockers"),
    Place("Operations", "/operations/", "ops", "s"),
    Place("Alerts", "/alerts/", "bell", "a", "alerts", "not acknowledged"),
)
REFERENCE = (
    Place("Runbooks", "/runbooks/", "book"),
    Place("API docs", "/docs", "file"),
    Place("Audit log", "/audit/", "hist"),
)
MINE = (
    Place("Profile", "/settings/profile/", "user"),
    Place("Tokens", "/settings/tokens/", "key"),
    Place("Signing key", "/settings/signing-key/", "pen"),
    Place("People", "/settings/people/", "users"),
)
TABS = ("/", "/portfolio/", "/trades/", "/readiness/", "/operations/", "/alerts/")


@dataclass(frozen=True)
class Entry:
    """A place as one page shows it."""

    place: Place
    current: bool
    count: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.place, name)

    @property
    def count_id(self) -> str:
        return f"nav-{self.place.counts}" if self.place.counts else ""

    @property
    def count_words(self) -> str:
        return self.place.words


def access_of(path: str) -> Access | None:
    """The access that the view behind `path` declares; None when there is no page."""
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return None
    for holder in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        rule = getattr(holder, "access", None)
        if isinstance(rule, Access):
            return rule
    return None


def counts() -> dict[str, int]:
    """Blockers of the newest open review, alerts firing unacknowledged, and whether
    demo rows are shown: one cached read, at most COUNTS_SECONDS old."""
    found: dict[str, int] | None = cache.get(COUNTS_KEY)
    if found is None:
        found = {
            "blockers": _blockers(),
            "alerts": operations.firing_unacknowledged(),
            "demo": int(demo_books_exist()),
        }
        cache.set(COUNTS_KEY, found, COUNTS_SECONDS)
        # The error page asks no database, yet says whose rows these were.
        cache.set(DEMO_KEY, found["demo"], None)
    return found


def _blockers() -> int:
    review = reviews.newest_living()
    return len(board(review, timezone.now()).verdict.blockers) if review else 0


class Shell:
    """The frame around one page, for one person."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def _counts(self) -> dict[str, int]:
        return counts()

    def _entries(self, places: tuple[Place, ...]) -> Iterator[Entry]:
        for place in places:
            rule = access_of(place.path)
            if rule is not None and rule.allows(self.request.user, "GET"):
                yield Entry(
                    place,
                    self._is_current(place.path),
                    self._counts.get(place.counts, 0) if place.counts else 0,
                )

    def _is_current(self, path: str) -> bool:
        here = self.request.path
        return here == path if path == "/" else here.startswith(path)

    @cached_property
    def main(self) -> list[Entry]:
        return list(self._entries(MAIN))

    @cached_property
    def reference(self) -> list[Entry]:
        return list(self._entries(REFERENCE))

    @cached_property
    def mine(self) -> list[Entry]:
        return list(self._entries(MINE))

    @cached_property
    def tabs(self) -> list[Entry]:
        """At most four places of the phone's tab bar; `more` holds the rest."""
        by_path = {entry.place.path: entry for entry in self.main}
        return [by_path[path] for path in TABS if path in by_path][:4]

    @property
    def more(self) -> list[Entry]:
        shown = {entry.place.path for entry in self.tabs}
        rest = [entry for entry in self.main if entry.place.path not in shown]
        return rest + self.reference

    @property
    def all(self) -> list[Entry]:
        return self.main + self.reference + self.mine

    @property
    def alerts(self) -> Entry | None:
        return next((e for e in self.main if e.place.counts == "alerts"), None)

    @property
    def other_theme(self) -> str:
        return NEXT_THEME.get(preferences(self.request)["theme"], "auto")

    @property
    def name(self) -> str:
        user = self.request.user
        if not user.is_authenticated:
            return "Nobody"
        return user.get_full_name() or user.get_username()

    @property
    def initials(self) -> str:
        words = self.name.split() or ["?"]
        return (words[0][:1] + (words[1][:1] if words[1:] else words[0][1:2])).upper()

    @cached_property
    def roles(self) -> list[str]:
        """One query: the person's roles."""
        if not self.request.user.is_authenticated:
            return []
        return list(self.request.user.groups.values_list("name", flat=True))


def shell(request: HttpRequest) -> dict[str, Any]:
    return {
        "rrr_env": settings.RRR_ENV,
        "rrr_version": settings.RRR_VERSION,
        "demo_data": SimpleLazyObject(lambda: bool(counts().get("demo"))),
        "prefs": SimpleLazyObject(lambda: preferences(request)),
        "shell": Shell(request),
    }
