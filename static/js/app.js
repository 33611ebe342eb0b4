// Small comforts; every page works without. No markup is written (Trusted Types).
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const say = (words) => { const place = $("#say"); if (place) place.textContent = words; };

  // palette and help
  const open = (id) => {
    const kept = $(`template[data-dialog="${id}"]`);
    kept?.replaceWith(kept.content);
    const box = $("#" + id);
    if (box && !box.open) box.showModal();
  };
  const pal = $("#pal"), list = $("#palist"), query = $("#palq");
  const hits = () => $$("a", pal).filter((link) => !link.closest("li").hidden);

  function choose(link) {
    for (const each of $$("[aria-selected]", pal)) each.removeAttribute("aria-selected");
    link?.setAttribute("aria-selected", "true");
    link?.scrollIntoView({ block: "nearest" });
    if (link) query.setAttribute("aria-activedescendant", link.id);
    else query.removeAttribute("aria-activedescendant");
  }

  function filter() {
    const words = query.value.toLowerCase().trim();
    for (const row of list.children) row.hidden = !row.textContent.toLowerCase().includes(words);
    if (words.length < 2) $("#palhits")?.replaceChildren();
    told();
  }

  // Said once the server has answered for what stands there now.
  function told() {
    const words = query.value.trim(), number = hits().filter((each) => each.dataset.kind !== "Search").length;
    const known = words.length < 2 || $("#palhits").dataset.q === query.value;
    const found = number ? `${number} found` : `Nothing is called “${words}”`;
    $("#palsaid").textContent = words && known ? found : "";
    choose(words ? hits()[0] : null);
  }

  $("[data-palette]")?.addEventListener("click", () => open("pal"));
  query?.addEventListener("input", filter);
  document.addEventListener("htmx:after:swap", () => { if (pal?.open) told(); });
  pal?.addEventListener("keydown", (event) => {
    const links = hits(), at = links.findIndex((each) => each.matches("[aria-selected]"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      choose(links[Math.min(Math.max(next, 0), links.length - 1)]);
    } else if (event.key === "Enter" && event.target === query && links.length) {
      event.preventDefault();
      links[Math.max(at, 0)].click();
    }
  });
  pal?.addEventListener("click", (event) => { if (event.target.closest("a")) pal.close(); });

  // shortcuts
  let going = 0;
  const rowOf = (element) => element?.closest("[data-item], tr");
  const typing = (e) => e.target.closest("input,textarea,select,[contenteditable],dialog");

  function move(step) {
    const stops = $$("[data-tick], [data-item] a, [data-open]").filter((e) => e.offsetParent);
    const rows = stops.filter((e, i) => i === 0 || rowOf(e) !== rowOf(stops[i - 1]));
    const here = rowOf(document.activeElement);
    const at = rows.findIndex((e) => rowOf(e) === here);
    rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
  }

  const keys = {
    "/": () => open("pal"),
    "?": () => open("keys"),
    j: () => move(1),
    k: () => move(-1),
    x: () => document.activeElement?.closest("[data-item]")?.querySelector("[data-tick]")?.click(),
    g: () => { going = Date.now(); },
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open("pal");
      return;
    }
    if (root.dataset.shortcuts === "off" || typing(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (Date.now() - going < 1500 && /^[a-z]$/.test(event.key)) {
      going = 0;
      $(`a[data-k="${event.key}"]`)?.click();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    } else if (!document.dispatchEvent(new CustomEvent("rrr:key", { detail: event.key, cancelable: true }))) {
      event.preventDefault(); // the page's own script knew it
    }
  });

  // theme: at once here, kept by the form's own POST
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const theme = event.submitter?.name === "theme" ? event.submitter.value : "";
    if (!theme) return;
    event.preventDefault();
    const data = new FormData(form);
    data.set("theme", theme);
    fetch(form.action, { method: "POST", body: data, redirect: "manual" })
      .then(() => show(theme), () => form.submit());
  });

  function show(theme) {
    const next = { auto: "dark", dark: "light", light: "auto" }[theme];
    root.dataset.theme = theme;
    for (const button of $$("button[name=theme]")) {
      if (button.hasAttribute("aria-pressed")) {
        button.setAttribute("aria-pressed", String(button.value === theme));
      } else {
        button.value = next;
        const use = $("use", button);
        const icon = { dark: "moon", light: "sun", auto: "monitor" }[next];
        use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#" + icon));
        $("[data-words]", button).textContent = `Switch to the ${next} colour theme`;
      }
    }
    say(`Theme: ${theme}`);
    document.dispatchEvent(new Event("rrr:theme"));
  }

  // htmx: polls, answers, failures
  const polls = (element) => /(^|[\s,])every\s/.test(element?.getAttribute?.("hx-trigger") ?? "");
  const pauses = new WeakMap(); // back off after failures

  function live(words, on) {
    const mark = $("#live");
    if (!mark) return;
    mark.classList.toggle("live--quiet", !on);
    mark.lastElementChild.textContent = words;
  }

  // As the server names zones.
  function here() {
    const { zone, named } = $("#live")?.dataset ?? {};
    return `${new Date().toLocaleTimeString("en-GB", { timeZone: zone })} ${named}`;
  }

  function failed(source) {
    const pause = Math.min((pauses.get(source)?.pause ?? 5000) * 2, 60000);
    pauses.set(source, { pause, until: Date.now() + pause });
    live("not live: no answer", false);
  }

  document.addEventListener("htmx:config:request", (event) => {
    const source = event.detail.ctx.sourceElement;
    if (!polls(source)) return;
    event.detail.ctx.request.headers["X-Poll"] = "true"; // no sign of a person
    if (document.hidden || Date.now() < (pauses.get(source)?.until ?? 0)) event.preventDefault();
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    const good = response?.status < 400;
    if (polls(sourceElement)) {
      if (!good) return failed(sourceElement);
      pauses.delete(sourceElement);
      live(`Live · ${here()}`, true);
    } else if (good) {
      $("#problem")?.replaceChildren();
    }
  });

  document.addEventListener("htmx:error", (event) => {
    const source = event.detail.ctx?.sourceElement;
    const place = $("#problem");
    if (polls(source)) failed(source);
    else if (place) place.textContent = "No answer from the server; nothing was confirmed.";
  });

  // typed when the session had ended: offered again
  const returning = $("[data-kept]");
  if (returning) {
    try {
      sessionStorage.setItem("kept", returning.dataset.kept);
      location.replace(returning.dataset.next);
    } catch { /* no storage: the page itself shows the text */ }
  } else {
    putBack();
  }

  function putBack() {
    let held = null;
    try {
      held = JSON.parse(sessionStorage.getItem("kept"));
      sessionStorage.removeItem("kept");
    } catch { /* nothing kept */ }
    if (!held) return;
    const [action, fields] = held;
    const form = [...document.forms].find(
      (each) => each.method === "post" && new URL(each.action).pathname === action);
    const note = document.createElement("div");
    note.className = "note note--warn";
    note.setAttribute("role", "status");
    const words = document.createElement("p");
    words.textContent = "Your session had ended, and nothing was changed. What you typed is here again.";
    note.append(words);
    if (form) {
      fill(form, fields);
      form.before(note);
    } else {
      note.append(...fields.map(([name, value]) => {
        const text = document.createElement("textarea");
        text.className = "input";
        text.setAttribute("aria-label", name.replaceAll("_", " "));
        text.value = value;
        return text;
      }));
      $("#main")?.prepend(note);
    }
  }

  function fill(form, fields) {
    const left = new Map();
    for (const [name, value] of fields) left.set(name, [...(left.get(name) ?? []), value]);
    let first = null;
    for (const control of form.elements) {
      const values = left.get(control.name);
      if (/^(hidden|password|file|submit|button)$/.test(control.type)) continue;
      if (/^(checkbox|radio)$/.test(control.type)) {
        if (control.name) control.checked = Boolean(values?.includes(control.value));
      } else if (control.type === "select-multiple") {
        for (const option of control.options) option.selected = Boolean(values?.includes(option.value));
      } else if (values?.length) {
        control.value = values.shift();
        if (/^text/.test(control.type)) first ??= control;
      }
    }
    for (let box = form.closest("details"); box; box = box.parentElement?.closest("details")) box.open = true;
    first?.focus();
  }

  // drawers and their focus
  let closed = "";
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) closed = location.pathname;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !typing(event) && !$("dialog[open]")) $("[data-close]")?.click();
  });

  document.addEventListener("htmx:after:swap", () => {
    const heading = $("[data-focus]");
    if (closed && !heading) $(`[data-open][href^="${closed}"]`)?.focus();
    closed = "";
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus();
    heading.removeAttribute("data-focus");
  });

  // a refused field is where somebody goes on
  $("[aria-invalid=true]")?.focus();

  // toast
  setInterval(() => {
    const toast = $("[data-toast]");
    if (!toast || toast.matches(":hover, :focus-within")) return;
    toast.dataset.age = String(Number(toast.dataset.age ?? 0) + 1);
    if (Number(toast.dataset.age) > 8) toast.remove();
  }, 1000);
})();
