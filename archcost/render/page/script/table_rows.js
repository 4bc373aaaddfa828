// A row of the table and its cells; a tree for the mouse, for the keyboard and for screen readers.

function headCell(column) {
  const [name, way] = state.sort.split(" ");
  const here = column.name ? name === column.name : !state.sort;
  const next = !column.name ? "" : here && way === "down" ? `${column.name} up` : here ? "" : `${column.name} down`;
  return h(
    "th",
    {
      scope: "col",
      class: column.num ? "num" : null,
      "aria-sort": here && column.name ? (way === "up" ? "ascending" : "descending") : "none",
    },
    h(
      "button",
      { type: "button", onclick: () => go({ sort: next }) },
      column.label,
      here && column.name ? (way === "up" ? " ▲" : " ▼") : "",
    ),
  );
}

function tableRow({ item, level, flat }, shown, most) {
  const scope = item.children.length > 0 && !flat;
  const kind = two ? (!item.a ? "new" : !item.b ? "gone" : "") : "";
  return h(
    "tr",
    {
      class: classes(item.children.length ? "scope" : "leaf", kind, item.key === state.at && "chosen"),
      "data-item": item.key,
      tabindex: -1,
      "aria-level": level + 1,
      "aria-expanded": scope ? String(opened.has(item.key)) : null,
      "aria-selected": item.key === state.at ? "true" : null,
      onclick: (event) => rowClick(event, item, scope),
    },
    nameCell(item, level, flat, scope),
    shown.map((column) => tableCell(item, column, most.get(column.name))),
  );
}

function nameCell(item, level, flat, scope) {
  return h(
    "th",
    { scope: "row", class: "layer", vars: { "--level": level } },
    scope
      ? h(
          "button",
          {
            type: "button",
            class: "twist",
            "aria-label": `${opened.has(item.key) ? "close" : "open"} ${nameOf(item)}`,
          },
          opened.has(item.key) ? "▾" : "▸",
        )
      : h("span", { class: "twist" }),
    two && h("span", { class: "mark" }, markOf(item) || " "),
    breakable(flat ? longName(item) : nameOf(item)),
    !flat && timesOf(item) > 1 && h("span", { class: "quiet" }, ` ×${timesOf(item)}`),
  );
}

function tableCell(item, column, most) {
  const kind = column.change && isKnown(item, column.place) ? changeKind(column.value(item)) : "";
  const cell = h(
    "td",
    {
      class: `${column.num ? "num" : ""} ${kind}`.trim() || null,
      title: column.num && !column.change && item.b ? exact(item.b.figures[column.place]) : null,
    },
    column.text(item),
  );
  if (column.num && !item.children.length) {
    cell.classList.add("bar");
    cell.style.setProperty("--part", `${((100 * Math.abs(column.value(item))) / most).toFixed(1)}%`);
  }
  return cell;
}

function rowClick(event, item, scope) {
  if (event.target.closest(".twist") && scope) turn(item);
  else go({ at: item.key });
}

function turn(item) {
  if (opened.has(item.key)) opened.delete(item.key);
  else opened.add(item.key);
  draw(["open"]);
}

/** Arrows move between rows and open them, as in any tree. */
function rowKey(event) {
  const row = event.target.closest("tr");
  const item = byKey.get(row.dataset.item);
  const moves = {
    ArrowDown: () => focusRow(row.nextElementSibling),
    ArrowUp: () => focusRow(row.previousElementSibling),
    ArrowRight: () => item.children.length && !opened.has(item.key) && turn(item),
    ArrowLeft: () => opened.has(item.key) && turn(item),
    Enter: () => go({ at: item.key }),
  };
  if (!moves[event.key] || event.target.closest("button, input")) return;
  event.preventDefault();
  moves[event.key]();
  if (!row.isConnected) focusRow(document.querySelector(`tr[data-item="${CSS.escape(item.key)}"]`));
}

const focusRow = (row) => row?.focus();

/** Scroll a table to where it was, or to the row that was selected elsewhere. */
function keepInSight(scroll, from) {
  scroll.scrollTop = from;
  const row = scroll.querySelector("tr.chosen");
  if (!row) return;
  const [top, bottom] = [row.offsetTop - 34, row.offsetTop + row.offsetHeight - scroll.clientHeight];
  scroll.scrollTop = Math.max(Math.min(from, top), bottom);
}
