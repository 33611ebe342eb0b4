"""`shoot`: every page of a tree on a copy of the kept state."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.pixels.people import ACTS, chromium, context_of
from tests.pixels.places import MOVED, PLACES, PRINTED, Place
from tests.pixels.products import (
    environment,
    free_port,
    manage,
    running,
    say,
    stopped_clock,
    wait_until_ready,
)


def shoot(
    tree: Path, state: Path, out: Path, parts: list[str], widths: list[int]
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    chosen = [
        place
        for place in PLACES
        if not parts or any(part in place.name for part in parts)
    ]
    for name in ("demo", "empty"):
        places = [place for place in chosen if place.empty == (name == "empty")]
        if places:
            with tempfile.TemporaryDirectory(prefix="pixels-") as folder:
                copy = Path(folder, "state")
                shutil.copytree(state / name, copy)
                shoot_state(tree, copy, state / f"{name}.json", out, places, widths)
    say(f"{len(list(out.glob('*.png')))} shots in {out}")


def shoot_state(
    tree: Path,
    copy: Path,
    kept: Path,
    out: Path,
    places: list[Place],
    widths: list[int],
) -> None:
    known = json.loads(kept.read_text())
    port, log = free_port(), copy / "pixels.log"
    env = environment(copy, port)
    for left in ("serve.json", "valkey.sock"):
        (copy / left).unlink(missing_ok=True)
    (copy / "metrics").mkdir(exist_ok=True)
    still = {
        **env,
        **stopped_clock(known["moment"]),
        "PROMETHEUS_MULTIPROC_DIR": str(copy / "metrics"),
    }
    valkey = subprocess.run(
        [sys.executable, "-c", VALKEY],
        cwd=tree,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    command = json.loads(valkey.stdout)
    web = (
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--log-level", "error"),
        "rrr_dashboard.asgi:application",
    )
    with running(tree, still, *command, log=log):
        manage(tree, still, "migrate", "--no-input")
        manage(tree, env, "collectstatic", "--no-input")
        with running(tree, still, *web, log=log), chromium(port) as browser:
            wait_until_ready(port, log)
            for place in places:
                shoot_place(browser, place, known, out, widths)


VALKEY = """
import json, os, pathlib
from kernel import valkey
print(json.dumps(valkey.command(pathlib.Path(os.environ["STATE_DIR"]))))
"""


def shoot_place(
    browser: Browser,
    place: Place,
    known: dict[str, Any],
    out: Path,
    widths: list[int],
) -> None:
    cookies = known["cookies"].get(place.person) if place.person else None
    context = context_of(browser, cookies)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.clock.set_fixed_time(datetime.fromisoformat(known["moment"]))
    path = place.path.format(**known["ids"])
    try:
        answer = page.goto(MOVED.get(path, path))
        if place.status and (answer is None or answer.status != place.status):
            say(f"{place.name}: {path} answered {answer and answer.status}")
        ACTS[place.do](page)
        shots(page, place, out, widths)
    except Exception as error:  # noqa: BLE001 - the other pages are still wanted
        say(f"{place.name}: {path}: {type(error).__name__}: {str(error)[:300]}")
    finally:
        context.close()


# Measured anew at each request, so no two shots would agree.
MEASURED = (
    (r"answers in [\d.,]+ ms", "answers in 1.0 ms"),
    (r"clock is \S+ s away", "clock is 0.0 s away"),
    (r"\d+ % of the disk", "50 % of the disk"),
)
SETTLED = """
async (measured) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const before = texts.currentNode.data;
    if (before.includes("clock is")) {  // it stands still, so it is ever later
      const line = texts.currentNode.parentElement.closest("li");
      if (line) line.firstElementChild.style.visibility = "hidden";
    }
    const after = measured.reduce((t, [was, is]) => t.replace(new RegExp(was), is), before);
    if (after !== before) texts.currentNode.data = after;
  }
  await Promise.all([...document.fonts].map((font) => font.load()));
  document.querySelectorAll("img, use").forEach((e) => e.getBoundingClientRect());
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  if (document.querySelector("canvas")) await new Promise((done) => setTimeout(done, 500));
}
"""


def shots(page: Page, place: Place, out: Path, widths: list[int]) -> None:
    page.wait_for_load_state("load")
    page.mouse.move(0, 0)

    def shot(name: str) -> None:
        page.evaluate(SETTLED, MEASURED)
        page.screenshot(path=out / f"{name}.png", full_page=True, animations="disabled")

    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.evaluate("(t) => {document.documentElement.dataset.theme = t}", theme)
            page.evaluate("document.dispatchEvent(new Event('rrr:theme'))")
            shot(f"{place.name}.{theme}.{width}")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.evaluate("document.dispatchEvent(new Event('rrr:theme'))")
    if place.name in PRINTED:
        page.emulate_media(media="print")
        shot(f"{place.name}.print.{widths[-1]}")
        page.emulate_media(media="screen")
    folded = "main details:not([open])"
    if page.locator(folded).count():
        page.locator(folded).evaluate_all("(all) => all.forEach((e) => e.open = true)")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            shot(f"{place.name}.open.{width}")
