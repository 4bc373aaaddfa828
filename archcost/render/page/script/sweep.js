// The designs of a sweep: what the two axes show, the card of a design, and the table.

const sweep = page.sweep;
const sweepMetric = (name) => sweep.metrics.find((metric) => metric.name === name) ?? sweep.metrics[0];
const sweepFigure = (row, metric) => Number(row.figures[sweep.metrics.indexOf(metric)] ?? NaN);
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
  place.replaceChildren(
    ...[
      sweep.metrics.length > 1 && h("div", { class: "controls" }, pick("x", x), pick("y", y)),
      x && scatter(x, y, place.clientWidth || 1000),
      sweepLegend(),
      sweepTable(),
    ].filter(Boolean),
  );
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

/** The designs as a table; what an axis sets and a metric of the same name are told apart by a prefix. */
function sweepTable() {
  const [name, way] = state.sort.split(" ");
  const columns = [
    ...sweep.axes.map((axis, place) => ({
      name: `param.${axis}`,
      label: axis,
      of: (row) => row.at[place],
      num: sweep.rows.every((row) => row.at[place] === "" || !Number.isNaN(Number(row.at[place]))),
    })),
    ...sweep.metrics.map((metric) => ({
      name: metric.name,
      label: metric.label,
      num: true,
      metric,
      of: (row) => sweepFigure(row, metric),
    })),
  ];
  const rows = [...sweep.rows];
  const some = rows.some((row) => !row.front); // else nothing tells the front apart
  const column = columns.find((each) => each.name === name);
  if (column) rows.sort((left, right) => (way === "up" ? 1 : -1) * byColumn(column, left, right));
  const cell = (row, each) =>
    each.metric
      ? h(
          "td",
          { class: "num", title: exact(row.figures[sweep.metrics.indexOf(each.metric)]) },
          sweepText(row, each.metric),
        )
      : h("td", { class: each.num ? "num" : "at" }, each.of(row));
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the designs" },
    h(
      "table",
      { class: "layers" },
      h("thead", {}, h("tr", {}, columns.map(headCell), h("th", { scope: "col" }, "front"))),
      h(
        "tbody",
        {},
        rows.slice(0, MOST_ROWS).map((row) =>
          h(
            "tr",
            { class: row.front && some ? "chosen" : null },
            columns.map((each) => cell(row, each)),
            h("td", {}, row.front ? "●" : (row.note ?? "")),
          ),
        ),
      ),
    ),
    rows.length > MOST_ROWS
      && h("p", { class: "quiet pad" }, `${exact(rows.length - MOST_ROWS)} more rows: sorting brings others up.`),
  );
}

/** Numbers by size, others as texts; what is unknown is least. */
function byColumn(column, left, right) {
  const [one, other] = [column.of(left), column.of(right)];
  if (!column.num) return one.localeCompare(other);
  const size = (value) => (Number.isNaN(Number(value)) ? -Infinity : Number(value));
  return size(one) === size(other) ? 0 : size(one) - size(other);
}
