// The loop of a reviewer: ticks and records without a page load, keys, and what changed
// meanwhile. Without this file each tick is a form and each record stands on its line's page.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const rowOf = (element) => element?.closest?.("[data-item]");
  const say = (words) => { const place = $("#say"); if (place) place.textContent = words; };
  const nameOf = (element, id) => `${element.tagName.toLowerCase()}#${id}`;
  let ticked = "";

  // --- ticks: one listener for all rows, which carry nothing but their form --------------
  function send(form, row, event) {
    event.preventDefault();
    ticked = row.id;
    window.htmx.ajax("POST", form.getAttribute("action"), {
      source: row, target: row, swap: "outerMorph", event,
      headers: { "HX-Target": nameOf(row, row.id) },
      values: Object.fromEntries(new FormData(form, event.submitter)),
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!window.htmx || !event.submitter || event.defaultPrevented) return;
    const path = form.getAttribute("action");
    if (rowOf(form) && $("[data-tick]", form)) return send(form, rowOf(form), event);
    if (!form.closest("[data-toast]")) return;
    const row = $$("[data-item] form").find((each) => each.getAttribute("action") === path);
    if (!row) return;
    send(form, rowOf(row), event);
    $("[data-tick]", row).focus();
  });

  // Undo is the next stop after the tick, and what follows the tick comes after it.
  document.addEventListener("keydown", (event) => {
    const undo = $("[data-toast] button"), here = document.activeElement;
    const tick = $("[data-tick]", document.getElementById(ticked) ?? $("#toast"));
    if (event.key !== "Tab" || !undo || !tick) return;
    if (here === undo) {
      tick.focus();
      if (event.shiftKey) event.preventDefault();
    } else if (here === tick && !event.shiftKey) {
      event.preventDefault();
      undo.focus();
    }
  });

  // --- records: what stands behind a state opens under its row ----------------------------
  function toggle(row) {
    const open = $("[data-record]", row);
    const link = $$(":scope > a", row).at(-1);
    if (open) {
      if (open.contains(document.activeElement)) link.focus();
      link.removeAttribute("aria-expanded");
      return open.remove();
    }
    const place = document.createElement("div");
    place.className = "item__record";
    place.dataset.record = "";
    row.append(place);
    link.setAttribute("aria-expanded", "true");
    window.htmx.ajax("GET", $("a", row).getAttribute("href"), {
      source: place, target: place, swap: "innerHTML",
      headers: { "HX-Target": nameOf(place, "record") },
    });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-board] [data-item] > a");
    if (!link || !window.htmx || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.matches(":first-of-type") || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    toggle(rowOf(link));
  });

  // A poll or a tick draws a row without the record that its reader has opened: it stays.
  window.htmx?.registerExtension("review", {
    htmx_before_morph_node: (_, { oldNode, newNode }) => {
      const record = oldNode.matches?.("[data-item]") && $("[data-record]", oldNode);
      if (!record || $("[data-record]", newNode)) return;
      newNode.append(record.cloneNode(true));
      $$(":scope > a", newNode).at(-1)?.setAttribute("aria-expanded", "true");
    },
  });

  // --- live changes: said, and seen on their rows -----------------------------------------
  const wordOf = (row) => $("a b", row)?.textContent ?? row.dataset.state;
  const isClaimed = (row) => Boolean($("[aria-pressed=true], [data-on]", row));
  const seen = (row) => ({ word: wordOf(row), claimed: isClaimed(row) });
  const states = () => new Map($$("[data-item]").map((row) => [row.id, seen(row)]));
  // A tick moves no word where evidence says more than it: a failed line stays failed.
  const becameOf = (row) => {
    const was = before.states.get(row.id), is = seen(row);
    if (!was) return "";
    if (was.word !== is.word) return `${row.id} is now ${is.word}`;
    if (was.claimed === is.claimed) return "";
    return is.claimed ? `${row.id} was claimed` : `${row.id} is no longer claimed`;
  };
  let before = null;

  const polled = (event) => event.detail.ctx?.sourceElement?.matches?.("[data-board]");

  document.addEventListener("htmx:before:swap", (event) => {
    before = polled(event) ? { states: states(), verdict: $("[data-verdict]")?.dataset.verdict } : null;
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (!before || !polled(event)) return;
    const changed = $$("[data-item]").filter(becameOf);
    const verdict = $("[data-verdict]")?.dataset.verdict;
    const words = changed.slice(0, 3).map(becameOf);
    if (changed.length > 3) words.push(`${changed.length - 3} more lines changed`);
    if (verdict !== before.verdict) words.push(verdict);
    before = null;
    for (const row of changed) row.dataset.changed = "";
    if (!words.length) return;
    say(words.join(". "));
    const place = $("[data-changes]");
    if (place) place.textContent = `${new Date().toISOString().slice(11, 16)} UTC · ${words.join(" · ")}`;
  });

  // --- keys: app.js hands over what it does not know ---------------------------------------
  function jump(step) {
    const stops = $$("[data-blocker]");
    const here = document.activeElement;
    const row = rowOf(here) ?? here;
    const follows = (each) => row.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
    const inside = stops.includes(row) || rowOf(here);
    const ahead = inside ? stops.filter((each) => each !== row && Boolean(follows(each)) === step > 0)
      : step > 0 ? stops : [];
    const next = step > 0 ? ahead[0] : ahead.at(-1);
    if (!next) return say(step > 0 ? "No further blocker" : "No blocker before this");
    (next.matches("a") ? next : $("[data-tick], a", next)).focus();
    next.scrollIntoView({ block: "center" });
  }

  const keys = {
    n: () => jump(1),
    p: () => jump(-1),
    e: () => { const row = rowOf(document.activeElement); if (row) toggle(row); },
    u: () => ($("[data-toast] button") ?? $("[data-tick]", document.getElementById(ticked) ?? $("#toast")))?.click(),
    s: () => $$("[data-sign]").find((link) => link.offsetParent)?.click(),
  };

  document.addEventListener("rrr:key", (event) => {
    if (!$("[data-board]") || !keys[event.detail]) return;
    event.preventDefault();
    keys[event.detail]();
  });
})();
