/*
 * Draws the page's charts with uPlot: anew when colours or widths change, and for paper in its own size. Numbers are
 * written by formatMs, formatRate, clockTime and their like, which the page has from the program itself.
 */
(() => {
  "use strict";
  const HEIGHT = 230;
  const PAPER = { width: 340, height: 150 };
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const places = Array.from(document.querySelectorAll("[data-chart]"));
  const drawn = new Map();

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /* 0 -> 0 %, 1 -> 90 %, 2 -> 99 %, 3 -> 99.9 % */
  const formatNines = (nines) => {
    const percent = 100 * (1 - 10 ** -nines);
    return `${Number(percent.toFixed(Math.max(0, Math.ceil(nines) - (nines > 1 ? 2 : 1) + 1)))} %`;
  };

  const MEDIAN = Math.log10(2);
  const NARROW = 420;
  const ninesSplits = (plot, _, min, max) =>
    [0, MEDIAN, 1, 2, 3, 4, 5, 6].filter((n) =>
      n >= min && n <= max + 1e-9 && (n !== MEDIAN || plot.width > NARROW)
    );

  const X_UNITS = {
    time: clockTime,
    percentile: formatNines,
    per_s: formatRate,
    count: significant,
  };
  const formatX = (chart) => X_UNITS[chart.x];
  const X_LABELS = { time: "at", percentile: "percentile", per_s: "level", count: "in flight" };
  // On average 0.02 are in flight, which is not none.
  const countText = (count) =>
    (count ?? null) === null ? "-" : count < 10 ? significant(count) : formatCount(count);
  const UNITS = { ms: formatMs, per_s: formatRate, count: countText, share: formatPercent };
  const formatY = (chart) => UNITS[chart.unit];

  const axes = (chart) => {
    const common = {
      stroke: colour("soft"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { stroke: colour("line"), width: 1, size: 4 },
      font: "12px system-ui, sans-serif",
    };
    const x = {
      ...common,
      size: 32,
      space: 56,
      values: (_, splits) => splits.map(formatX(chart)),
      ...(chart.x === "percentile" ? { splits: ninesSplits } : {}),
      ...(chart.x === "time"
        ? { incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600] }
        : {}),
    };
    const y = {
      ...common,
      size: 62,
      values: (_, splits) => splits.map((v) => (v === null ? "" : formatY(chart)(v))),
    };
    return [x, y];
  };

  const LEAST_TOP = { ms: 0.01, share: 0.01 };
  const yRange = (chart) => (_, min, max) => {
    if (chart.log) return uPlot.rangeLog(Math.max(min ?? 0.001, 0.001), max ?? 1, 10, false);
    return [0, Math.max((max ?? 0) * 1.08, LEAST_TOP[chart.unit] ?? 1)];
  };

  /* Values between gaps make no line: they are drawn as points. */
  const lonely = (plot, series) => {
    const values = plot.data[series];
    return values.flatMap((value, at) =>
      value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []
    );
  };

  const pointsOf = ({ points, color }) => {
    if (points === undefined) return { show: false, filter: lonely };
    return { show: true, size: 7, width: 1.5, fill: colour(points === "hollow" ? "card" : color) };
  };

  const lineOf = (chart) => (line) => ({
    label: line.label,
    stroke: colour(line.color),
    width: line.color === "max" ? 1 : 1.75,
    dash: line.dashed ? [5, 4] : undefined,
    fill: line.fill ? colour(line.color) + "26" : undefined,
    points: pointsOf(line),
    ...(line.points === undefined ? {} : { paths: () => null }),
    value: (_, value) => formatY(chart)(value),
    spanGaps: false,
  });

  const shade = ({ ctx, bbox }, from, to) => {
    ctx.save();
    ctx.fillStyle = colour("line");
    ctx.globalAlpha = 0.6;
    ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
    ctx.restore();
  };

  /* The last slice where the run ended within it. */
  const shadePartial = (plot, { partial }) => {
    if (partial === undefined) return;
    shade(plot, plot.valToPos(partial, "x", true), plot.bbox.left + plot.bbox.width);
  };

  const drawMark = (plot, { mark }) => {
    if (mark === undefined) return;
    const [from, at, to] = [mark.from, mark.at, mark.to].map((x) => plot.valToPos(x, "x", true));
    const { ctx, bbox } = plot;
    /* An interval may reach beyond all levels. */
    shade(plot, Math.max(from, bbox.left), Math.min(to, bbox.left + bbox.width));
    ctx.save();
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  };

  /* Marks at the ends of what is not over time are not to be cut in two. */
  const xRange = (chart) => {
    if (chart.x === "time" || chart.x === "percentile") return {};
    return { range: (_plot, _min, max) => [0, max === null ? 1 : max * 1.04] };
  };

  const optionsOf = (chart, place, { width, height = HEIGHT }) => ({
    width,
    height,
    scales: {
      x: { time: false, ...xRange(chart) },
      y: { distr: chart.log ? 3 : 1, range: yRange(chart) },
    },
    series: [
      {
        label: X_LABELS[chart.x],
        value: (_, x) => (x === null ? "-" : formatX(chart)(x)),
      },
      ...chart.lines.map(lineOf(chart)),
    ],
    axes: axes(chart),
    cursor: {
      y: false,
      points: { size: 6 },
      ...(chart.x === "time" || chart.x === "per_s" ? { sync: { key: place.dataset.group } } : {}),
    },
    legend: { live: true },
    /* Values are shown in the legend while there is a place that they are of. */
    hooks: {
      ready: [(plot) => plot.root.classList.add("idle")],
      drawAxes: [(plot) => shadePartial(plot, chart), (plot) => drawMark(plot, chart)],
      setCursor: [(plot) => plot.root.classList.toggle("idle", plot.cursor.idx == null)],
    },
  });

  const draw = (place, size) => {
    drawn.get(place)?.destroy();
    const chart = charts[Number(place.dataset.chart)];
    const data = [chart.xs, ...chart.lines.map((line) => line.values)];
    drawn.set(place, new uPlot(optionsOf(chart, place, size), data, place));
  };

  const widthOf = (place) => Math.floor(place.clientWidth);
  const visible = (place) => widthOf(place) > 0;
  const drawAll = (size) =>
    places.filter(visible).forEach((place) => draw(place, size ?? { width: widthOf(place) }));

  drawAll();

  /* Folded charts have no width until their details are opened. */
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (!visible(target)) continue;
      const chart = drawn.get(target);
      if (chart) chart.setSize({ width: widthOf(target), height: HEIGHT });
      else draw(target, { width: widthOf(target) });
    }
  });
  places.forEach((place) => resized.observe(place));

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  addEventListener("beforeprint", () => drawAll(PAPER));
  addEventListener("afterprint", () => drawAll());
})();
