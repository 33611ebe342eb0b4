"""No page of the product breaks at any width, however much or little there is in it.

Pages are drawn by the product in this process and laid out by a browser: every page of
the contract, in a world of long words, large amounts and many rows, and in an empty one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client
from playwright.sync_api import Page, Route

from accounts.models import User
from audit import services as audit_services
from rrr_dashboard.staticfiles import STYLESHEET, joined
from tests.chromium import chromium
from tests.frontend.wide_world import wide_world
from tests.heads import leave_at_once
from tests.permissions import contract
from tests.permissions.test_matrix import rows
from tests.permissions.world import EVERYBODY, logged_in

# The walk is one fixture: minutes where much else runs.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

ORIGIN = "http://layout.test"
Database = Callable[[], AbstractContextManager[None]]
WIDTHS = (320, 820, 1440)  # the narrowest, and each side of the change of layout
# Drawn by libraries, and the site of Django.
ELSEWHERE = ("/docs", "/metrics", "/openapi.json", "/health", ".csv", ".jsonl")
LOOK = (Path(__file__).parent / "layout.js").read_text()
DOCUMENTS = ("/redoc", "/styleguide/")  # their tables explain, and hold nothing
NOT_AS_CSV = """
() => [...document.querySelectorAll("main table")].filter((table) => {
  const around = [table.closest(".card"), document.querySelector("main .head")];
  return !around.some((each) => each?.querySelector("a[href*='.csv']"));
}).map((table) => table.caption?.textContent.trim() ?? "a table without a caption")
"""
# By the beginning of their captions: what is no list that is kept.
NO_CSV: Mapping[str, str] = {
    "Sessions": "log-ins that still hold, to be ended and not counted",
    "The first and the last facts": "of a file that somebody has",
    "Symbols of the file": "of a file that somebody has",
    "Positions before and after": "what would be, before it is booked",
    "Columns of the file": "of a file that somebody has",
    "Sections of the checklist": "of a file, before or after it is published",
    "Lines that look like boxes": "of a file, before or after it is published",
    "Repairs of wrongly decoded": "of a file that somebody has",
    "What is measured": "one check of one line, in its bundle",
}


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Database:
    """What is done in it is gone afterwards."""

    @contextmanager
    def undone() -> Iterator[None]:
        leaves = patch.object(audit_services, "_publish_on_commit", leave_at_once)
        with django_db_blocker.unblock(), leaves, transaction.atomic():
            yield
            transaction.set_rollback(True)

    return undone


@contextmanager
def sheet(pages: Mapping[str, bytes]) -> Iterator[Page]:
    """A page of a browser that gets everything from this process."""
    with chromium() as browser:
        page = browser.new_page(reduced_motion="reduce")
        served(page, pages)
        yield page


def served(page: Page, pages: Mapping[str, bytes]) -> None:
    """Answer each request of the browser: a page, a file of ours, or nothing."""

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path in pages:
            route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        elif path.startswith(settings.STATIC_URL):
            route.fulfill(**static(path.removeprefix(settings.STATIC_URL)))
        else:
            route.abort()

    page.route("**/*", answer)


@cache
def static(name: str) -> dict[str, Any]:
    """The stylesheet as it is collected, so that it is one file."""
    path = Path(str(finders.find(name)))
    if name == STYLESHEET:
        folder = path.parents[1]
        styles = {
            file.relative_to(folder).as_posix(): file.read_text()
            for file in folder.rglob("*.css")
        }
        return {"body": joined(name, styles), "content_type": "text/css"}
    return {"path": path}


def addresses(ids: Mapping[str, str]) -> list[str]:
    """Every page of the contract of which there is one."""
    paths = []
    for row in rows(contract.PAGES):
        names = re.findall(r"\{(\w+)\}", row.path)
        if "GET" in row.rights and set(names) <= set(ids):
            paths.append(re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], row.path))
    return [path for path in paths if not any(part in path for part in ELSEWHERE)]


def opened(client: Client, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code < 500, path
    return answer.content if answer.status_code == 200 else b""


def broken(page: Page, path: str, widths: Sequence[int] = WIDTHS) -> list[str]:
    page.goto(ORIGIN + path)
    page.evaluate("document.fonts.ready")
    return [f"{path} {what}" for what in faults(page, widths)]


def faults(page: Page, widths: Sequence[int] = WIDTHS) -> Iterator[str]:
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        for what in page.evaluate(LOOK):
            yield f"at {width}: {what}"


def drawn(clients: Sequence[Client], paths: Iterable[str]) -> dict[str, bytes]:
    """Each page as the first of them sees it who may."""
    pages = {}
    for path in paths:
        seen = filter(None, (opened(client, path) for client in clients))
        if html := next(seen, b""):
            pages[path] = html
    return pages


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What was found on the way: faults of layout, and by its caption a page of each
    table that is not offered as CSV."""

    pages: int
    faults: Sequence[str]
    tables: Mapping[str, str]


