// A time series drawn over the server's SVG, which prints and stays where this fails.
(() => {
  "use strict";
  const drawn = new Map();

  function colour(name) {
    const probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
    probe.style.color = `var(--${name})`;
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  }

  function plain(value, most = 2) {
    const size = Math.abs(value);
    if (size >= 1e16) return value.toExponential(3).replace("e+", "e").replace("-", "−");
    const digits = size && size < 1 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: most };
    return value.toLocaleString("en", digits).replace("-", "−");
  }
  const percent = (value) => `${plain(value * 100)} %`;
  const told = (one, value) => (value == null ? "–" : one.percent ? percent(value) : plain(value, one.digits));

  // Days are UTC's; moments (data.zone) are in the reader's zone.
  const DAY = { day: "numeric", month: "short" }, MINUTE = { hour: "2-digit", minute: "2-digit" };
  function format({ zone }, parts) {
    const dates = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone ?? "UTC" });
    return (seconds) => dates.format(seconds * 1000).replace(/,|(?<=Sep)t/g, ""); // as tables have it
  }
  const moment = (data) => format(data, { ...DAY, year: "numeric", ...(data.zone && MINUTE) });
  const marks = (data, step) => format(data,
    step < 86400 ? { ...DAY, ...MINUTE } : step < 2.4e6 ? DAY : { month: "short", year: "2-digit" });

  function labels(ticks, say) {
    for (let digits = 3; digits < 15; digits++) {
      const said = ticks.map((tick) => say(tick, digits));
      if (new Set(said).size === said.length) return said;
    }
    return ticks.map((tick) => plain(tick));
  }
  const short = (value, digits) => (Math.abs(value) >= 1e15
    ? value.toPrecision(digits).replace(/\.?0*e\+/, "e")
    : value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: digits })).replace("-", "−");
  const part = (value, digits) => `${short(value * 100, digits)} %`;

  function axes(data, say, dated) {
    const text = colour("text-2"), line = colour("line");
    const common = { stroke: text, font: "11px Inter, sans-serif", grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return [
      { ...common, grid: { show: false }, show: dated, space: 80, size: 30,
        values: (_, ticks, __, ___, step) => ticks.map(marks(data, step)) },
      { ...common, side: 1, size: 64, space: 26, values: (_, ticks) => labels(ticks, say) },
    ];
  }

  function flows(plot, moved) {
    const { left, top, height, width } = plot.bbox, pen = plot.ctx;
    const step = 4.5 * devicePixelRatio, floor = top + height - devicePixelRatio;
    for (const { t, up, at, own } of moved) {
      const x = plot.valToPos(t, "x", true);
      if (x < left || x > left + width) continue;
      const tip = at != null ? plot.valToPos(at, "y", true) : up ? floor - 2 * step : floor;
      const base = tip + (up ? 2 : -2) * step;
      pen.fillStyle = colour(up ? "series-2" : "series-3");
      pen.beginPath();
      pen.moveTo(x, tip);
      pen.lineTo(x - step, base);
      pen.lineTo(x + step, base);
      pen.closePath();
      pen.fill();
      if (!own) continue;
      pen.strokeStyle = colour("text");
      pen.stroke();
    }
  }

  function panel(data, one, width, sync, last, zoomed) {
    const tick = one.percent ? part : short, day = moment(data);
    const options = {
      width,
      height: one.height,
      padding: [12, 0, 8, 8], // days stand above one another
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone ?? "UTC"),
      cursor: { sync: { key: sync } },
      hooks: {
        draw: one === data.panels[0] ? [(plot) => flows(plot, data.flows)] : [],
        setScale: [(plot, scale) => scale === "x" && zoomed(plot)],
      },
      axes: axes(data, tick, last),
      series: [{ label: data.zone ?? "Day", value: (_, t) => (t == null ? "–" : day(t)) }, ...one.series.map((s) => ({
        label: s.name,
        stroke: colour(s.colour),
        width: 1.75,
        paths: s.dots && (() => null),
        spanGaps: !!data.zone,
        fill: s.fill ? `color-mix(in srgb, ${colour(s.colour)} 10%, transparent)` : undefined,
        points: { show: !s.dots && s.values.filter((v) => v != null).length === 1 },
        value: (_, v) => told(one, v),
      }))],
    };
    const plot = new uPlot(options, [data.t, ...one.series.map((s) => s.values)]);
    // Without a pointer the legend says the newest values.
    const newest = () => plot.setLegend({ idx: data.t.length - 1 });
    plot.over.addEventListener("mouseleave", () => setTimeout(newest));
    requestAnimationFrame(newest);
    return plot;
  }

  function walker(data, title) {
    const walk = document.createElement("div");
    const last = data.t.length - 1;
    walk.className = "chart__walk";
    walk.tabIndex = 0;
    for (const [name, value] of Object.entries({
      role: "slider", "aria-label": `${title}: arrow keys walk the points, + and - zoom, Escape shows all`,
      "aria-valuemin": 0, "aria-valuemax": last,
    })) walk.setAttribute(name, value);
    stand(walk, data, last);
    return walk;
  }

  function stand(walk, data, at) {
    const said = data.panels.flatMap((one) => one.series
      .filter(({ values }) => values[at] != null)
      .map(({ name, values }) => `${name} ${told(one, values[at])}`));
    walk.setAttribute("aria-valuenow", at);
    walk.setAttribute("aria-valuetext", `${moment(data)(data.t[at])}: ${said.join(", ")}`);
  }

  const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: -30, PageDown: 30, Home: -Infinity, End: Infinity };
  function keys(event, { walk, plots, data, zoom, whole }) {
    const { min, max } = plots[0].scales.x;
    const first = data.t.findIndex((t) => t >= min), last = data.t.findLastIndex((t) => t <= max);
    const at = Number(walk.getAttribute("aria-valuenow")), middle = data.t[at];
    const part = { "+": 0.25, "=": 0.25, "-": 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in STEPS) {
      const to = Math.min(last, Math.max(first, at + STEPS[event.key]));
      stand(walk, data, to);
      for (const plot of plots) {
        plot.setLegend({ idx: to });
        plot.setCursor({ left: plot.valToPos(data.t[to], "x"), top: 10 }, false);
      }
    } else if (part && data.t.length > 2) {
      const reach = Math.max((max - min) * part, (whole[1] - whole[0]) / data.t.length);
      zoom(Math.max(whole[0], middle - reach), Math.min(whole[1], middle + reach));
    } else if (event.key === "Escape") zoom(...whole);
    else return;
    event.preventDefault();
    event.stopPropagation();
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
    const back = document.createElement("button");
    back.classList.add("button", "chart__back");
    Object.assign(back, { type: "button", hidden: true, textContent: "Whole range" });
    const walk = walker(data, figure.querySelector("svg title")?.textContent || "Chart");
    const plots = [];
    const whole = [data.t[0], data.t.at(-1)];
    let following = false;
    // What one is zoomed to, all are.
    function zoom(min, max) {
      following = true;
      for (const plot of plots) plot.setScale("x", { min, max });
      following = false;
      back.hidden = min <= whole[0] && max >= whole[1];
    }
    const zoomed = (plot) => {
      if (following || plots.length < data.panels.length) return;
      const { min, max } = plot.scales.x;
      queueMicrotask(() => zoom(min, max));
    };
    back.onclick = () => {
      zoom(...whole);
      walk.focus();
    };
    walk.addEventListener("keydown", (event) => keys(event, { walk, plots, data, zoom, whole }));
    const style = getComputedStyle(figure);
    const width = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const last = data.panels.at(-1);
    for (const one of data.panels) {
      const plot = panel(data, one, width, figure.dataset.chart, one === last, zoomed);
      plots.push(plot);
      walk.append(plot.root);
    }
    box.append(back, walk);
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
  }, { rootMargin: "100%" }); // there before somebody tabs to it
  const watch = () => document.querySelectorAll("figure[data-chart]").forEach((f) => drawn.has(f) || seen.observe(f));
  const again = () => { for (const figure of drawn.keys()) if (figure.isConnected) attempt(figure); };

  let wait = 0;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(again, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  document.addEventListener("rrr:theme", again);
  document.addEventListener("htmx:after:swap", watch);
  watch();
})();
