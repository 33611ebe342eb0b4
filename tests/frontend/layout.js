// What of a page stands where it should not, at the width that it has now.
() => {
  const wrong = [];
  const say = (what, element) => wrong.push(
    `${what}: ${element.tagName.toLowerCase()}.${element.className} “${element.textContent.trim().slice(0, 40)}”`);
  const root = document.scrollingElement;
  const right = (element) => element.getBoundingClientRect().right + scrollX;
  if (root.scrollWidth > innerWidth) {
    const widest = [...document.querySelectorAll("body *")].filter((each) => right(each) >= root.scrollWidth - 1);
    say(`the page is ${root.scrollWidth} px wide`, widest.at(-1) ?? root);
  }
  const style = (element) => getComputedStyle(element);
  const APART = ".visually-hidden, .skip, svg, dialog, .uplot, option, datalist, noscript, [hidden]";

  // Scroll bars for a pixel or two: what fits needs none.
  for (const element of [root, ...document.querySelectorAll("body *")]) {
    const { overflowX, overflowY } = style(element);
    const scrolls = (overflow) => element === root || /auto|scroll/.test(overflow);
    const wide = element.scrollWidth - element.clientWidth, high = element.scrollHeight - element.clientHeight;
    if (!element.clientWidth || element.closest(APART)) continue;
    if (scrolls(overflowX) && wide > 0 && wide < 3) say(`scrolls sideways for ${wide} px`, element);
    if (scrolls(overflowY) && high > 0 && high < 3) say(`scrolls for ${high} px`, element);
  }

  // Each line of text as a box, as far as it is seen.
  const clips = new Map();
  function clip(element) {
    if (!element || element === document.documentElement) return { left: -1e6, top: -1e6, right: 1e6, bottom: 1e6 };
    if (!clips.has(element)) {
      let box = clip(element.parentElement);
      const { overflowX, overflowY } = style(element), own = element.getBoundingClientRect();
      if (overflowX !== "visible") box = { ...box, left: Math.max(box.left, own.left), right: Math.min(box.right, own.right) };
      if (overflowY !== "visible") box = { ...box, top: Math.max(box.top, own.top), bottom: Math.min(box.bottom, own.bottom) };
      clips.set(element, box);
    }
    return clips.get(element);
  }
  const floats = (element) => {
    for (let each = element; each; each = each.parentElement) if (/fixed|sticky|absolute/.test(style(each).position)) return true;
    return false;
  };
  const lines = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, element = text.parentElement;
    if (!text.data.trim() || element.closest(APART) || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (floats(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) {
      const seen = clip(element);
      const line = { element, left: Math.max(box.left, seen.left), right: Math.min(box.right, seen.right),
        top: Math.max(box.top, seen.top), bottom: Math.min(box.bottom, seen.bottom) };
      if (line.right - line.left > 1 && line.bottom - line.top > 1) lines.push(line);
    }
  }

  // Out of its box: a card, a cell, a button, a figure.
  const BOX = "td, th, dd, dt, .card, button, .button, .chip, .kpi, .note, label, summary, .count";
  for (const line of lines) {
    const box = line.element.closest(BOX)?.getBoundingClientRect();
    if (!box) continue;
    if (line.right > box.right + 2 || line.left < box.left - 2) say("stands out of its box sideways", line.element);
    else if (line.bottom > box.bottom + 4 || line.top < box.top - 4) say("stands out of its box", line.element);
  }

  // Over one another.
  lines.sort((a, b) => a.top - b.top);
  for (let n = 0; n < lines.length; n++) {
    for (let m = n + 1; m < lines.length && lines[m].top < lines[n].bottom - 4; m++) {
      const across = Math.min(lines[n].right, lines[m].right) - Math.max(lines[n].left, lines[m].left);
      const down = Math.min(lines[n].bottom, lines[m].bottom) - lines[m].top;
      if (across > 2 && down > 4 && lines[n].element !== lines[m].element) {
        say(`stands over “${lines[m].element.textContent.trim().slice(0, 30)}”`, lines[n].element);
      }
    }
  }

  // A form is no wider than a line of reading, but where it stands in a row or a table.
  const reading = parseFloat(style(document.documentElement).getPropertyValue("--reading"));
  for (const field of document.querySelectorAll("main form :is(input:not([type=hidden]), select, textarea)")) {
    if (field.getBoundingClientRect().width > reading + 1) say("is wider than a line of reading", field);
  }
  return [...new Set(wrong)].slice(0, 6);
}
