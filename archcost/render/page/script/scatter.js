// The designs of a sweep as dots, with the front and the budgets.

function scatter(x, y, width) {
  const height = 320;
  const rows = sweep.rows.filter((row) => !Number.isNaN(sweepFigure(row, x) + sweepFigure(row, y)));
  if (!rows.length) return null;
  const limits = (metric) =>
    sweep.budgets.filter((each) => each.metric === metric.name).map((each) => Number(each.limit));
  const across = axisScale([...rows.map((row) => sweepFigure(row, x)), ...limits(x)], [70, width - 20]);
  const upward = axisScale([...rows.map((row) => sweepFigure(row, y)), ...limits(y)], [height - 26, 12]);
  const front = rows.filter((row) => row.front);
  const others = rows.filter((row) => !row.front);
  const dot = (row) =>
    g("circle", {
      class: classes("variant", row.front && "front", designKey(row) === state.design && "chosen"),
      cx: across(sweepFigure(row, x)).toFixed(1),
      cy: upward(sweepFigure(row, y)).toFixed(1),
      r: row.front ? 5 : 3.5,
      "data-item": designKey(row),
      onpointermove: (event) => (light(designKey(row)), showTip(event, sweepTip(row))),
      onpointerleave: () => (light(null), hideTip()),
      onclick: () => go({ design: designKey(row) }),
    });
  const line = frontLine(
    front.map((row) => [across(sweepFigure(row, x)), upward(sweepFigure(row, y))]),
    x,
    y,
  );
  const drawing = g(
    "svg",
    {
      class: "scatter",
      width: "100%",
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `${y.label} against ${x.label}; ${front.length} of ${rows.length} designs are on the front`,
    },
    someTicks(upward, 5).map((tick) => axisLine(70, width - 20, upward(tick), short(tick, y.unit))),
    someTicks(across, width / 110).map((tick) =>
      g(
        "g",
        { class: "axis" },
        g("text", { x: across(tick), y: height - 8, "text-anchor": "middle" }, short(tick, x.unit)),
      ),
    ),
    limits(x).map((limit) => g("path", { class: "budget", d: `M${across(limit)} 12V${height - 26}` })),
    limits(y).map((limit) => g("path", { class: "budget", d: `M70 ${upward(limit)}H${width - 20}` })),
    others.map(dot),
    line && g("path", { class: "front", d: line }),
    front.map(dot),
    rows.filter((row) => designKey(row) === state.design).map(dot), // above the others
  );
  const name = (text, end) => h("div", { class: classes("quiet axis-name", end && "end"), "aria-hidden": "true" }, text);
  return h("div", { class: "plane" }, name(`↑ ${y.label}`), drawing, name(`${x.label} →`, true));
}

/** The stairs of a front, where the plane is that of its two objectives. */
function frontLine(places, x, y) {
  const [one, other] = [x, y].map((metric) => sweep.objectives.find((each) => each.metric === metric.name));
  if (!one || !other || one === other || sweep.objectives.length !== 2 || places.length < 2) return "";
  const [first, ...rest] = places
    .map((place) => place.map((each) => each.toFixed(1)))
    .sort((left, right) => left[0] - right[0]);
  return (
    `M${first}`
    + rest.map(([right, height]) => (one.sense === "min" ? `H${right}V${height}` : `V${height}H${right}`)).join("")
  );
}

/** Logarithmic where the figures span more than a factor of 30. */
function axisScale(values, range) {
  const least = values.reduce((one, other) => Math.min(one, other));
  const most = values.reduce((one, other) => Math.max(one, other));
  const room = 0.04 * (most - least) || 1;
  return least > 0 && most > 30 * least
    ? scaleLog([least, most], range).nice()
    : scaleLinear([least >= 0 ? Math.max(0, least - room) : least - room, most + room], range);
}

/** The ticks of a scale, about as many: a logarithmic one may have more. */
function someTicks(scale, wanted) {
  const ticks = scale.ticks(wanted);
  const step = Math.ceil(ticks.length / (wanted + 1));
  return ticks.filter((_, place) => place % step === 0);
}
