"""What every page of the shell needs: navigation, environment, demo mark, badges.

Navigation holds only what the person may open: each entry asks the view behind its
URL for its declared access, so no list of permissions is kept twice, and a page that
is not there cannot be named. Everything is lazy: a fragment that draws no shell costs
no query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from accounts.queries import preferences, roles_of
from kernel.access import Access
from rrr_dashboard.badges import counts

NEXT_THEME = {"auto": "dark", "dark": "light", "light": "auto"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One page of the navigation: the name of its URL, and its letter after `g`.
    `counts` is what its badge counts, in `counts_title` as people say it."""

    label: str
    name: str
    icon: str
    key: str = ""
    counts: str = ""
    counts_title: str = ""


MAIN = (
    Place(label="Overview", name="overview", icon="home", key="o"),
    Place(label="Portfolio", name="portfolio:index", icon="wallet", key="p"),
    Place(label="Trades", name="trades:index", icon="trades", key="t"),
    Place(label="Performance", name="portfolio:performance", icon="perf", key="f"),
    Place(label="Books", name="trades:books", icon="list", key="b"),
    Place(
        label="Readiness",
        name="readiness:index",
        icon="ready",
        key="r",
        counts="blockers",
        counts_title="blockers",
    ),
    Place(label="Operations", name="operations:index", icon="ops", key="s"),
    Place(
        label="Alerts",
        name="operations:alerts",
        icon="bell",
        key="a",
        counts="alerts",
        counts_title="not acknowledged",
    ),
)
REFERENCE = (
    Place(label="Runbooks", name="operations:runbooks", icon="book"),
    Place(label="API docs", name="docs", icon="file"),
    Place(label="Audit log", name="audit:index", icon="hist"),
)
MINE = (
    Place(label="Profile", name="accounts:profile", icon="user"),
    Place(label="Tokens", name="accounts:tokens", icon="key"),
    Place(label="Signing key", name="accounts:signing-key", icon="pen"),
    Place(label="People", name="accounts:people", icon="users"),
)
# What the palette finds beside the pages of the navigation.
WORK = (
    Place(label="New trade", name="trades:new-trade", icon="plus"),
    Place(label="New transfer", name="trades:new-transfer", icon="plus"),
    Place(label="New price", name="trades:new-price", icon="plus"),
    Place(label="New split", name="trades:new-split", icon="plus"),
    Place(label="State a balance", name="portfolio:new-balance", icon="plus"),
    Place(label="Import trades", name="trades:import", icon="up"),
    Place(label="Transfers", name="trades:transfers", icon="in"),
    Place(label="Prices", name="trades:prices", icon="tag"),
    Place(label="Splits", name="trades:splits", icon="cols"),
    Place(label="Reconciliation", name="portfolio:reconciliation", icon="scale"),
)
TABS = (
    "overview",
    "portfolio:index",
    "trades:index",
    "readiness:index",
    "operations:index",
    "operations:alerts",
)


@dataclass(frozen=True, kw_only=True)
class NavEntry:
    """A place as one page shows it."""

    name: str
    label: str
    path: str
    icon: str
    key: str
    current: bool
    count: int
    count_id: str
    count_words: str


@cache
def access_of(name: str) -> Access:
    """The access that the view behind this URL declares."""
    view: Any = resolve(reverse(name)).func
    for holder in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        rule = getattr(holder, "access", None)
        if isinstance(rule, Access):
            return rule
    raise LookupError(f"the page {name} declares no access")


class Shell:
    """The frame around one page, for one person."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def _counts(self) -> dict[str, int]:
        return counts()

    def _entries(self, places: tuple[Place, ...]) -> Iterator[NavEntry]:
        for place in places:
            if access_of(place.name).allows(self.request.user, "GET"):
                path = reverse(place.name)
                yield NavEntry(
                    name=place.name,
                    label=place.label,
                    path=path,
                    icon=place.icon,
                    key=place.key,
                    current=self._is_current(path),
                    count=self._counts.get(place.counts, 0) if place.counts else 0,
                    count_id=f"nav-{place.counts}" if place.counts else "",
                    count_words=place.counts_title,
                )

    def _is_current(self, path: str) -> bool:
        here = self.request.path
        return here == path if path == "/" else here.startswith(path)

    @cached_property
    def main(self) -> list[NavEntry]:
        return list(self._entries(MAIN))

    @cached_property
    def work(self) -> list[NavEntry]:
        return list(self._entries(WORK))

    @cached_property
    def reference(self) -> list[NavEntry]:
        return list(self._entries(REFERENCE))

    @cached_property
    def mine(self) -> list[NavEntry]:
        return list(self._entries(MINE))

    @cached_property
    def tabs(self) -> list[NavEntry]:
        """At most four places of the phone's tab bar; `more` holds the rest."""
        by_name = {entry.name: entry for entry in self.main}
        return [by_name[name] for name in TABS if name in by_name][:4]

    @property
    def more(self) -> list[NavEntry]:
        shown = {entry.name for entry in self.tabs}
        rest = [entry for entry in self.main if entry.name not in shown]
        return rest + self.reference

    @property
    def all(self) -> list[NavEntry]:
        return self.main + self.work + self.reference + self.mine

    @property
    def alerts(self) -> NavEntry | None:
        return next((e for e in self.main if e.name == "operations:alerts"), None)

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
        first, *rest = self.name.split() or ["?"]
        return (first[:1] + (rest[0][:1] if rest else first[1:2])).upper()

    @cached_property
    def roles(self) -> list[str]:
        """One query: the person's roles."""
        if not self.request.user.is_authenticated:
            return []
        return roles_of(self.request.user)


def shell(request: HttpRequest) -> dict[str, Any]:
    return {
        "rrr_env": settings.RRR_ENV,
        "rrr_version": settings.RRR_VERSION,
        "demo_data": SimpleLazyObject(lambda: bool(counts().get("demo"))),
        "prefs": SimpleLazyObject(lambda: preferences(request)),
        "shell": Shell(request),
    }
