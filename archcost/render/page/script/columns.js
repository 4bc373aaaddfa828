// The columns of the table: which there are, which are shown at first, and what their cells say.

const OTHER_COLUMNS = [
  { name: "op", label: "op", text: (item) => opOf(item) },
  { name: "input", label: "input", text: (item) => shapesText(shownNode(item).input) },
  { name: "output", label: "output", text: (item) => shapesText(shownNode(item).output) },
];
const CHANGE = (metric) => `${metric.name}:change`;

/** All columns that there are: of text, and of figures. */
function allColumns() {
  const figures = metrics.flatMap((metric, place) => {
    const plain = {
      name: metric.name,
      label: metric.label,
      num: true,
      place,
      metric,
      value: (item) => figure(item, place),
      text: (item) => figureText(item, place, metric),
    };
    const change = {
      name: CHANGE(metric),
      label: `Δ ${metric.label}`,
      num: true,
      place,
      metric,
      change: true,
      value: (item) => delta(item, place),
      text: (item) => deltaText(item, place, metric.unit),
    };
    return two ? [plain, change] : [plain];
  });
  return [...OTHER_COLUMNS, ...figures];
}

function figureText(item, place, metric) {
  if (isUnknown(item, place)) return "unknown";
  const value = figure(item, place);
  const more = isPartial(item, place) ? "≥ " : "";
  return value || more ? more + short(value, metric.unit) : "–";
}

const columns = allColumns();
START.columns = usualColumns().join(",");
state.columns ||= START.columns;
const changing =
  two
  && [WORK, "params", ...metrics.map((metric) => metric.name)]
    .map((name) => columns.find((column) => column.name === `${name}:change`))
    .find((column) => column && leavesOf(root).some((item) => column.value(item)));
START.sort = changing ? `${changing.name} down` : "";
if (!location.hash.includes("sort=")) state.sort = START.sort;

/** What is shown at first: on a phone, what has room beside the name. */
function usualColumns() {
  const known = new Set(columns.map((column) => column.name));
  const costs = [WORK, "params"];
  const narrow = costs.map((name) => (two ? `${name}:change` : name));
  const wide = two
    ? ["op", ...costs.flatMap((name) => [name, `${name}:change`])]
    : ["op", "output", ...costs, "activation_bytes", "time_ns"];
  return (innerWidth < NARROW ? narrow : wide).filter((name) => known.has(name));
}

const shownColumns = () => columns.filter((column) => state.columns.split(",").includes(column.name));

function pickColumn(name, wanted) {
  const chosen = new Set(state.columns.split(","));
  if (wanted) chosen.add(name);
  else chosen.delete(name);
  go({
    columns: columns
      .map((column) => column.name)
      .filter((each) => chosen.has(each))
      .join(","),
  });
}
