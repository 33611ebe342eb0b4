// Draws a time series with uPlot over the server's SVG: zoom by dragging, values under
// the pointer. The SVG stays in the page for print and comes back if anything fails.
(() => {
  "use strict";
  const drawn = new Map();

  function colour(name) {
    // light-dark() resolves only as a computed colour, so an element is asked.
    const probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
    probe.style.color = `var(--${name})`;
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  }

  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const percent = (value) => `${number.format(value * 100)} %`.replace("-", "−");
  const plain = (value) => number.format(value).replace("-", "−");
  const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

  function axes(say, dated) {
    const text = colour("text-2"), line = colour("line");
    const common = { stroke: text, font: "11px Inter, sans-serif", grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return [
      { ...common, grid: { show: false }, show: dated },
      { ...common, side: 1, size: 64, space: 26, values: (_, ticks) => ticks.map(say) },
    ];
  }

  // data: {t: [seconds], panels: [{height, percent, series: [{name, values, colour, fill}]}], flows: [{t, up}]}
  // Money that came in (up) or went out, as triangles on the floor of the first panel.
  function flows(plot, moved) {
    const { left, top, height, width } = plot.bbox, pen = plot.ctx;
    const step = 4.5 * devicePixelRatio, floor = top + height - devicePixelRatio;
    for (const { t, up } of moved) {
      const x = plot.valToPos(t, "x", true);
      if (x < left || x > left + width) continue;
      const tip = up ? floor - 2 * step : floor, base = up ? floor : floor - 2 * step;
      pen.fillStyle = colour(up ? "series-2" : "series-3");
      pen.beginPath();
      pen.moveTo(x, tip);
      pen.lineTo(x - step, base);
      pen.lineTo(x + step, base);
      pen.fill();
    }
  }

  function panel(data, one, width, sync, last) {
    const show = one.percent ? percent : plain;
    const tick = one.percent ? percent : (v) => compact.format(v).replace("-", "−");
    const options = {
      width,
      height: one.height,
      padding: [12, 0, 8, 8], // fixed, so that the panels' days stand above one another
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { sync: { key: sync } },
      hooks: one === data.panels[0] ? { draw: [(plot) => flows(plot, data.flows)] } : {},
      axes: axes(tick, last),
      series: [{ label: "Day", value: (_, t) => (t == null ? "–" : day(t)) }, ...one.series.map((s) => ({
        label: s.name,
        stroke: colour(s.colour),
        width: 1.75,
        fill: s.fill ? `color-mix(in srgb, ${colour(s.colour)} 10%, transparent)` : undefined,
        points: { show: data.t.length === 1 },
        value: (_, v) => (v == null ? "–" : show(v)),
      }))],
    };
    const plot = new uPlot(options, [data.t, ...one.series.map((s) => s.values)]);
    // Without a pointer the legend says the newest values instead of dashes.
    const newest = () => plot.setLegend({ idx: data.t.length - 1 });
    plot.over.addEventListener("mouseleave", () => setTimeout(newest));
    requestAnimationFrame(newest); // uPlot commits its first drawing before that
    return plot;
  }

  function draw(figure) {
    const source = document.getElementById(figure.dataset.chart);
    const place = figure.querySelector("[data-plot]");
    if (!source || !place) return;
    drawn.get(figure)?.box.remove();
    place.classList.remove("chart__print"); // hidden it has no width to measure
    const data = JSON.parse(source.textContent);
    const box = document.createElement("div");
    box.className = "chart__live";
    const style = getComputedStyle(figure);
    const width = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const last = data.panels.at(-1); // the dates stand once, under the last panel
    for (const one of data.panels) box.append(panel(data, one, width, figure.dataset.chart, one === last).root);
    place.before(box);
    place.classList.add("chart__print");
    drawn.set(figure, { box });
  }

  function attempt(figure) {
    try {
      draw(figure);
    } catch (error) {
      figure.querySelector("[data-plot]")?.classList.remove("chart__print");
      console.warn("chart stays a picture:", error);
    }
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      attempt(entry.target);
    }
  });
  const watch = () => document.querySelectorAll("figure[data-chart]").forEach((f) => drawn.has(f) || seen.observe(f));
  const again = () => { for (const figure of drawn.keys()) if (figure.isConnected) attempt(figure); };

  let wait = 0;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(again, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  document.addEventListener("rrr:theme", again);
  document.addEventListener("htmx:after:swap", watch);
  watch();
})();
