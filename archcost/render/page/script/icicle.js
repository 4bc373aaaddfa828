// The icicle: blocks as wide as their share, one metric above the middle and another below it.

const ROW = 24; // px, of a level
const GAP = 44; // px, between the halves
const LEVELS = 8; // below what is zoomed to

function drawIcicle(place) {
  const focus = focusOf();
  const look = lookOf();
  const frame = place.querySelector(".icicle") ?? icicleFrame(place);
  place.querySelector(".controls").replaceChildren(...icicleControls());
  place.querySelector(".crumbs").replaceChildren(...crumbs(focus));
  const halves = [look.up && half(focus, look.up, "up"), half(focus, look.down, "down")].filter(Boolean);
  const width = frame.clientWidth || 1000;
  let top = 0;
  const cells = [];
  const bounds = [];
  for (const each of halves) {
    const rows = each.rows * ROW;
    cells.push(
      ...each.parts
        .filter((part) => (part.x1 - part.x0) * width >= 0.6)
        .map((part) => cellOf(each, part, top, rows, width)),
    );
    bounds.push({ ...each, top, bottom: top + rows });
    top += rows + GAP;
  }
  frame.style.height = `${top - GAP}px`;
  joinCells(frame, cells);
  drawRibbons(frame, bounds);
  place.querySelector(".legend").replaceChildren(...icicleLegend(look));
}

function icicleFrame(place) {
  const frame = h("div", {
    class: "icicle",
    tabindex: 0,
    role: "application",
    "aria-label":
      "Icicle of the layers, which the table below has too. Arrow keys move, Enter looks closer, Escape goes back.",
    onkeydown: icicleKey,
    onclick: (event) => clickCell(event),
  });
  watch(frame);
  place.append(
    h("div", { class: "controls" }),
    h("nav", { class: "crumbs", "aria-label": "Where you are" }),
    frame,
    h("p", { class: "legend quiet" }),
  );
  return frame;
}

function icicleControls() {
  return [
    choice(
      "Metric",
      LOOKS.map((look) => [look.name, look.label]),
      lookOf().name,
      (metric) => go({ metric }),
    ),
    choice("Order", ORDERS, state.order, (order) => go({ order, zoom: root.key })),
    two && choice("Model", SIDES, state.side, (side) => go({ side })),
  ].filter(Boolean);
}

function crumbs(focus) {
  return ancestors(focus).map((item, index, all) =>
    index === all.length - 1
      ? h("span", { "aria-current": "location" }, breakable(withTimes(item)))
      : h("button", { type: "button", onclick: () => go({ zoom: item.key }) }, breakable(withTimes(item))),
  );
}

/** One half: the part of it for each row, from 0 to 1, and how many levels it has. */
function half(focus, name, direction) {
  const place = placeOf(name);
  const tree = hierarchy(focus, (item) => item.children).sum((item) =>
    item.children.length ? 0 : widthOf(item, place),
  );
  if (state.order !== "run") tree.sort((left, right) => right.value - left.value);
  const total = tree.value;
  if (total) partition().size([1, tree.height + 1])(tree);
  else Object.assign(tree, { x0: 0, x1: 1, children: undefined });
  const parts = tree.descendants().filter((part) => part.depth <= LEVELS && (part.depth === 0 || part.value > 0));
  const rows = 1 + Math.max(...parts.map((part) => part.depth));
  return { metric: metrics[place], place, direction, parts, rows, total };
}

/** How wide a layer is drawn. */
function widthOf(item, place) {
  return state.side === "delta" ? Math.abs(delta(item, place)) : figure(item, place, sideOf());
}

function cellOf({ metric, place, direction, total }, part, top, rows, width) {
  const item = part.data;
  const level = part.depth * ROW;
  const wide = (part.x1 - part.x0) * width;
  return {
    id: `${direction}:${item.key}`,
    item,
    base: part.depth === 0,
    left: part.x0 * 100,
    width: (part.x1 - part.x0) * 100,
    top: direction === "up" ? top + rows - level - ROW : top + level,
    text: part.depth === 0 ? baseText(item, metric, place, total) : wide < 30 ? "" : cellName(item, wide),
    share:
      wide > 110 && part.depth
        ? two
          ? changeText(item, place, metric)
          : shareText(part.value, total, focusOf(), place)
        : "",
    look: colours(item, place),
    direction,
  };
}

/** Its name; with its op, where the name is a number and there is room for both. */
function cellName(item, wide) {
  const name = withTimes(item);
  const both = `${name} ${opOf(item)}`;
  const fits = LETTER * both.length + 50 < wide; // beside a share
  return apart(fits && /^[\d… ]+$/.test(nameOf(item)) ? both : name);
}

const changeText = (item, place, metric) =>
  delta(item, place) || !isKnown(item, place) ? deltaText(item, place, metric.unit) : "=";

function baseText(item, metric, place, total) {
  if (two) {
    const [before, after] = ["a", "b"].map((side) => figure(item, place, side));
    const change = changeText(item, place, metric) + (isKnown(item, place) ? relative(before, after) : "");
    const [from, to] = ["a", "b"].map((side) => sideText(item, place, metric.unit, side));
    return `${metric.label} ${from} → ${to} (${change})`;
  }
  return total || !isKnown(item, place)
    ? `${metric.label} ${sideText(item, place, metric.unit)}`
    : `no ${metric.label} here`;
}

function joinCells(frame, cells) {
  select(frame)
    .selectAll(".cell")
    .data(cells, (cell) => cell.id)
    .join((entering) =>
      entering.append(() => h("div", {}, h("span", { class: "name" }), h("span", { class: "share" }))),
    )
    .attr("class", ({ item, base, look }) =>
      classes("cell", look.kind, base && "base", item.children.length && "scope", item.key === state.at && "chosen"),
    )
    .attr("data-item", (cell) => cell.item.key)
    .attr("data-half", (cell) => cell.direction)
    .style("left", (cell) => `${cell.left}%`)
    .style("width", (cell) => `${cell.width}%`)
    .style("top", (cell) => `${cell.top}px`)
    .each(function fill(cell) {
      for (const [name, value] of Object.entries(cell.look.vars)) this.style.setProperty(name, value);
      this.children[0].textContent = cell.text;
      this.children[1].textContent = cell.share;
    });
}

/** Bands from what a block takes of the upper half to what it takes of the lower. */
function drawRibbons(frame, bounds) {
  frame.querySelector("svg")?.remove();
  if (bounds.length < 2) return;
  const [up, down] = bounds;
  const lower = new Map(down.parts.filter((part) => part.depth === 1).map((part) => [part.data.key, part]));
  const bands = up.parts
    .filter((part) => part.depth === 1)
    .map((part) => ribbon(part, lower.get(part.data.key), up.place));
  const svg = g(
    "svg",
    { class: "ribbons", viewBox: `0 0 1000 ${GAP}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    bands,
  );
  svg.style.top = `${up.bottom}px`;
  svg.style.height = `${GAP}px`;
  frame.prepend(svg);
}

function ribbon(above, below, place) {
  if (!below) return null;
  const [a0, a1, b0, b1] = [above.x0, above.x1, below.x0, below.x1].map((x) => (1000 * x).toFixed(2));
  const middle = GAP / 2;
  const down = `M${a0},0C${a0},${middle} ${b0},${middle} ${b0},${GAP}`;
  const curve = `${down}H${b1}C${b1},${middle} ${a1},${middle} ${a1},0Z`;
  const look = colours(above.data, place);
  return g("path", { d: curve, class: `ribbon ${look.kind}`, "data-item": above.data.key, vars: look.vars });
}
