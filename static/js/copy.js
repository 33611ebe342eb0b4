// Figures and tables are taken away as numbers. Every page works without this file.
(() => {
  "use strict";
  const say = (words) => { const place = document.querySelector("#say"); if (place) place.textContent = words; };

  // What is copied by hand pastes into a spreadsheet as numbers: arrows, signs and groups
  // are for reading. Where the full precision is known ([data-exact]) it is copied.
  const shown = /^[▲▼]?\s*([+−-]?)[$€£]?([\d,]+(?:\.\d+)?)(?:\s(%)|\s[A-Z]{3,10})?$/;
  function plain(element) {
    if (element.dataset.exact) return element.dataset.exact;
    const text = element.innerText.replace(/\s+/g, " ").trim();
    const [, sign, digits, percent] = text.match(shown) || [];
    if (!digits) return text;
    const minus = sign === "−" || sign === "-" ? "-" : "";
    return minus + digits.replaceAll(",", "") + (percent || "");
  }
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const within = selection.getRangeAt(0).commonAncestorContainer;
    const around = within.nodeType === 1 ? within : within.parentElement;
    const holds = (node) => selection.containsNode(node, true);
    const rows = [...(around.closest("table")?.rows || [])].filter(holds);
    const figure = around.closest("[data-exact]");
    let text = figure && selection.toString().trim() === figure.innerText.trim() ? plain(figure) : "";
    if (rows.length > 1 || (rows.length && around.tagName === "TR"))
      text = rows.map((row) => [...row.cells].filter(holds).map(plain).join("\t")).join("\n");
    if (!text) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say("Copied");
    } catch {
      say("The browser refused to copy; select the text instead");
    }
  });
})();
