// The designs of a sweep: what the two axes show, and the card of a design. The table is in sweep_table.js.

const sweep = page.sweep;
const sweepFigure = (row, metric) => Number(row.figures[sweep.metrics.indexOf(metric)] ?? NaN);
const designKey = (row) => String(sweep.rows.indexOf(row)); // in the address, and in what shows it
const atText = (row) => sweep.axes.map((axis, place) => `${axis}=${row.at[place]}`).join(" ");

/** What a side of the plane may show: the figures, and of what the axes set what is a number. */
function planeColumns() {
  const [figures, params] = [(column) => column.metric, (column) => column.num && !column.metric];
  const columns = sweepColumns().filter((column) => new Set(sweep.rows.map((row) => column.of(row))).size > 1 || column.metric);
  return [...columns.filter(figures), ...columns.filter(params)];
}

/** The two sides of the plane, which differ wherever there are two columns. */
function planeSides(columns) {
  const named = (name) => columns.find((column) => column.name === name);
  const y = named(state.y) ?? columns[0];
  const others = columns.filter((column) => column !== y);
  const x = [named(state.x), named(START.x), named(START.y)].find((column) => others.includes(column)) ?? others[0];
  return { x, y };
}

function drawSweep(place) {
  const columns = planeColumns();
  const sides = planeSides(columns);
  const { x, y } = sides;
  const choose = (name, other) => (event) => {
    const chosen = event.target.value;
    const swapped = chosen === sides[other].name ? sides[name].name : sides[other].name;
    go({ [name]: chosen, [other]: swapped });
    place.querySelector(`select[name="${name}"]`)?.focus();
  };
  const pick = (name, other) =>
    h(
      "label",
      {},
      `${name} `,
      h(
        "select",
        { name, onchange: choose(name, other) },
        columns.map((column) => h("option", { value: column.name, selected: column === sides[name] }, column.label)),
      ),
    );
  const from = place.querySelector(".scroll")?.scrollTop ?? 0;
  place.replaceChildren(
    ...[
      x && h("div", { class: "controls" }, pick("x", "y"), pick("y", "x")),
      x && scatter(x, y, place.clientWidth || 1000),
      sweepLegend(),
      sweepTable(),
    ].filter(Boolean),
  );
  keepInSight(place.querySelector(".scroll"), from);
}

function sweepLegend() {
  const front = sweep.rows.filter((row) => row.front).length;
  const count = sweep.rows.filter((row) => !row.note).length;
  return h(
    "p",
    { class: "quiet" },
    sweep.objectives.length > 0 && [
      h("span", { class: "front-sign" }, "● "),
      `front, ${exact(front)} of ${exact(count)} designs`,
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