@pytest.fixture(scope="module")
def walk(database: Database) -> Walk:
    """Over every page there is, full."""
    with database():
        world, ids = wide_world()
        clients = [world.clients[EVERYBODY], world.clients["Trader"]]
        pages = drawn(clients, addresses(ids))
    faults: list[str] = []
    tables: dict[str, str] = {}
    with sheet(pages) as page:
        for path in pages:
            faults += broken(page, path)
            if path not in DOCUMENTS:
                tables |= dict.fromkeys(page.evaluate(NOT_AS_CSV), path)
    return Walk(pages=len(pages), faults=faults, tables=tables)


def test_no_page_breaks_when_full(walk: Walk) -> None:
    assert walk.pages > 60
    assert not walk.faults, json.dumps(walk.faults, indent=1)


def test_every_table_can_be_taken_away(walk: Walk) -> None:
    """As CSV, beside it or on top of its page; or the reason why not stands here."""
    unknown = {
        caption: path
        for caption, path in walk.tables.items()
        if not any(re.match(known, caption) for known in NO_CSV)
    }
    assert not unknown, json.dumps(unknown, indent=1)


def test_no_page_breaks_when_there_is_nothing(database: Database) -> None:
    known = {"rule": "memory", "runbook": "memory", "metric": "sharpe"}
    with database():
        somebody = User.objects.create_user("ada")
        somebody.groups.set(Group.objects.all())
        pages = drawn([logged_in(somebody)], set(addresses(known)) - set(DOCUMENTS))
    assert len(pages) > 30
    with sheet(pages) as page:
        found = [what for path in pages for what in broken(page, path, (320, 1440))]
    assert not found, json.dumps(found, indent=1)


WELL = f"""<!doctype html><html lang="en"><title>Well</title>
<link rel="stylesheet" href="{settings.STATIC_URL}{STYLESHEET}">
<main>
  <dl class="card kpis">{"<div class='kpi'><dt>Value</dt><dd>$1.00</dd></div>" * 6}</dl>
  <section class="card"><p>A card.</p></section>
  <form class="card__body"><p class="field"><input class="input" name="q"></p></form>
</main>"""
BREAKS = {
    "the page is": "main { min-width: 600px }",
    "scrolls for": "main { min-height: 902px }",
    "stands out of its box": ".kpi dd { white-space: nowrap; width: 4px }",
    "stands over": ".kpi { height: 8px }",
    "is wider than a line of reading": "main form * { max-width: none } main { max-width: none }",
}


def test_what_breaks_is_found() -> None:
    """By each rule of layout.js, of a page that keeps them all until then."""
    with sheet({"/": WELL.encode()}) as page:
        for fault, style in BREAKS.items():
            assert broken(page, "/") == []
            page.add_style_tag(content=style)
            assert any(fault in what for what in faults(page)), fault
