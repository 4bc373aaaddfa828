// The chart of a run: bytes alive at each step, above what is always there.

const CHART = 190; // px, how high it is
const LEFT = 62; // px, where it begins
const LETTER = 7.4; // px, about, of bold text
const BACKWARD = "backward pass";

/** Bytes alive at each step, above what is always there; the limit; what was there without the what-if. */
function memoryChart(run, first, width) {
  const left = LEFT;
  const floor = state.part === "alive" ? fixedOf(run) : 0; // what is cut off below
  const limit = floor || Number(run.limit) > 1.6 * totalAt(run, run.peak) ? 0 : Number(run.limit ?? 0);
  const shadow = run !== first && !floor && first.steps.length === run.steps.length ? first : null;
  const most = 1.12 * Math.max(totalAt(run, run.peak) - floor, shadow ? totalAt(first, first.peak) : 0, limit);
  const unit = 1024 ** Math.floor(Math.log2(most || 1) / 10);
  const y = scaleLinear([0, most / unit], [CHART, 8]);
  const at = (bytes) => y((bytes - floor) / unit);
  const x = scaleLinear([0, run.steps.length], [left, width - 4]);
  const ticks = y.ticks(4).map((tick) => axisLine(left, width, y(tick), shortTick(tick * unit)));
  return g(
    "svg",
    {
      class: "memory",
      width: "100%",
      height: CHART + 22,
      viewBox: `0 0 ${width} ${CHART + 22}`,
      role: "img",
      "aria-label": `Memory step by step; the peak is ${short(totalAt(run, run.peak), "bytes")}`,
    },
    ticks,
    floor ? null : bandsOf(run, at, left, width - 4),
    stepPath(run, x, at, "alive", true),
    shadow && stepPath(shadow, x, at, "first", false),
    run.phase && marker(x(run.phase), BACKWARD, "phase", width),
    limit > 0 && limitLine(limit, at(limit), left, width),
    peakMark(run, x, at, width),
    stepCatcher(run, x, left, width),
  );
}

const limitLine = (limit, y, left, right) =>
  g(
    "g",
    {},
    g("line", { class: "limit", x1: left, x2: right, y1: y, y2: y }),
    g("text", { class: "limit", x: left + 6, y: y - 4 }, `limit ${short(limit, "bytes")}`),
  );

const shortTick = (bytes) => short(bytes, "bytes").replace(/\.0+ /, " ");
const axisLine = (left, right, y, text) =>
  g(
    "g",
    { class: "axis" },
    g("line", { x1: left, x2: right, y1: y, y2: y }),
    g("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, text),
  );

function bandsOf(run, at, left, right) {
  let level = 0;
  return fixedParts(run).map((each, index) => {
    const from = level;
    level += Number(each.bytes);
    const height = at(from) - at(level);
    return g(
      "g",
      { class: `fixed fixed-${index % 3}` },
      g("rect", { x: left, y: at(level), width: right - left, height: Math.max(0, height) }),
      height > 14
        && g(
          "text",
          { x: left + 6, y: (at(from) + at(level)) / 2 + 4 },
          `${each.label} ${short(Number(each.bytes), "bytes")}`,
        ),
    );
  });
}

function stepPath(run, x, at, kind, filled) {
  const base = at(fixedOf(run));
  const line = run.steps
    .map((_, step) => `L${x(step).toFixed(1)},${at(totalAt(run, step)).toFixed(1)}H${x(step + 1).toFixed(1)}`)
    .join("");
  const start = `M${x(0).toFixed(1)},${base.toFixed(1)}`;
  return g("path", { class: kind, d: filled ? `${start}${line}V${base.toFixed(1)}Z` : start + line });
}

/** What the right end is called, in the room beside what stands at the beginning of the backward pass. */
function endText(run, x, width) {
  if (!run.phase) return "last layer";
  const whole = `end of the ${BACKWARD}`;
  return x(run.phase) + LETTER * (BACKWARD.length + whole.length) < width ? whole : "end";
}

function marker(x, text, kind, width) {
  const end = x > width - 90;
  return g(
    "g",
    { class: kind },
    g("line", { x1: x, x2: x, y1: 8, y2: CHART + 18 }),
    g("text", { x: end ? x - 5 : x + 5, y: CHART + 16, "text-anchor": end ? "end" : "start" }, text),
  );
}

function peakMark(run, x, at, width) {
  const [from, to] = [x(run.peak), x(run.peak + 1)];
  const top = at(totalAt(run, run.peak));
  const figure = `peak ${short(totalAt(run, run.peak), "bytes")}`;
  const name = stepItem(run, run.peak) ? stepName(run, run.peak) : "";
  const room = Math.floor((width - LEFT) / LETTER);
  const text = name ? `${figure} · ${apart(tail(name, Math.max(8, room - figure.length - 3)))}` : figure;
  const middle = (from + to) / 2;
  const wanted = middle > width / 2 ? middle - 6 - LETTER * text.length : middle + 6;
  const left = Math.max(LEFT + 4, Math.min(wanted, width - LETTER * text.length));
  const height = Math.max(0, at(fixedOf(run)) - top);
  return [
    g("rect", { class: "peak", x: from, y: top, width: Math.max(2, to - from), height }),
    g("text", { class: "peak", x: left, y: Math.max(12, top - 5) }, text),
  ];
}

/** What answers the pointer over the chart: the step that it is at. */
function stepCatcher(run, x, left, width) {
  const line = g("line", { class: "cursor", y1: 0, y2: CHART, visibility: "hidden" });
  const stepOf = (event) => {
    const box = event.currentTarget.ownerSVGElement.getBoundingClientRect();
    return Math.max(
      0,
      Math.min(run.steps.length - 1, Math.floor(x.invert(((event.clientX - box.left) * width) / box.width))),
    );
  };
  const over = (event) => {
    const step = stepOf(event);
    const item = stepItem(run, step);
    line.setAttribute("x1", x(step + 0.5));
    line.setAttribute("x2", x(step + 0.5));
    line.setAttribute("visibility", "visible");
    light(item?.key ?? null);
    showTip(event, stepTip(run, step, item));
  };
  const out = () => (line.setAttribute("visibility", "hidden"), light(null), hideTip());
  const choose = (event) => {
    const item = stepItem(run, stepOf(event));
    if (item) go({ at: item.key });
  };
  return g(
    "g",
    {},
    line,
    g("rect", {
      class: "catch",
      x: left,
      y: 0,
      width: Math.max(0, width - left),
      height: CHART + 20,
      onpointermove: over,
      onpointerleave: out,
      onclick: choose,
    }),
    g("text", { class: "quiet", x: left, y: CHART + 16 }, "first layer"),
    g(
      "text",
      { class: "quiet", x: width - 4, y: CHART + 16, "text-anchor": "end" },
      endText(run, x, width),
    ),
  );
}
