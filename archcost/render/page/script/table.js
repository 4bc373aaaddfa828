// The table of layers: its tools, which rows are shown, and in which order.

/** The scopes whose rows are shown: those that stay within a screen at first, and what was opened or closed since. */
const opened = new Set();

function openFirst(most = 40) {
  let level = [root];
  let rows = 1;
  while (level.length) {
    const next = level.flatMap((item) => item.children);
    rows += next.length;
    if (rows > most && level[0] !== root) return;
    level.forEach((item) => item.children.length && opened.add(item.key));
    level = next;
  }
}

/** The rows of the table in their order: the tree as far as it is open; sorted or searched, layers alone. */
function tableRows() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const [name, way] = state.sort.split(" ");
  const column = columns.find((each) => each.name === name);
  if (!words.length && !column) return openRows(root, 0);
  const matches = (item) => words.every((word) => `${pathOf(item)} ${opOf(item)}`.toLowerCase().includes(word));
  const found = (words.length ? items.filter((item) => item !== root && matches(item)) : leavesOf(root)).map(
    (item) => ({ item, level: 0, flat: true }),
  );
  if (column) found.sort((left, right) => (way === "up" ? 1 : -1) * compared(left.item, right.item, column));
  return found;
}

function compared(left, right, column) {
  if (!column.num) return column.text(left).localeCompare(column.text(right));
  return column.change
    ? Math.abs(column.value(left)) - Math.abs(column.value(right))
    : column.value(left) - column.value(right);
}

function openRows(item, level) {
  const below = opened.has(item.key) ? item.children.flatMap((child) => openRows(child, level + 1)) : [];
  return [{ item, level }, ...below];
}

const MOST_ROWS = 600;

function drawTable(place) {
  if (!place.querySelector(".table-tools"))
    place.append(
      tableTools(),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the layers" }),
    );
  const rows = tableRows();
  const shown = shownColumns();
  const most = new Map(
    shown.map((column) => [
      column.name,
      Math.max(...leavesOf(root).map((item) => Math.abs(column.num ? column.value(item) : 0)), 1),
    ]),
  );
  const body = rows.slice(0, MOST_ROWS).map((row) => tableRow(row, shown, most));
  const table = h(
    "table",
    { class: "layers", role: "treegrid", "aria-label": "Layers", "aria-rowcount": rows.length },
    h("thead", {}, h("tr", {}, headCell({ name: "", label: "layer" }), shown.map(headCell))),
    h("tbody", { onkeydown: rowKey }, body),
  );
  const scroll = place.querySelector(".scroll");
  const at = scroll.scrollTop;
  scroll.replaceChildren(
    table,
    rows.length > MOST_ROWS
      ? h("p", { class: "quiet" }, `${rows.length - MOST_ROWS} more rows: search narrows them down.`)
      : "",
    rows.length ? "" : h("p", { class: "quiet pad" }, `No layer has '${state.q.trim()}' in its path or op.`),
    ...(model.notes ?? []).map((note) => h("p", { class: "quiet pad" }, note)),
  );
  scroll.scrollTop = at;
  place.querySelector(".count").textContent = state.q || state.sort ? `${rows.length} ${rows.length === 1 ? "row" : "rows"}` : "";
  if (document.activeElement?.id !== "search") place.querySelector("#search").value = state.q;
  watch(table, { tips: false });
  follow(place);
}

/** Open what is around the row that was selected elsewhere, and bring it into sight. */
function follow(place) {
  const item = selected();
  const row = place.querySelector("tr.chosen");
  const scroll = place.querySelector(".scroll");
  if (!item || follow.last === item.key) return;
  follow.last = item.key;
  const hidden =
    !row
    && !state.q
    && !state.sort
    && ancestors(item)
      .slice(0, -1)
      .filter((each) => !opened.has(each.key));
  if (hidden && hidden.length) {
    hidden.forEach((each) => opened.add(each.key));
    drawTable(place);
  }
  keepInSight(scroll, scroll.scrollTop);
}

function tableTools() {
  const search = h("input", {
    id: "search",
    type: "search",
    placeholder: "search  /",
    "aria-label": "Search layers",
    value: state.q,
    oninput: (event) => go({ q: event.target.value }),
  });
  const picks = columns.map((column) =>
    h(
      "label",
      {},
      h("input", {
        type: "checkbox",
        checked: state.columns.split(",").includes(column.name),
        onchange: (event) => pickColumn(column.name, event.target.checked),
      }),
      " ",
      column.label,
    ),
  );
  const formats = [
    ["CSV", asCsv],
    ["Markdown", asMarkdown],
    ["LaTeX", asLatex],
  ].map(([name, write]) =>
    h("button", { type: "button", "data-copy": name, onclick: () => copy(write(), `the table as ${name}`) }, name),
  );
  return h(
    "div",
    { class: "table-tools" },
    search,
    h("span", { class: "count quiet", role: "status" }),
    h("details", { class: "columns" }, h("summary", {}, "columns"), h("div", { class: "picks" }, picks)),
    h(
      "div",
      { class: "choice", role: "group", "aria-label": "Open" },
      h("button", { type: "button", onclick: () => openAll(true) }, "open all"),
      h("button", { type: "button", onclick: () => openAll(false) }, "close all"),
    ),
    h("span", { class: "quiet" }, "copy as"),
    h("div", { class: "choice", role: "group", "aria-label": "Copy as" }, formats),
  );
}

function openAll(wanted) {
  opened.clear();
  for (const item of items) if (item.children.length && (wanted || item === root)) opened.add(item.key);
  draw(["open"]);
}
