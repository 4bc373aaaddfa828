// The designs of a sweep as dots, with the front and the budgets.

/** `x` and `y` are columns of the table. */
function scatter(x, y, width) {
  const height = 320;
  const rows = sweep.rows.filter((row) => [x, y].every((side) => side.of(row) !== "" && !Number.isNaN(Number(side.of(row)))));
  if (!rows.length) return null;
  const limits = ({ metric }) =>
    sweep.budgets.filter((each) => each.metric === metric?.name).map((each) => Number(each.limit));
  const across = axisScale([...rows.map((row) => Number(x.of(row))), ...limits(x)], [70, width - 20]);
  const upward = axisScale([...rows.map((row) => Number(y.of(row))), ...limits(y)], [height - 26, 12]);
  const front = rows.filter((row) => row.front);
  const others = rows.filter((row) => !row.front);
  const dot = (row) =>
    g("circle", {
      class: classes("variant", row.front && "front", designKey(row) === state.design && "chosen"),
      cx: across(Number(x.of(row))).toFixed(1),
      cy: upward(Number(y.of(row))).toFixed(1),
      r: row.front ? 5 : 3.5,
      "data-item": designKey(row),
      onpointermove: (event) => (light(designKey(row)), showTip(event, sweepTip(row))),
      onpointerleave: () => (light(null), hideTip()),
      onclick: () => go({ design: designKey(row) }),
    });
  const line = frontLine(
    front.map((row) => [across(Number(x.of(row))), upward(Number(y.of(row)))]),
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
    someTicks(upward, 5, y.metric?.unit).map(([tick, text]) => axisLine(70, width - 20, upward(tick), text)),
    someTicks(across, width / 110, x.metric?.unit).map(([tick, text]) =>
      g(
        "g",
        { class: "axis" },
        g("text", { x: across(tick), y: height - 8, "text-anchor": "middle" }, text),
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
  const [one, other] = [x, y].map(({ metric }) => sweep.objectives.find((each) => each.metric === metric?.name));
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
  if (least > 0 && most > 30 * least) return scaleLog([least / 1.1, most * 1.1], range);
  return scaleLinear([least >= 0 ? Math.max(0, least - room) : least - room, most + room], range);
}

/** Ticks of a scale, about as many, with their texts. */
function someTicks(scale, wanted, unit) {
  const ticks = scale.base ? roundPowers(scale.domain()) : scale.ticks(wanted);
  const step = Math.ceil(ticks.length / (wanted + 1));
  const decimals = unit || ticks.every(Number.isInteger) ? null : scale.tickFormat(wanted);
  return ticks.filter((_, place) => place % step === 0).map((tick) => [tick, decimals?.(tick) ?? short(tick, unit)]);
}

/** 1, 2 and 5 times the powers of ten between two figures. */
function roundPowers([least, most]) {
  const first = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, place) => 10 ** (first + place));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((each) => each >= least && each <= most);
}
