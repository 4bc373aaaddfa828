// The designs of a sweep as a table: a click selects one, in the table and among the dots.

/** Its columns: what the axes set, and the figures; an axis and a metric of one name are told apart by a prefix. */
function sweepColumns() {
  const isNumber = (text) => text === "" || !Number.isNaN(Number(text));
  const axes = sweep.axes.map((axis, place) => ({
    name: `param.${axis}`,
    label: axis,
    of: (row) => row.at[place],
    num: sweep.rows.every((row) => isNumber(row.at[place])),
  }));
  const figures = sweep.metrics.map((metric) => ({
    name: metric.name,
    label: metric.label,
    num: true,
    metric,
    of: (row) => sweepFigure(row, metric),
  }));
  return [...axes, ...figures];
}

/** The rows that are shown, sorted; one that is selected is always among them. */
function sweepRows(columns) {
  const [name, way] = state.sort.split(" ");
  const column = columns.find((each) => each.name === name);
  const rows = [...sweep.rows];
  if (column) rows.sort((left, right) => (way === "up" ? 1 : -1) * byColumn(column, left, right));
  const beyond = rows.slice(MOST_ROWS).filter((row) => designKey(row) === state.design);
  return [...beyond, ...rows.slice(0, MOST_ROWS)];
}

function sweepTable() {
  const columns = sweepColumns();
  const left = sweep.rows.length - MOST_ROWS;
  const heads = h("tr", {}, columns.map(headCell), hasSigns() && h("th", { scope: "col" }, sweep.objectives.length > 0 && "front"));
  const rows = sweepRows(columns).map((row) => sweepRow(row, columns));
  const table = h("table", { class: "layers" }, h("thead", {}, heads), h("tbody", { onkeydown: designKeys }, rows));
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the designs" },
    table,
    left > 0 && h("p", { class: "quiet pad" }, `${exact(left)} more rows: sorting brings others up.`),
  );
}

/** Whether rows say something beside their figures: that they are on the front, or what is wrong with them. */
const hasSigns = () => sweep.rows.some((row) => row.front || row.note);

function sweepRow(row, columns) {
  const key = designKey(row);
  const here = key === state.design;
  return h(
    "tr",
    {
      class: classes(row.front && "front", here && "chosen"),
      "data-item": key,
      tabindex: -1,
      "aria-current": here ? "true" : null,
      onclick: () => go({ design: here ? "" : key }),
      onpointermove: () => light(key),
      onpointerleave: () => light(null),
    },
    columns.map((column) => sweepCell(row, column)),
    hasSigns() && h("td", {}, row.front ? "●" : (row.note ?? "")),
  );
}

function sweepCell(row, column) {
  if (!column.metric) return h("td", { class: column.num ? "num" : "at" }, column.of(row));
  const title = exact(row.figures[sweep.metrics.indexOf(column.metric)]);
  return h("td", { class: "num", title }, sweepText(row, column.metric));
}

/** Arrows move between rows, Enter selects one. */
function designKeys(event) {
  const row = event.target.closest("tr");
  const moves = {
    ArrowDown: () => focusRow(row.nextElementSibling),
    ArrowUp: () => focusRow(row.previousElementSibling),
    Enter: () => go({ design: row.dataset.item }),
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  moves[event.key]();
  if (!row.isConnected) focusRow(document.querySelector(`tr[data-item="${row.dataset.item}"]`));
}

/** Numbers by size, others as texts; what is unknown is least. */
function byColumn(column, left, right) {
  const [one, other] = [column.of(left), column.of(right)];
  if (!column.num) return one.localeCompare(other);
  const size = (value) => (Number.isNaN(Number(value)) ? -Infinity : Number(value));
  return size(one) === size(other) ? 0 : size(one) - size(other);
}
