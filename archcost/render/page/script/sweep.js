// The designs of a sweep: what the two axes show, and the card of a design. The table is in sweep_table.js.

const sweep = page.sweep;
const sweepMetric = (name) => sweep.metrics.find((metric) => metric.name === name) ?? sweep.metrics[0];
const sweepFigure = (row, metric) => Number(row.figures[sweep.metrics.indexOf(metric)] ?? NaN);
const designKey = (row) => String(sweep.rows.indexOf(row)); // in the address, and in what shows it
const atText = (row) => sweep.axes.map((axis, place) => `${axis}=${row.at[place]}`).join(" ");

function drawSweep(place) {
  const [x, y] = [sweepMetric(state.x), sweepMetric(state.y)];
  const pick = (name, chosen) =>
    h(
      "label",
      {},
      `${name} `,
      h(
        "select",
        { onchange: (event) => go({ [name]: event.target.value }) },
        sweep.metrics.map((metric) => h("option", { value: metric.name, selected: metric === chosen }, metric.label)),
      ),
    );
  const from = place.querySelector(".scroll")?.scrollTop ?? 0;
  place.replaceChildren(
    ...[
      sweep.metrics.length > 1 && h("div", { class: "controls" }, pick("x", x), pick("y", y)),
      x && scatter(x, y, place.clientWidth || 1000),
      sweepLegend(),
      sweepTable(),
    ].filter(Boolean),
  );
  keepInSight(place.querySelector(".scroll"), from);
}

function sweepLegend() {
  const front = sweep.rows.filter((row) => row.front).length;
  return h(
    "p",
    { class: "quiet" },
    sweep.objectives.length > 0 && [
      h("span", { class: "front-sign" }, "● "),
      `front, ${exact(front)} of ${exact(sweep.rows.length)} designs`,
    ],
    sweep.budgets.length > 0 && [" · ", h("span", { class: "budget-sign" }, "┄ "), "budget"],
    ...sweep.notes.flatMap((note) => [" · ", note]),
  );
}

function sweepTip(row) {
  return [
    h("b", {}, atText(row)),
    h("div", { class: "quiet" }, row.front ? "on the front" : (row.note ?? "")),
    h(
      "table",
      {},
      h(
        "tbody",
        {},
        sweep.metrics.map((metric) =>
          h("tr", {}, h("th", { scope: "row" }, metric.label), h("td", {}, sweepText(row, metric))),
        ),
      ),
    ),
  ];
}

function sweepText(row, metric) {
  const value = sweepFigure(row, metric);
  return Number.isNaN(value) ? "–" : short(value, metric.unit);
}
