"""`make`: let the product live for a while with people in it; keep what is left."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.pixels.people import (
    CHECKLIST,
    TRADES_CSV,
    chromium,
    context_of,
    first_link,
    log_in,
    post_file,
    sign,
)
from tests.pixels.products import (
    COMMIT,
    ORIGIN,
    PASSWORD,
    PEOPLE,
    environment,
    free_port,
    manage,
    running,
    say,
    wait_until_ready,
)

# The product runs this long in `make`: a first round of probes, jobs and a backup.
LIVES_SECONDS = 75


def make(tree: Path, state: Path) -> None:
    state.mkdir(parents=True)
    for name in ("demo", "empty"):
        live(tree, state, name)


def live(tree: Path, state: Path, name: str) -> None:
    """Let the product live for a while, with people in it; keep what is left."""
    folder, port, demo = state / name, free_port(), name == "demo"
    folder.mkdir()
    log = state / f"{name}.log"
    env = environment(folder, port, demo=demo)
    serve = (sys.executable, "manage.py", "serve")
    with running(tree, env, *serve, log=log), chromium(port) as browser:
        wait_until_ready(port, log)
        begun = time.monotonic()
        if not demo:
            manage(tree, env, "shell", "-c", FIRST_PERSON)
        cookies, ids = people_come(browser, PEOPLE if demo else ("admin",), demo)
        time.sleep(max(0.0, LIVES_SECONDS - (time.monotonic() - begun)))
        if demo:
            ids |= find_ids(browser, cookies)
    shutil.rmtree(folder / "static", ignore_errors=True)
    kept = {"moment": datetime.now(UTC).isoformat(), "cookies": cookies, "ids": ids}
    (state / f"{name}.json").write_text(json.dumps(kept, indent=1))
    say(f"{name}: kept at {kept['moment']}, {ids}")


FIRST_PERSON = f"""
from accounts.services.people import add_person
add_person("admin", email="admin@example.test", password={PASSWORD!r},
           roles=["Administrator"], by="system")
"""


def people_come(
    browser: Browser, people: tuple[str, ...], demo: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Everybody logs in and, in the demo, some do things; ids of what they made."""
    cookies: dict[str, Any] = {}
    ids: dict[str, str] = {}
    for person in people:
        context = context_of(browser)
        page = context.new_page()
        log_in(page, person)
        if demo:
            ids |= do_things(page, person)
        cookies[person] = context.storage_state()
        context.close()
    return cookies, ids


def do_things(page: Page, person: str) -> dict[str, str]:
    def here() -> str:
        return page.url.removeprefix(ORIGIN)

    if person == "trader":
        post_file(page, "/trades/import/", "trades.csv", TRADES_CSV)
        return {"trades_import": here()}
    if person == "developer":
        review = first_link(page, "/readiness/", r"/readiness/reviews/[0-9a-f-]{36}/$")
        page.goto(f"{review}sign/")
        sign(page, PASSWORD)
        return {"review": review}
    if person == "admin":
        post_file(page, "/readiness/templates/import/", "tide.md", CHECKLIST)
        draft = here()
        page.goto("/readiness/reviews/new/")
        if page.locator("main form [name=commit]").count():
            page.fill("main [name=release]", "2.0.0")
            page.fill("main [name=commit]", COMMIT[::-1])
            if page.locator("main [name=imported_ticks]").count():
                page.check("main [name=imported_ticks]")
            page.locator("main form button").last.click()
            page.wait_for_load_state()
        return {"draft": draft, "second_review": here()}
    return {}


def find_ids(browser: Browser, cookies: dict[str, Any]) -> dict[str, str]:
    """Addresses that carry ids, found as a person would: by following links."""
    ids: dict[str, str] = {}
    wanted = (
        ("trader", "trade", "/trades/", r"^/trades/\d+/"),
        ("trader", "position", "/portfolio/", r"/portfolio/positions/\d+/"),
        ("trader", "metric", "/performance/", r"/performance/metrics/"),
        ("operator", "alert", "/alerts/", r"^/alerts/[0-9a-f-]{36}/"),
        ("admin", "person", "/settings/people/", r"^/settings/people/\d+/"),
    )
    contexts = {name: context_of(browser, cookies[name]) for name, *_ in wanted}
    for person, name, path, pattern in wanted:
        page = contexts[person].new_page()
        link = first_link(page, path, pattern)
        ids[name] = path + link if link.startswith("?") else link
        page.close()
    page = contexts["trader"].new_page()
    page.goto("/portfolio/")
    book = page.locator("main select[name=book] option[value]:not([value=''])")
    ids["book"] = (book.first.get_attribute("value") if book.count() else "") or "1"
    page = context_of(browser, cookies["developer"]).new_page()
    review = first_link(page, "/readiness/", r"/readiness/reviews/[0-9a-f-]{36}/$")
    ids["review"] = review
    page.goto(review)
    items = page.locator(f'main a[href^="{review}items/"]')
    urls = list(
        dict.fromkeys(items.evaluate_all("(all) => all.map((a) => a.pathname)"))
    )
    for name in ("item_evidence", "item_probe", "item_open"):
        ids[name] = urls[0]
    for url in urls:
        page.goto(url)
        text = page.locator("main").inner_text()
        if "walk-through" in text:
            ids["item_evidence"] = url
        elif "item_probe" not in ids or re.search(r"\bprobe\b", text, re.IGNORECASE):
            ids["item_probe"] = url
        elif "Open" in text:
            ids["item_open"] = url
    return ids
