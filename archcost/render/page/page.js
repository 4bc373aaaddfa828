/*
 * The page of `archcost report`. It draws the document archcost.page/1 that stands in this file: nothing is fetched.
 *
 * In order: data, text of figures, state (kept in the URL's hash), elements, and then a view each: heading, cards,
 * icicle, waterfall, memory, layer graph, selected layer, table, sweep. A view is a function that draws what the state
 * says; `VIEWS` names the parts of the state that each depends on.
 */
"use strict";

(async () => {
  const { hierarchy, partition, scaleLinear, scaleLog, select, zoom, zoomIdentity, Graph, layout } = archcostVendor;

  /**
   * @typedef {number | string | null} Figure an integer; a string where it exceeds 2^53; null where it is unknown
   * @typedef {{name: string, path: string, op: ?string, parent: ?number, depth: number, times: number,
   *   figures: Figure[], input: number[][], output: number[][], line: ?number, file: ?number, detail: ?number,
   *   suggestion: ?number, edges: ?Array<[?number, ?number, number]>}} Node
   * @typedef {{name: string, label: string, unit: string}} Metric
   * @typedef {{name: string, label: string, steps: Figure[], fixed: {label: string, bytes: Figure}[], peak: number,
   *   limit?: Figure, phase?: number, labels?: number[],
   *   alive?: {sets: Array<Array<[number, Figure, string]>>, of: Array<?number>}}} Run
   * @typedef {{key: string, a: ?Node, b: ?Node, parent: ?Item, children: Item[], rank: number,
   *   pair: number, label?: string, sum?: Item[]}} Item
   *   a row of the page: a node, or a pair of nodes of two models that were aligned
   */

  // ------------------------------------------------------------------------------------------------------------ data

  /** The document in this file: as it stands, or unpacked where it is long. */
  async function documentHere() {
    const place = document.getElementById("archcost-data");
    if (!place.dataset.packed) return JSON.parse(place.textContent);
    const bytes = Uint8Array.from(atob(place.textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(place.dataset.packed))).json();
  }

  const page = await documentHere();
  const models = page.models;
  const two = models.length === 2 && Boolean(page.comparison);
  const model = models[models.length - 1];
  const metrics = /** @type {Metric[]} */ (model ? model.metrics : []);
  const NO_FIGURE = -1;

  /** The place of a metric in the figures of nodes; NO_FIGURE if the document does not have it. */
  const placeOf = (name) => metrics.findIndex((metric) => metric.name === name);

  /** The rows of the page in pre-order, each below its parent; the first is the whole model. */
  function makeItems() {
    if (!model) return [];
    const pairs = two ? page.comparison.pairs : model.nodes.map((_, id) => [null, id]);
    const [before, after] = two ? models : [{ nodes: [] }, model];
    const byNode = { a: new Map(), b: new Map() };
    const taken = new Set([""]); // says of the state that nothing is chosen
    const items = pairs.map(([a, b], pair) => {
      const item = { key: "", pair, a: before.nodes[a] ?? null, b: after.nodes[b] ?? null, parent: null, children: [],
        rank: 0 };
      item.key = unusedKey((item.b ?? item.a).path, taken);
      if (a !== null) byNode.a.set(a, item);
      if (b !== null) byNode.b.set(b, item);
      return item;
    });
    items.forEach((item, index) => index && adopt(parentOf(item, before, after, byNode) ?? items[0], item));
    const left = items.filter((item) => !absorbed(item, byNode));
    rankLeaves(left);
    standIn(before.nodes, byNode.a);
    standIn(after.nodes, byNode.b);
    return Object.assign(left, { byNode });
  }

  /** Nodes without a row of their own have that of what is around them. */
  function standIn(nodes, known) {
    nodes.forEach((node, id) => {
      if (!known.has(id) && known.has(node.parent)) known.set(id, known.get(node.parent));
    });
  }

  /** Whether a row is all that its parent holds, as the rounds of a repeat are: then the parent stands for it. */
  function absorbed(item, byNode) {
    const { parent, a, b } = item;
    if (!parent?.parent || parent.children.length > 1 || timesOf(item) === 1 || !item.children.length) return false;
    if (Boolean(parent.a) !== Boolean(a) || Boolean(parent.b) !== Boolean(b)) return false;
    Object.assign(parent, { label: nameOf(parent), a, b, children: item.children });
    parent.children.forEach((child) => (child.parent = parent));
    for (const side of ["a", "b"]) byNode[side].forEach((owner, id) => owner === item && byNode[side].set(id, parent));
    return true;
  }

  /** A key for a path that no other row has. */
  function unusedKey(path, taken) {
    let key = path;
    while (taken.has(key)) key += "'";
    taken.add(key);
    return key;
  }

  /** The nearest scope around a row that is a row too; the names of scopes between them become part of its own. */
  function parentOf(item, before, after, byNode) {
    const [nodes, known, start] = item.b ? [after.nodes, byNode.b, item.b] : [before.nodes, byNode.a, item.a];
    const names = [start.name];
    for (let id = start.parent ?? null; id !== null; id = nodes[id].parent ?? null) {
      if (names.length > 1) item.label = names.join(".");
      if (known.has(id)) return known.get(id);
      names.unshift(nodes[id].name);
    }
    return null;
  }

  function adopt(parent, item) {
    item.parent = parent;
    parent.children.push(item);
  }

  /** Where each row stands in the run, from 0 to 1: its hue. */
  function rankLeaves(items) {
    const leaves = items.filter((item) => !item.children.length);
    leaves.forEach((item, index) => (item.rank = (index + 0.5) / leaves.length));
    for (const item of [...items].reverse()) {
      if (item.children.length) item.rank = (item.children[0].rank + item.children.at(-1).rank) / 2;
    }
  }

  const leavesOf = (item) => (item.children.length ? item.children.flatMap(leavesOf) : [item]);
  const shownNode = (item) => item.b ?? item.a;
  const nameOf = (item) => item.label ?? shownNode(item).name;
  const opOf = (item) => shownNode(item)?.op ?? shownNode(item)?.block ?? "";
  const markOf = (item) => (two ? page.comparison.marks?.[item.pair] ?? (!item.a ? "+" : !item.b ? "-" : "") : "");
  const timesOf = (item) => shownNode(item)?.times ?? 1; // rounds that follow each other
  const items = makeItems();
  const root = items[0];
  const byKey = new Map(items.map((item) => [item.key, item]));
  const withTimes = (item) => (timesOf(item) > 1 ? `${nameOf(item)} ×${timesOf(item)}` : nameOf(item));
  const ancestors = (item) => (item.parent ? [...ancestors(item.parent), item] : [item]);
  const pathOf = (item) => shownNode(item)?.path || nameOf(item);

  /** A figure of a row as a number, 0 where it is unknown or the row is not in that model. */
  function figure(item, place, side = "b") {
    if (item.sum) return item.sum.reduce((total, each) => total + figure(each, place, side), 0);
    return Number(item[side]?.figures[place] ?? 0);
  }

  const isUnknown = (item, place) => item.b && item.b.figures[place] === null;
  const isPartial = (item, place) => Boolean(item.b?.unknown?.includes(place)); // the figure is the known part
  const delta = (item, place) => figure(item, place, "b") - figure(item, place, "a");
  const isPart = (node, place) => node?.figures[place] === null || Boolean(node?.unknown?.includes(place));

  /** Whether a figure of a row is fully known, in both models. */
  const isKnown = (item, place) => (item.sum ? item.sum.every((each) => isKnown(each, place))
    : !isPart(item.a, place) && !isPart(item.b, place));

  // ------------------------------------------------------------------------------------------------- text of figures

  const SCALES = {
    SI: [1000, ["", " k", " M", " G", " T", " P", " E", " Z"]],
    bytes: [1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]],
    ns: [1000, [" ns", " µs", " ms", " s"]],
  };

  /** Three digits and a unit. */
  function short(value, unit) {
    const [step, names] = SCALES[unit] ?? SCALES.SI;
    let size = Math.abs(value);
    let place = 0;
    while (size >= step * 0.9995 && place < names.length - 1) {
      size /= step;
      place += 1;
    }
    const digits = place === 0 && Number.isInteger(size) ? 0 : size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    return (value < 0 ? "−" : "") + size.toFixed(digits) + names[place];
  }

  /** All digits, in groups of three. */
  const exact = (value) => (value === null || value === undefined ? "unknown" : BigInt(value).toLocaleString("en-US"));
  const signed = (value, unit) => (value > 0 ? "+" : "") + (value === 0 ? "0" : short(value, unit));
  const deltaText = (item, place, unit) => (isKnown(item, place) ? signed(delta(item, place), unit) : "unknown");

  /** A figure of a row on one side, as far as it is known. */
  function sideText(item, place, unit, side = "b") {
    const value = figure(item, place, side);
    const part = item.sum ? !isKnown(item, place) : isPart(item[side], place);
    return part && !value ? "unknown" : (part ? "≥ " : "") + short(value, unit);
  }

  /** A share of a whole: at most that where the whole is known in part. */
  const shareText = (part, whole, item, place) => (part && !isKnown(item, place) ? "≤ " : "") + percent(part, whole);

  function percent(part, whole) {
    if (!whole) return "";
    const share = (100 * part) / whole;
    return share >= 99.95 || share === 0 ? `${share.toFixed(0)}%` : share < 0.1 ? "<0.1%" : `${share.toFixed(1)}%`;
  }

  const shapeText = (shape) => (shape.length ? shape.join("×") : "scalar");
  const shapesText = (shapes) => (shapes ?? []).map(shapeText).join(", ");

  // ----------------------------------------------------------------------------------------------------------- state

  /** What can be looked at, by the name that the hash has for it. */
  const LOOKS = [
    { name: "flow", label: "MACs ↕ params", up: "macs", down: "params" },
    { name: "weights", label: "weights", down: "weight_bytes" },
    { name: "activations", label: "activations", down: "activation_bytes" },
    { name: "time", label: "time", down: "time_ns" },
  ].filter((look) => [look.up, look.down].every((name) => !name || placeOf(name) !== NO_FIGURE));
  const ORDERS = [["run", "execution"], ["heaviest", "heaviest first"], ["op", "by op"]];
  const SIDES = [["after", "after"], ["before", "before"], ["delta", "Δ"]];

  const START = {
    metric: LOOKS[0]?.name ?? "", order: "run", zoom: root?.key ?? "", at: "", side: "after",
    run: model?.timeline?.runs[0]?.name ?? "", part: "", q: "", sort: "", columns: "", open: "",
    x: page.sweep?.x ?? "", y: page.sweep?.y ?? "",
  };
  const state = { ...START, ...fromHash() };

  /** What the hash says, where it is something that there is. */
  function fromHash() {
    const found = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    return Object.fromEntries(Object.entries(found).filter(([key]) => key in START));
  }

  /** Put the state into the address: what is zoomed to as a step that the browser leads back from. */
  function writeHash(isStep) {
    const changed = Object.entries(state).filter(([key, value]) => value !== START[key]);
    const text = new URLSearchParams(changed).toString();
    history[isStep ? "pushState" : "replaceState"](null, "", text ? `#${text}` : "#");
  }

  /** Change the state, and draw what depends on it. */
  function go(change) {
    const keys = Object.keys(change).filter((key) => state[key] !== change[key]);
    if (!keys.length) return;
    Object.assign(state, change);
    hideTip();
    writeHash(keys.includes("zoom"));
    draw(keys);
  }

  function draw(keys) {
    for (const view of VIEWS) {
      if (view.place && view.keys.some((key) => keys.includes(key))) view.draw(view.place);
    }
  }

  const lookOf = () => LOOKS.find((look) => look.name === state.metric) ?? LOOKS[0];
  const focusOf = () => (state.order === "op" ? opTree(state.zoom) : byKey.get(state.zoom) ?? root);
  const selected = () => byKey.get(state.at) ?? null;
  const sideOf = () => (state.side === "before" ? "a" : "b");

  /** Look closer at a row if there is something below it, and select it. */
  function enter(item) {
    if (item.children.length) go({ zoom: item.key, at: item.sum ? state.at : item.key });
    else go({ at: item.key });
  }

  function leave() {
    const parent = focusOf().parent;
    if (parent) go({ zoom: parent.key, at: byKey.has(state.zoom) ? state.zoom : state.at });
  }

  /** The layers of the model below their ops; the part of it with a key. */
  function opTree(key) {
    opTree.known ??= makeOpTree();
    return opTree.known.get(key) ?? opTree.known.get(root.key);
  }

  function makeOpTree() {
    const groups = new Map();
    for (const leaf of leavesOf(root)) groups.set(opOf(leaf), [...(groups.get(opOf(leaf)) ?? []), leaf]);
    const top = { key: root.key, label: nameOf(root), sum: leavesOf(root), children: [], parent: null, rank: 0.5 };
    top.children = [...groups].map(([op, leaves], index) => {
      const children = leaves.map((leaf) => ({ ...leaf, label: pathOf(leaf), rank: (index + 0.5) / groups.size }));
      const group = { key: `op:${op}`, label: op, sum: leaves, parent: top, children, rank: children[0].rank };
      children.forEach((child) => (child.parent = group));
      return group;
    });
    return new Map([top, ...top.children].map((each) => [each.key, each]));
  }

  // -------------------------------------------------------------------------------------------------------- elements

  /** An element with attributes (`on…` are listeners) and children; what is null or false is left out. */
  function make(namespace, tag, attributes, children) {
    const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "vars") Object.entries(value).forEach(([key, each]) => element.style.setProperty(key, each));
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false
      && child !== ""));
    return element;
  }

  const h = (tag, attributes, ...children) => make("", tag, attributes, children);
  const g = (tag, attributes, ...children) => make("http://www.w3.org/2000/svg", tag, attributes, children);

  const classes = (...names) => names.filter(Boolean).join(" ");

  /** Buttons of which one is pressed. */
  function choice(label, options, chosen, choose) {
    const buttons = options.map(([value, text, title]) =>
      h("button", { type: "button", "aria-pressed": String(value === chosen), title, onclick: () => choose(value) },
        text));
    return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
  }

  const say = (text) => (document.getElementById("said").textContent = text);

  /** The card beside the pointer. */
  const tip = h("div", { id: "tip", role: "tooltip", hidden: true });

  function showTip(event, content) {
    tip.replaceChildren(...content);
    tip.hidden = false;
    const { innerWidth, innerHeight } = window;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
    const below = event.clientY + 18;
    tip.style.top = `${below + box.height > innerHeight - 8 ? Math.max(8, event.clientY - box.height - 12) : below}px`;
  }

  const hideTip = () => (tip.hidden = true);

  /** What the card says of a row. */
  function tipOf(item) {
    const node = shownNode(item);
    const lines = metrics.filter((_, place) => figure(item, place) || figure(item, place, "a") || !isKnown(item, place))
      .map((metric) => tipLine(item, metric, placeOf(metric.name)));
    const about = [opOf(item), node && shapesText(node.output)].filter(Boolean).join(" · ");
    return [h("b", {}, item.sum ? nameOf(item) : pathOf(item), timesOf(item) > 1 ? ` ×${timesOf(item)}` : ""),
      about && h("div", { class: "quiet" }, about), h("table", {}, h("tbody", {}, lines))].filter(Boolean);
  }

  function tipLine(item, metric, place) {
    const value = figure(item, place, item.b || item.sum ? "b" : "a");
    const cells = two
      ? [sideText(item, place, metric.unit, "a"), "→ " + sideText(item, place, metric.unit),
        deltaText(item, place, metric.unit)]
      : [sideText(item, place, metric.unit), shareText(value, figure(root, place), root, place)];
    return h("tr", {}, h("th", { scope: "row" }, metric.label), cells.map((cell) => h("td", {}, cell)));
  }

  /** Light up everything that shows a row. */
  function light(key) {
    for (const element of document.querySelectorAll(".lit")) element.classList.remove("lit");
    if (key === null) return;
    for (const element of document.querySelectorAll(`[data-item="${CSS.escape(key)}"]`)) element.classList.add("lit");
  }

  /** Listeners for all rows shown in an element. */
  function watch(element, { tips = true } = {}) {
    element.addEventListener("pointermove", (event) => {
      const key = event.target.closest("[data-item]")?.dataset.item ?? null;
      light(key);
      const item = key === null ? null : byKey.get(key) ?? opTree.known?.get(key);
      if (item && tips && event.pointerType !== "touch") showTip(event, tipOf(item));
      else hideTip();
    });
    element.addEventListener("pointerleave", () => (light(null), hideTip()));
    return element;
  }

  const section = (id, title, ...children) =>
    h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), children);

  // ----------------------------------------------------------------------------------------------- heading and cards

  function heading() {
    const inputs = (model?.inputs ?? []).map((each) => `${each.name} ${shapeText(each.shape)}`).join(", ");
    const names = models.map((each) => each.name);
    const params = Object.entries(model?.params ?? {}).map(([name, value]) => `${name}=${value}`).join(" ");
    const about = model ? [inputs, model.dtype, `batch ${model.batch}`,
      page.device?.title].filter(Boolean).join(" · ") : page.sweep?.about;
    return h("header", {},
      h("div", {}, h("h1", {}, two ? [names[0], h("span", { class: "quiet" }, " → "), names[1]]
        : names[0] ?? page.sweep?.name ?? "sweep"),
        h("p", { class: "quiet" }, about, params && h("span", { class: "params" }, params)),
        model?.source && h("p", { class: "quiet source" }, model.source)),
      h("div", { class: "tools" },
        h("button", { type: "button", id: "theme", onclick: switchTheme }, "light / dark"),
        h("button", { type: "button", id: "link", onclick: () => copy(location.href, "the link") }, "copy link")));
  }

  function switchTheme() {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  }

  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyBySelection(text);
    }
    say(`copied ${what}`);
  }

  /** For browsers that keep the clipboard from files. */
  function copyBySelection(text) {
    const area = h("textarea", { class: "hidden-text", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function cards() {
    const found = two ? pairedCards() : (model ?? page.sweep)?.cards.map((card) => cardOf(card)) ?? [];
    return found.length ? h("div", { class: "cards" }, found) : null;
  }

  function cardOf(card, before = null) {
    return h("div", { class: "card", "data-state": card.state },
      h("div", { class: "card-label" }, card.label),
      h("div", { class: "card-value", title: card.exact },
        before && before.value !== card.value && [h("span", { class: "before" }, before.value), " → "],
        h("span", { class: "now" }, card.value)),
      card.parts?.length > 0 && h("ul", { class: "card-parts" },
        card.parts.map((part) => h("li", { title: part.exact }, h("span", {}, part.label),
          h("span", {}, partText(part, before))))));
  }

  function partText(part, before) {
    const earlier = before?.parts?.find((each) => each.label === part.label);
    return earlier && earlier.value !== part.value ? `${earlier.value} → ${part.value}` : part.value;
  }

  function pairedCards() {
    const earlier = new Map(models[0].cards.map((card) => [card.label, card]));
    return models[1].cards.map((card) => cardOf(card, earlier.get(card.label)));
  }

  // ---------------------------------------------------------------------------------------------------------- icicle

  const ROW = 24; // px, of a level
  const GAP = 44; // px, between the halves
  const LEVELS = 8; // below what is zoomed to

  /** The sentence that says where the cost is, with the rows to go to. */
  function findings() {
    const best = ["macs", "params", "time_ns"].map((name) => heaviest(name)).filter(Boolean);
    const peak = two ? null : peakFinding();
    return h("p", { id: "findings" }, [...best, peak].filter(Boolean).map((each) =>
      h("button", { type: "button", "data-item": each.item.key, onclick: () =>
        go({ order: "run", zoom: each.item.parent?.key ?? root.key, at: each.item.key }) },
        h("span", { class: "quiet" }, each.label), " ", h("b", {}, each.name), " ", each.text)));
  }

  /** The layer with the largest figure, or with the greatest change. */
  function heaviest(name) {
    const place = placeOf(name);
    if (place === NO_FIGURE) return null;
    const weight = (item) => (!two ? figure(item, place) : isKnown(item, place) ? Math.abs(delta(item, place)) : 0);
    const item = leavesOf(root).reduce((best, each) => (weight(each) > weight(best) ? each : best));
    if (!weight(item)) return null;
    const { label, unit } = metrics[place];
    const text = two ? signed(delta(item, place), unit)
      : `${short(figure(item, place), unit)}, ${shareText(figure(item, place), figure(root, place), root, place)}`;
    return { item, name: longName(item), label: two ? `${label} change most in`
      : `most ${isKnown(root, place) ? "" : "known "}${label}:`, text };
  }

  /** How often a row runs: its rounds times those of the scopes around it. */
  const roundsOf = (item) => ancestors(item).reduce((product, each) => product * timesOf(each), 1);
  const longName = (item) => pathOf(item) + (roundsOf(item) > 1 ? ` ×${roundsOf(item)}` : "");

  function peakFinding() {
    const run = model.timeline?.runs[0];
    const item = run && stepItem(run, run.peak);
    return item && { item, name: pathOf(item), label: "memory peaks at",
      text: "with " + short(totalAt(run, run.peak), "bytes") };
  }

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
      cells.push(...each.parts.filter((part) => (part.x1 - part.x0) * width >= 0.6).map((part) =>
        cellOf(each, part, top, rows, width)));
      bounds.push({ ...each, top, bottom: top + rows });
      top += rows + GAP;
    }
    frame.style.height = `${top - GAP}px`;
    joinCells(frame, cells);
    drawRibbons(frame, bounds);
    place.querySelector(".legend").replaceChildren(...icicleLegend(look));
  }

  function icicleFrame(place) {
    const frame = h("div", { class: "icicle", tabindex: 0, role: "application", "aria-label":
      "Icicle of the layers, which the table below has too. Arrow keys move, Enter looks closer, Escape goes back.",
      onkeydown: icicleKey, onclick: (event) => clickCell(event) });
    watch(frame);
    place.append(h("div", { class: "controls" }), h("nav", { class: "crumbs", "aria-label": "Where you are" }), frame,
      h("p", { class: "legend quiet" }));
    return frame;
  }

  function icicleControls() {
    return [choice("Metric", LOOKS.map((look) => [look.name, look.label]), lookOf().name, (metric) => go({ metric })),
      choice("Order", ORDERS, state.order, (order) => go({ order, zoom: root.key })),
      two && choice("Model", SIDES, state.side, (side) => go({ side }))].filter(Boolean);
  }

  function crumbs(focus) {
    return ancestors(focus).map((item, index, all) => (index === all.length - 1
      ? h("span", { "aria-current": "location" }, withTimes(item))
      : h("button", { type: "button", onclick: () => go({ zoom: item.key }) }, withTimes(item))));
  }

  /** One half: the part of it for each row, from 0 to 1, and how many levels it has. */
  function half(focus, name, direction) {
    const place = placeOf(name);
    const tree = hierarchy(focus, (item) => item.children).sum((item) =>
      (item.children.length ? 0 : widthOf(item, place)));
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
      id: `${direction}:${item.key}`, item, base: part.depth === 0,
      left: part.x0 * 100, width: (part.x1 - part.x0) * 100,
      top: direction === "up" ? top + rows - level - ROW : top + level,
      text: part.depth === 0 ? baseText(item, metric, place, total) : wide < 30 ? "" : withTimes(item),
      share: wide > 110 && part.depth ? (two ? changeText(item, place, metric)
        : shareText(part.value, total, focusOf(), place)) : "",
      look: colours(item, place), direction,
    };
  }

  const changeText = (item, place, metric) => (delta(item, place) || !isKnown(item, place)
    ? deltaText(item, place, metric.unit) : "=");

  function baseText(item, metric, place, total) {
    if (two) {
      const [before, after] = ["a", "b"].map((side) => figure(item, place, side));
      const change = changeText(item, place, metric) + (isKnown(item, place) ? relative(before, after) : "");
      const [from, to] = ["a", "b"].map((side) => sideText(item, place, metric.unit, side));
      return `${metric.label} ${from} → ${to} (${change})`;
    }
    return total || !isKnown(item, place) ? `${metric.label} ${sideText(item, place, metric.unit)}`
      : `no ${metric.label} here`;
  }

  /** The change in percent, where that says something: a growth above a hundredfold is a factor. */
  function relative(before, after) {
    if (!before || !after || before === after) return "";
    const factor = after / before;
    return factor > 100 ? `, ×${Math.round(factor)}`
      : `, ${factor > 1 ? "+" : "−"}${percent(Math.abs(after - before), before)}`;
  }

  /** The class and variables that colour a row: by its place in the run, or by what changed. */
  function colours(item, place) {
    if (!two) return { kind: "place", vars: hue(item.rank) };
    const before = figure(item, place, "a");
    const change = delta(item, place);
    const strength = Math.min(1, Math.abs(change) / (Math.max(before, figure(item, place)) || 1));
    const kind = change > 0 ? "more" : change < 0 ? "less" : "same";
    return { kind: item.b || item.sum ? kind : `${kind} gone`,
      vars: { "--strength": `${Math.round(25 + 75 * strength)}%` } };
  }

  /** From blue by red to yellow, as layers follow each other. */
  const hue = (rank) => ({ "--hue": String(Math.round(195 + 225 * rank)) });

  function joinCells(frame, cells) {
    select(frame).selectAll(".cell").data(cells, (cell) => cell.id)
      .join((entering) => entering.append(() => h("div", {}, h("span", { class: "name" }),
        h("span", { class: "share" }))))
      .attr("class", ({ item, base, look }) =>
        classes("cell", look.kind, base && "base", item.children.length && "scope", item.key === state.at && "chosen"))
      .attr("data-item", (cell) => cell.item.key)
      .attr("data-half", (cell) => cell.direction)
      .style("left", (cell) => `${cell.left}%`).style("width", (cell) => `${cell.width}%`).style("top", (cell) =>
        `${cell.top}px`)
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
    const bands = up.parts.filter((part) => part.depth === 1).map((part) =>
      ribbon(part, lower.get(part.data.key), up.place));
    const svg = g("svg", { class: "ribbons", viewBox: `0 0 1000 ${GAP}`, preserveAspectRatio: "none",
      "aria-hidden": "true" }, bands);
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

  function icicleLegend(look) {
    const widths = [look.up, look.down].filter(Boolean).map((name) =>
      metrics[placeOf(name)].label).join(" above, ") + (look.up ? " below" : "");
    if (!two) return [`Width: ${widths}. Colour: `, ramp(), state.order === "op" ? " by op."
      : " from the first layer to the last.", " Click to look closer, Esc to go back."];
    return [`Width: ${widths}${state.side === "delta" ? ", how much they change" : `, ${state.side}`}. Colour: `,
      h("span", { class: "key less" }), " less ", h("span", { class: "key same" }), " the same ",
        h("span", { class: "key more" }), " more ",
      h("span", { class: "key gone less" }), " removed."];
  }

  /** The hues from the first layer to the last. */
  function ramp() {
    const parts = Array.from({ length: 15 }, (_, index) => h("i", { class: "place", vars: hue((index + 0.5) / 15) }));
    return h("span", { class: "ramp", "aria-hidden": "true" }, parts);
  }

  function clickCell(event) {
    const key = event.target.closest("[data-item]")?.dataset.item;
    const item = key !== undefined && (state.order === "op" ? opTree.known.get(key) ?? byKey.get(key) : byKey.get(key));
    if (!item) return;
    if (item.key === focusOf().key) leave();
    else enter(item);
  }

  /** The half that the keyboard is in. */
  let keyHalf = "up";

  function icicleKey(event) {
    const moves = { ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), ArrowUp: () => vertical("up"),
      ArrowDown: () => vertical("down"),
      Enter: () => enter(cursor()), Escape: leave, Home: () => go({ zoom: root.key, at: root.key }) };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
    const item = cursor();
    say(inWords(item));
    light(item.key);
  }

  /** A row for those who hear it. */
  function inWords(item) {
    const figures = metrics.map((metric, place) => [figure(item, place), metric]).filter(([value]) => value);
    const words = figures.map(([, { name, label, unit }]) => `${sideText(item, placeOf(name), unit)} ${label}`);
    return `${withTimes(item)}: ${words.join(", ")}`;
  }

  /** The row that the keyboard is at, among those that are shown. */
  function cursor() {
    const focus = focusOf();
    const shown = hierarchy(focus, (item) => item.children).find((part) => part.data.key === state.at);
    return shown ? shown.data : focus;
  }

  /** The rows of a half that are drawn at the level of one, in the order shown. */
  function neighbours(item) {
    const look = lookOf();
    const parts = half(focusOf(), keyHalf === "up" && look.up ? look.up : look.down, keyHalf).parts;
    const here = parts.find((part) => part.data.key === item.key);
    return parts.filter((part) => here && part.depth === here.depth).sort((left, right) =>
      left.x0 - right.x0).map((part) => part.data);
  }

  function sideways(step) {
    const row = neighbours(cursor());
    const next = row[row.findIndex((item) => item.key === cursor().key) + step];
    if (next) go({ at: next.key });
  }

  /** Away from the middle is down in the tree; across the middle is the other half. */
  function vertical(direction) {
    const look = lookOf();
    if (!look.up) keyHalf = "down";
    const item = cursor();
    if (item.key === focusOf().key && look.up) keyHalf = direction;
    if (direction === keyHalf) {
      const place = placeOf(keyHalf === "up" && look.up ? look.up : look.down);
      const child = item.children.find((each) => widthOf(each, place) || each.children.length);
      if (child) go({ at: child.key });
    } else if (item.key !== focusOf().key && item.parent) go({ at: item.parent.key });
  }

  // ------------------------------------------------------------------------------------------------------- waterfall

  const BARS = 9; // blocks of their own; the others are one bar

  /** From the total of one model to that of the other, a bar a block that changes it. */
  function drawWaterfall(place) {
    const { up, down } = lookOf();
    place.replaceChildren(...[up, down].filter(Boolean).map((name) => waterfall(metrics[placeOf(name)])));
  }

  function waterfall(metric) {
    const place = placeOf(metric.name);
    const changed = blocksOf(root, place).map((item) => ({ item, change: delta(item, place) })).filter((each) =>
      each.change); // of what is known
    changed.sort((left, right) => Math.abs(right.change) - Math.abs(left.change));
    const rest = changed.slice(BARS).reduce((sum, each) => sum + each.change, 0);
    const steps = changed.slice(0, BARS).map(({ item, change }) => ({ label: longName(item), key: item.key, change }));
    if (rest) steps.push({ label: `${changed.length - BARS} others`, change: rest });
    const before = figure(root, place, "a");
    const rows = [{ label: models[0].name, from: 0, to: before, text: sideText(root, place, metric.unit, "a") }];
    let level = before;
    for (const step of steps) {
      rows.push({ ...step, from: level, to: level + step.change });
      level += step.change;
    }
    rows.push({ label: models[1].name, from: 0, to: figure(root, place), text: sideText(root, place, metric.unit) });
    const axis = waterfallAxis(rows.map((row) => row.to));
    return watch(h("div", { class: "waterfall" },
      h("h3", {}, metric.label, axis.start > 0 && h("span", { class: "quiet" },
        ` from ${short(axis.start, metric.unit)} on`)),
      rows.map((row) => waterfallRow(row, axis, metric.unit))));
  }

  /** Where bars start and how much they span: not at zero where the changes would not be seen. */
  function waterfallAxis(levels) {
    const [least, most] = [Math.min(...levels), Math.max(...levels)];
    const start = most - least < 0.4 * most ? Math.max(0, least - 0.5 * (most - least)) : 0;
    return { start, span: most - start || 1 };
  }

  /** Blocks that the change is told in: the one that changes most is opened, as long as there are few. */
  function blocksOf(item, place) {
    const weight = (each) => (each.children.length ? Math.abs(delta(each, place)) : -1);
    let blocks = item.children;
    for (;;) {
      const most = blocks.reduce((best, each) => (weight(each) > weight(best) ? each : best));
      const opened = blocks.flatMap((each) => (each === most ? each.children : [each])).filter((each) =>
        delta(each, place));
      if (weight(most) <= 0 || opened.length > BARS) return blocks;
      blocks = opened;
    }
  }

  function waterfallRow({ label, key, change, from, to, text }, { start, span }, unit) {
    const kind = change === undefined ? `total${start > 0 ? " torn" : ""}` : change > 0 ? "more" : "less";
    const [left, right] = [Math.min(from, to), Math.max(from, to)].map((level) =>
      (100 * Math.max(0, level - start)) / span);
    const bar = h("span", { class: `bar ${kind}` });
    bar.style.left = `${left}%`;
    bar.style.width = `${right - left}%`;
    return h("div", { class: "fall", "data-item": key, onclick: key && (() => go({ at: key })) },
      h("span", { class: "label", title: label }, tail(label, 36)), h("span", { class: "track" }, bar),
      h("span", { class: "figure" }, text ?? signed(change, unit)));
  }

  // ---------------------------------------------------------------------------------------------------------- memory

  const CHART = 190; // px

  const memorySide = () => (two && state.side === "before" ? "a" : "b");
  const memoryModel = () => (memorySide() === "a" ? models[0] : model);
  const runsOf = (owner = model) => owner.timeline?.runs ?? [];
  const fixedParts = (run) => (run.fixed ?? []).filter((each) => Number(each.bytes));
  const fixedOf = (run) => fixedParts(run).reduce((sum, each) => sum + Number(each.bytes), 0);
  const totalAt = (run, step) => fixedOf(run) + Number(run.steps[step]);
  const stepNode = (run, step) => (run.labels ?? memoryModel().timeline.labels)[step];
  const stepItem = (run, step) => items.byNode[memorySide()].get(stepNode(run, step)) ?? null;

  function drawMemory(place) {
    const runs = runsOf(memoryModel());
    const [first] = runs;
    const run = runs.find((each) => each.name === state.run) ?? first;
    place.replaceChildren(memoryControls(runs, run), memoryHeadline(run),
      memoryChart(run, first, place.clientWidth || 1000),
      memoryLegend(run, first), aliveTable(run, run.peak), ...(memoryModel().timeline.notes ?? []).map((note) =>
        h("p", { class: "quiet" }, note)));
  }

  function memoryControls(runs, run) {
    const whatIfs = runs.map((each) => [each.name, runLabel(each, runs[0])]);
    const parts = [["", "all"], ["alive", "activations alone"]];
    return h("div", { class: "controls" },
      runs.length > 1 && choice("What if", whatIfs, run.name, (name) => go({ run: name })),
      fixedParts(run).length > 0 && choice("What is shown", parts, state.part, (part) => go({ part })));
  }

  function runLabel(run, first) {
    const [now, base] = [totalAt(run, run.peak), totalAt(first, first.peak)];
    return run === first ? `${run.label} ${short(now, "bytes")}`
      : `${run.label} ${now > base ? "+" : "−"}${percent(Math.abs(now - base), base) || "0%"}`;
  }

  function memoryHeadline(run) {
    const item = stepItem(run, run.peak);
    const parts = [...fixedParts(run).map((each) => `${each.label} ${short(Number(each.bytes), "bytes")}`),
      `alive ${short(Number(run.steps[run.peak]), "bytes")}`];
    const side = totalAt(run, run.peak) > Number(run.limit) ? "More" : "Less";
    const limit = run.limit && ` ${side} than the limit of ${short(Number(run.limit), "bytes")}.`;
    return h("p", {}, "Peak ", h("b", {}, short(totalAt(run, run.peak), "bytes")), " at ",
      item ? h("button", { type: "button", class: "link", "data-item": item.key, onclick: () =>
        go({ order: "run", zoom: item.parent?.key ?? root.key, at: item.key }) }, longName(item)) : "the end",
      h("span", { class: "quiet" }, ` = ${parts.join(" + ")}.`), limit, two && memorySide() === "b" && peakBefore());
  }

  function peakBefore() {
    const [run] = runsOf(models[0]);
    return run && h("span", { class: "quiet" }, ` ${models[0].name}: ${short(totalAt(run, run.peak), "bytes")}.`);
  }

  /** Bytes alive at each step, above what is always there; the limit; what was there without the what-if. */
  function memoryChart(run, first, width) {
    const left = 62;
    const floor = state.part === "alive" ? fixedOf(run) : 0; // what is cut off below
    const limit = floor || Number(run.limit) > 1.6 * totalAt(run, run.peak) ? 0 : Number(run.limit ?? 0);
    const shadow = run !== first && !floor && first.steps.length === run.steps.length ? first : null;
    const most = 1.12 * Math.max(totalAt(run, run.peak) - floor, shadow ? totalAt(first, first.peak) : 0, limit);
    const unit = 1024 ** Math.floor(Math.log2(most || 1) / 10);
    const y = scaleLinear([0, most / unit], [CHART, 8]);
    const at = (bytes) => y((bytes - floor) / unit);
    const x = scaleLinear([0, run.steps.length], [left, width - 4]);
    const ticks = y.ticks(4).map((tick) => axisLine(left, width, y(tick), shortTick(tick * unit)));
    return g("svg", { class: "memory", width: "100%", height: CHART + 22, viewBox: `0 0 ${width} ${CHART + 22}`,
      role: "img",
      "aria-label": `Memory step by step; the peak is ${short(totalAt(run, run.peak), "bytes")}` },
    ticks, floor ? null : bandsOf(run, at, left, width - 4), stepPath(run, x, at, "alive", true),
    shadow && stepPath(shadow, x, at, "first", false), run.phase
      && marker(x(run.phase), "backward pass", "phase", width),
    limit > 0 && limitLine(limit, at(limit), left, width), peakMark(run, x, at, width),
      stepCatcher(run, x, left, width));
  }

  const limitLine = (limit, y, left, right) => g("g", {}, g("line",
    { class: "limit", x1: left, x2: right, y1: y, y2: y }),
    g("text", { class: "limit", x: left + 6, y: y - 4 }, `limit ${short(limit, "bytes")}`));

  const shortTick = (bytes) => short(bytes, "bytes").replace(/\.0+ /, " ");
  const axisLine = (left, right, y, text) => g("g", { class: "axis" },
    g("line", { x1: left, x2: right, y1: y, y2: y }), g("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, text));

  function bandsOf(run, at, left, right) {
    let level = 0;
    return fixedParts(run).map((each, index) => {
      const from = level;
      level += Number(each.bytes);
      const height = at(from) - at(level);
      return g("g", { class: `fixed fixed-${index % 3}` }, g("rect",
        { x: left, y: at(level), width: right - left, height: Math.max(0, height) }),
        height > 14 && g("text", { x: left + 6, y: (at(from) + at(level)) / 2 + 4 },
          `${each.label} ${short(Number(each.bytes), "bytes")}`));
    });
  }

  function stepPath(run, x, at, kind, filled) {
    const base = at(fixedOf(run));
    const line = run.steps.map((_, step) =>
      `L${x(step).toFixed(1)},${at(totalAt(run, step)).toFixed(1)}H${x(step + 1).toFixed(1)}`).join("");
    const start = `M${x(0).toFixed(1)},${base.toFixed(1)}`;
    return g("path", { class: kind, d: filled ? `${start}${line}V${base.toFixed(1)}Z` : start + line });
  }

  function marker(x, text, kind, width) {
    const end = x > width - 90;
    return g("g", { class: kind }, g("line", { x1: x, x2: x, y1: 8, y2: CHART + 18 }),
      g("text", { x: end ? x - 5 : x + 5, y: CHART + 16, "text-anchor": end ? "end" : "start" }, text));
  }

  function peakMark(run, x, at, width) {
    const middle = (x(run.peak) + x(run.peak + 1)) / 2;
    const item = stepItem(run, run.peak);
    const top = at(totalAt(run, run.peak));
    const end = middle > width / 2;
    const text = `peak ${short(totalAt(run, run.peak), "bytes")}${item ? ` · ${pathOf(item)}` : ""}`;
    return [g("rect", { class: "peak", x: x(run.peak), y: top, width: Math.max(2, x(run.peak + 1) - x(run.peak)),
      height: Math.max(0, at(fixedOf(run)) - top) }),
      g("text", { class: "peak", x: end ? middle - 6 : middle + 6, y: Math.max(12, top - 5), "text-anchor": end
        ? "end" : "start" }, text)];
  }

  /** What answers the pointer over the chart: the step that it is at. */
  function stepCatcher(run, x, left, width) {
    const line = g("line", { class: "cursor", y1: 0, y2: CHART, visibility: "hidden" });
    const stepOf = (event) => {
      const box = event.currentTarget.ownerSVGElement.getBoundingClientRect();
      return Math.max(0, Math.min(run.steps.length - 1,
        Math.floor(x.invert(((event.clientX - box.left) * width) / box.width))));
    };
    const over = (event) => {
      const step = stepOf(event);
      const item = stepItem(run, step);
      line.setAttribute("x1", x(step + 0.5));
      line.setAttribute("x2", x(step + 0.5));
      line.setAttribute("visibility", "visible");
      light(item?.key ?? null);
      showTip(event, stepTip(run, step, item));
    };
    const out = () => (line.setAttribute("visibility", "hidden"), light(null), hideTip());
    const choose = (event) => { const item = stepItem(run, stepOf(event)); if (item) go({ at: item.key }); };
    return g("g", {}, line, g("rect", { class: "catch", x: left, y: 0, width: Math.max(0, width - left),
      height: CHART + 20, onpointermove: over, onpointerleave: out, onclick: choose }),
      g("text", { class: "quiet", x: left, y: CHART + 16 }, "first layer"),
        g("text", { class: "quiet", x: width - 4, y: CHART + 16, "text-anchor": "end" }, run.phase
        ? "end of the backward pass" : "last layer"));
  }

  function aliveAt(run, step) {
    const alive = run.alive ?? runsOf(memoryModel())[0].alive;
    const set = alive?.of?.[step];
    return set === null || set === undefined ? [] : alive.sets[set];
  }

  function aliveRows(run, step) {
    return aliveAt(run, step).map(([node, bytes, role]) => {
      const item = items.byNode[memorySide()].get(node);
      return h("tr", {}, h("th", { scope: "row" }, item ? pathOf(item) : memoryModel().nodes[node]?.path || "input"),
        h("td", {}, role ?? ""), h("td", { class: "num" }, short(Number(bytes), "bytes")));
    });
  }

  function stepTip(run, step, item) {
    const rows = aliveRows(run, step);
    const alive = `${short(totalAt(run, step), "bytes")}, of which ${short(Number(run.steps[step]), "bytes")} alive`;
    return [h("b", {}, item ? pathOf(item) : `step ${step + 1}`), h("div", { class: "quiet" }, alive),
      rows.length ? h("table", {}, h("tbody", {}, rows.slice(0, 8))) : ""];
  }

  function aliveTable(run, step) {
    const rows = aliveRows(run, step);
    return rows.length ? h("details", {}, h("summary", {}, "What is alive at the peak"),
      h("table", { class: "plain" }, h("tbody", {}, rows))) : "";
  }

  function memoryLegend(run, first) {
    return run === first ? "" : h("p", { class: "legend quiet" }, "Dashed line: ", first.label, ".");
  }

  // ----------------------------------------------------------------------------------------------------- layer graph

  const BOX = { width: 166, height: 44 };

  /** The scope that the graph is of, in the model that is shown. */
  function graphScope() {
    const focus = byKey.get(state.zoom) ?? root;
    const side = two && (state.side === "before" || !focus.b) ? "a" : "b";
    return { side, scope: focus[side] ?? focus.a ?? focus.b, nodes: (side === "a" ? models[0] : model).nodes, focus };
  }

  function drawGraph(place) {
    const { side, scope, nodes, focus } = graphScope();
    const frame = place.querySelector(".graph") ?? graphFrame(place);
    const drawing = g("g", { class: "drawing" });
    const svg = g("svg", { class: "layers", role: "img", "aria-label": `Graph of the layers of ${nodeName(scope)}` },
      arrowHead(), drawing);
    frame.replaceChildren(svg);
    if (!scope.edges?.length) {
      frame.replaceChildren(h("p", { class: "quiet pad" }, `${nodeName(scope)} is one layer.`));
      return;
    }
    const graph = laidOut(scope, nodes);
    const size = graph.graph();
    drawing.append(...graph.edges().map((edge) => edgePath(graph.edge(edge))));
    drawing.append(...graph.nodes().map((id) => boxOf(graph.node(id), side)));
    watch(svg);
    place.querySelector(".graph-of").textContent = focus === root ? model.name : longName(focus);
    zoomable(place, svg, drawing, size);
  }

  const nodeName = (node) => node.name || models[models.length - 1].name;

  function graphFrame(place) {
    const tools = h("div", { class: "choice", role: "group", "aria-label": "Size of the graph" },
      [["larger", "+"], ["smaller", "−"], ["all", "fit"]].map(([name, text]) =>
        h("button", { type: "button", "data-zoom": name, "aria-label": name }, text)));
    const frame = h("div", { class: "graph" });
    place.append(h("div", { class: "graph-head" }, h("span", { class: "graph-of quiet" }), tools), frame);
    return frame;
  }

  const arrowHead = () => g("defs", {}, g("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4,
    markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" },
    g("path", { d: "M0,0L8,4L0,8z" })));

  function laidOut(scope, nodes) {
    const graph = new Graph({ multigraph: true });
    graph.setGraph({ rankdir: "TB", nodesep: 18, ranksep: 30, marginx: 8, marginy: 8 });
    graph.setDefaultEdgeLabel(() => ({}));
    const most = Math.max(...scope.edges.map(([, , bytes]) => Number(bytes)), 1);
    const end = (id, name) => {
      const key = id === null ? name : String(id);
      if (!graph.hasNode(key)) graph.setNode(key, id === null ? { width: 64, height: 22, label: name }
        : { ...BOX, node: nodes[id], id });
      return key;
    };
    const ids = scope.edges.flatMap(([from, to]) => [from, to]).filter((id) => id !== null);
    [...new Set(ids)].sort((left, right) => left - right).forEach((id) => end(id)); // in the order of the run
    scope.edges.forEach(([from, to, bytes], index) => {
      const width = 1 + 5 * Math.sqrt(Number(bytes) / most);
      graph.setEdge(end(from, "input"), end(to, "output"), { bytes: Number(bytes), thick: width.toFixed(1) },
        String(index));
    });
    layout(graph);
    if (isBackwards(graph)) mirror(graph);
    return graph;
  }

  /** Whether what runs first stands at the right of what runs later. */
  function isBackwards(graph) {
    const boxes = graph.nodes().map((key) => graph.node(key)).filter((box) => box.node).sort((left, right) =>
      left.id - right.id);
    return boxes.slice(1).reduce((sum, box, index) => sum + (Math.abs(box.y - boxes[index].y) < 1
      ? Math.sign(box.x - boxes[index].x) : 0), 0) < 0;
  }

  function mirror(graph) {
    const { width } = graph.graph();
    for (const key of graph.nodes()) graph.node(key).x = width - graph.node(key).x;
    for (const edge of graph.edges()) for (const point of graph.edge(edge).points) point.x = width - point.x;
  }

  function edgePath(edge) {
    return g("path", { class: "edge", d: smooth(edge.points), "stroke-width": edge.thick, "marker-end": "url(#arrow)" },
      g("title", {}, short(edge.bytes, "bytes")));
  }

  const pointText = ({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`;
  const between = (left, right) => ({ x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 });

  /** A line through points whose corners are round. */
  function smooth(points) {
    if (points.length < 3) return `M${pointText(points[0])}L${pointText(points.at(-1))}`;
    const corners = points.slice(1, -1).map((point, index, inner) => {
      const end = index === inner.length - 1 ? points.at(-1) : between(point, inner[index + 1]);
      return `Q${pointText(point)} ${pointText(end)}`;
    });
    return `M${pointText(points[0])}${corners.join("")}`;
  }

  function boxOf({ x, y, width, height, node, id, label }, side) {
    const move = `translate(${(x - width / 2).toFixed(1)},${(y - height / 2).toFixed(1)})`;
    if (!node) return g("g", { class: "end", transform: move }, g("rect", { width, height, rx: 11 }),
      g("text", { x: width / 2, y: 15, "text-anchor": "middle" }, label));
    const item = items.byNode[side].get(id);
    const metric = lookOf().up ?? lookOf().down;
    const place = placeOf(metric);
    const share = figureOf(node, place) / (figure(root, place, side) || 1);
    const look = item ? colours(item, place) : { kind: "place", vars: { "--hue": "210" } };
    const times = item ? timesOf(item) : node.times;
    const name = (item ? nameOf(item) : node.name) + (times > 1 ? ` ×${times}` : "");
    const about = [node.op, shapesText(node.output)].filter((text) => text && text !== node.name).join(" ");
    return g("g", { class: classes("box", look.kind, !node.op && "scope", item?.key === state.at && "chosen"),
      transform: move, "data-item": item?.key, vars: look.vars,
      onclick: item && (() => go({ at: item.key })), ondblclick: item && (() => enter(item)) },
    times > 1 && g("rect", { class: "stack", x: 4, y: 4, width, height, rx: 4 }),
    g("rect", { width, height, rx: 4 }),
    g("text", { x: 8, y: 17, class: "name" }, cut(name, 22)),
      g("text", { x: 8, y: 32, class: "about" }, cut(about, 25)),
    g("rect", { class: "share", x: 1, y: height - 4, height: 3, width: Math.max(0, share * (width - 2)).toFixed(1) }));
  }

  const figureOf = (node, place) => Number(node.figures[place] ?? 0);
  /** The end of a path, which tells layers apart. */
  const tail = (text, most) => (text.length > most ? `…${text.slice(1 - most)}` : text);
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  /** Drag moves the graph, Ctrl and the wheel or the buttons make it larger. */
  function zoomable(place, svg, drawing, size) {
    const frame = svg.parentElement;
    const [width, height] = [frame.clientWidth || 600, frame.clientHeight || 460];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const behaviour = zoom().scaleExtent([0.1, 3]).filter((event) => event.type !== "dblclick" && !event.button
      && (event.type !== "wheel" || event.ctrlKey || event.metaKey))
      .on("zoom", (event) => drawing.setAttribute("transform", event.transform));
    const whole = Math.min(width / size.width, height / size.height, 1);
    const chosen = select(svg).call(behaviour).on("dblclick.zoom", null);
    const start = Math.max(whole, Math.min(0.8, width / size.width));
    const show = (scale) => chosen.call(behaviour.transform,
      zoomIdentity.translate((width - size.width * scale) / 2, scale * size.height > height ? 0
      : (height - scale * size.height) / 2).scale(scale));
    show(start);
    const act = { larger: () => chosen.call(behaviour.scaleBy, 1.3), smaller: () =>
      chosen.call(behaviour.scaleBy, 1 / 1.3), all: () => show(whole) };
    for (const button of place.querySelectorAll("[data-zoom]")) button.onclick = act[button.dataset.zoom];
  }

  // -------------------------------------------------------------------------------------------------- selected layer

  function drawPanel(place) {
    const item = selected() ?? byKey.get(state.zoom) ?? root;
    const node = shownNode(item);
    const owner = item.b ? model : models[0];
    const detail = detailOf(node, owner);
    place.replaceChildren(...[
      h("h3", {}, pathOf(item), roundsOf(item) > 1 && h("span", { class: "quiet" }, ` ×${roundsOf(item)}`)),
      h("p", { class: "quiet" }, [opOf(item) || "scope", roundsOf(item) > 1 ? `figures of all ${roundsOf(item)}` : "", two
        && !item.b ? "removed" : two && !item.a ? "new" : ""].filter(Boolean).join(" · ")),
      shapesOf(item), figuresOf(item),
      item.children.length > 0 && item.key !== state.zoom && h("button",
        { type: "button", onclick: () => enter(item) }, "look inside"),
      ...(detail ? detailParts(detail, roundsOf(item)) : [node.op && h("p", { class: "quiet" },
        "The arithmetic of this layer is left out of this page: archcost explain has it.")]),
      ...suggestionParts(owner.suggestions?.[node.suggestion]),
      specLine(node, owner),
    ].filter(Boolean));
  }

  /** What would make it cheaper; what is saved is told of the whole model. */
  function suggestionParts(suggestion) {
    if (!suggestion) return [];
    return [h("h4", {}, "What would make it cheaper"), h("p", {}, suggestion.text),
      h("p", {}, `saves ${suggestion.saves} of the model; ${suggestion.training}`),
      h("p", { class: "quiet" }, suggestion.paper)];
  }

  /** What is known of a layer; equal layers share it, and equal parts of it are said once. */
  function detailOf(node, owner) {
    const detail = owner.details?.[node.detail];
    if (!detail) return null;
    const part = (name) => (typeof detail[name] === "number" ? owner[name][detail[name]] : detail[name]);
    return { ...detail, tools: part("tools"), receptive: part("receptive") };
  }

  function shapesOf(item) {
    const sides = two ? [item.a, item.b].filter(Boolean) : [item.b];
    const texts = [...new Set(sides.map((node) =>
      `${shapesText(node.input)} → ${shapesText(node.output)}`))].filter((text) => text.trim() !== "→");
    return texts.map((text) => h("p", { class: "shapes" }, text))[texts.length - 1] ?? null;
  }

  function figuresOf(item) {
    const rows = metrics.map((metric, place) => {
      const [before, after] = [figure(item, place, "a"), figure(item, place)];
      if (!before && !after && isKnown(item, place)) return null;
      const cells = two ? [shortExact(item.a, place, metric), shortExact(item.b, place, metric),
        h("td", { class: isKnown(item, place) ? changeKind(after - before) : null },
          deltaText(item, place, metric.unit))]
        : [shortExact(item.b, place, metric),
          h("td", {}, shareText(after, figure(root, place), root, place))];
      return h("tr", {}, h("th", { scope: "row" }, metric.label), cells);
    }).filter(Boolean);
    return rows.length ? h("table", { class: "plain figures" }, h("tbody", {}, rows)) : null;
  }

  const NARROW = 600; // px, where two exact figures do not stand beside each other

  const changeKind = (change) => (change > 0 ? "more-text" : change < 0 ? "less-text" : "");

  function shortExact(node, place, metric) {
    const value = node?.figures[place];
    if (!node) return h("td", {}, "–");
    if (value === null || value === undefined) return h("td", {}, "unknown");
    const inUnits = metric.unit === "bytes" || metric.unit === "ns" || (two && innerWidth < NARROW);
    return h("td", { title: exact(value) }, isPart(node, place) && "≥ ",
      inUnits ? short(Number(value), metric.unit) : exact(value));
  }

  function detailParts(detail, rounds) {
    return [
      detail.arithmetic?.length && h("div", {}, h("h4", {}, rounds > 1 ? `Arithmetic of one of ${rounds}` : "Arithmetic"),
        h("pre", { tabindex: 0 }, detail.arithmetic.join("\n"))),
      detail.receptive && receptivePart(detail.receptive),
      detail.tools?.length > 0 && toolsTable(detail.tools),
      ...(detail.notes ?? []).map((note) => h("p", { class: "quiet" }, note)),
    ];
  }

  function toolsTable(tools) {
    const row = (tool) => h("tr", {}, h("th", { scope: "row" }, tool.name),
      h("td", {}, tool.figure === null ? "nothing" : `${exact(tool.figure)} ${tool.unit}`));
    return h("div", {}, h("h4", {}, "What other tools count"),
      h("table", { class: "plain" }, h("tbody", {}, tools.map(row))));
  }

  /** The largest of a field, which may be a number, or the sizes that it can be. */
  const largest = (value) => (Array.isArray(value) ? Math.max(...value.map(Number)) : Number(value));
  const smallest = (value) => (Array.isArray(value) ? Math.min(...value.map(Number)) : Number(value));

  /** What one element of the output sees, drawn on the input. */
  function receptivePart({ size, jump, source }) {
    const input = source ?? [];
    if (!input.length || input.length > 2 || input.length !== size.length) return null;
    const [high, wide] = input.length === 2 ? input : [Math.max(4, input[0] / 12), input[0]];
    const scale = 132 / Math.max(high, wide);
    const fieldOf = (pick) => { const sizes = size.map((each, index) =>
      Math.min(pick(each), input[index])); return input.length === 2 ? sizes : [high, sizes[0]]; };
    const field = (pick, kind) => { const [rows, columns] = fieldOf(pick); return g("rect",
      { class: kind, x: ((wide - columns) / 2) * scale, y: ((high - rows) / 2) * scale, width: columns * scale,
      height: rows * scale }); };
    const text = size.map((each) => (largest(each) === smallest(each) ? largest(each)
      : `${smallest(each)}–${largest(each)}`)).join("×");
    const steps = (jump ?? []).join("×");
    return h("div", {}, h("h4", {}, "Receptive field on the input"), h("div", { class: "field" },
      g("svg", { width: 134, height: high * scale + 2, viewBox: `-1 -1 ${wide * scale + 2} ${high * scale + 2}`,
        role: "img", "aria-label": `A field of ${text} on an input of ${input.join("×")}` },
        g("rect", { class: "input", width: wide * scale, height: high * scale }), field(largest, "sees"),
          field(smallest, "least")),
      h("p", { class: "quiet" }, `Each output element sees ${text} of ${input.join("×")}`, steps
        && `; the next one is ${steps} further`, ".")));
  }

  function specLine(node, owner) {
    const file = owner.lines?.[node.file];
    const text = file?.text?.[node.line];
    return text ? h("div", {}, h("h4", {}, `${file.file}:${node.line}`), h("pre", { tabindex: 0 }, text.trimEnd()))
      : null;
  }

  // ----------------------------------------------------------------------------------------------------------- table

  const OTHER_COLUMNS = [
    { name: "op", label: "op", text: (item) => opOf(item) },
    { name: "input", label: "input", text: (item) => shapesText(shownNode(item).input) },
    { name: "output", label: "output", text: (item) => shapesText(shownNode(item).output) },
  ];
  const CHANGE = (metric) => `${metric.name}:change`;

  /** All columns that there are: of text, and of figures. */
  function allColumns() {
    const figures = metrics.flatMap((metric, place) => {
      const plain = { name: metric.name, label: metric.label, num: true, place, metric, value: (item) =>
        figure(item, place), text: (item) => figureText(item, place, metric) };
      const change = { name: CHANGE(metric), label: `Δ ${metric.label}`, num: true, place, metric, change: true,
        value: (item) => delta(item, place), text: (item) => deltaText(item, place, metric.unit) };
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
  const changing = two && ["macs", "params", ...metrics.map((metric) => metric.name)].map((name) =>
    columns.find((column) => column.name === `${name}:change`))
    .find((column) => column && leavesOf(root).some((item) => column.value(item)));
  START.sort = changing ? `${changing.name} down` : "";
  if (!location.hash.includes("sort=")) state.sort = START.sort;

  function usualColumns() {
    const figures = two ? ["macs", "params"].flatMap((name) => [name, `${name}:change`])
      : ["macs", "params", "activation_bytes", "time_ns"];
    const known = new Set(columns.map((column) => column.name));
    return [...(two ? ["op"] : ["op", "output"]), ...figures].filter((name) => known.has(name));
  }

  const shownColumns = () => columns.filter((column) => state.columns.split(",").includes(column.name));

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
    const found = (words.length ? items.filter((item) => item !== root && matches(item))
      : leavesOf(root)).map((item) => ({ item, level: 0, flat: true }));
    if (column) found.sort((left, right) => (way === "up" ? 1 : -1) * compared(left.item, right.item, column));
    return found;
  }

  function compared(left, right, column) {
    if (!column.num) return column.text(left).localeCompare(column.text(right));
    return column.change ? Math.abs(column.value(left)) - Math.abs(column.value(right))
      : column.value(left) - column.value(right);
  }

  function openRows(item, level) {
    const below = opened.has(item.key) ? item.children.flatMap((child) => openRows(child, level + 1)) : [];
    return [{ item, level }, ...below];
  }

  const MOST_ROWS = 600;

  function drawTable(place) {
    if (!place.querySelector(".table-tools")) place.append(tableTools(),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the layers" }));
    const rows = tableRows();
    const shown = shownColumns();
    const most = new Map(shown.map((column) => [column.name,
      Math.max(...leavesOf(root).map((item) => Math.abs(column.num ? column.value(item) : 0)), 1)]));
    const body = rows.slice(0, MOST_ROWS).map((row) => tableRow(row, shown, most));
    const table = h("table", { class: "layers", role: "treegrid", "aria-label": "Layers",
      "aria-rowcount": rows.length },
      h("thead", {}, h("tr", {}, headCell({ name: "", label: "layer" }), shown.map(headCell))),
        h("tbody", { onkeydown: rowKey }, body));
    const scroll = place.querySelector(".scroll");
    const at = scroll.scrollTop;
    scroll.replaceChildren(table, rows.length > MOST_ROWS ? h("p", { class: "quiet" },
      `${rows.length - MOST_ROWS} more rows: search narrows them down.`) : "",
      ...(model.notes ?? []).map((note) => h("p", { class: "quiet pad" }, note)));
    scroll.scrollTop = at;
    place.querySelector(".count").textContent = state.q || state.sort ? `${rows.length} rows` : "";
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
    const hidden = !row && !state.q && !state.sort && ancestors(item).slice(0, -1).filter((each) =>
      !opened.has(each.key));
    if (hidden && hidden.length) {
      hidden.forEach((each) => opened.add(each.key));
      drawTable(place);
    }
    const shown = place.querySelector("tr.chosen");
    if (!shown) return;
    const [top, bottom] = [shown.offsetTop - 34, shown.offsetTop + shown.offsetHeight - scroll.clientHeight];
    scroll.scrollTop = Math.max(Math.min(scroll.scrollTop, top), bottom);
  }

  function tableTools() {
    const search = h("input", { id: "search", type: "search", placeholder: "search  /", "aria-label": "Search layers",
      value: state.q, oninput: (event) => go({ q: event.target.value }) });
    const picks = columns.map((column) => h("label", {}, h("input",
      { type: "checkbox", checked: state.columns.split(",").includes(column.name), onchange: (event) =>
      pickColumn(column.name, event.target.checked) }), " ", column.label));
    const formats = [["CSV", asCsv], ["Markdown", asMarkdown], ["LaTeX", asLatex]].map(([name, write]) =>
      h("button", { type: "button", "data-copy": name, onclick: () => copy(write(), `the table as ${name}`) }, name));
    return h("div", { class: "table-tools" }, search, h("span", { class: "count quiet", role: "status" }),
      h("details", { class: "columns" }, h("summary", {}, "columns"), h("div", { class: "picks" }, picks)),
      h("div", { class: "choice", role: "group", "aria-label": "Open" },
        h("button", { type: "button", onclick: () => openAll(true) }, "open all"),
        h("button", { type: "button", onclick: () => openAll(false) }, "close all")),
      h("span", { class: "quiet" }, "copy as"), h("div", { class: "choice", role: "group", "aria-label": "Copy as" },
        formats));
  }

  function pickColumn(name, wanted) {
    const chosen = new Set(state.columns.split(","));
    if (wanted) chosen.add(name);
    else chosen.delete(name);
    go({ columns: columns.map((column) => column.name).filter((each) => chosen.has(each)).join(",") });
  }

  function openAll(wanted) {
    opened.clear();
    for (const item of items) if (item.children.length && (wanted || item === root)) opened.add(item.key);
    draw(["open"]);
  }

  function headCell(column) {
    const [name, way] = state.sort.split(" ");
    const here = column.name ? name === column.name : !state.sort;
    const next = !column.name ? "" : here && way === "down" ? `${column.name} up` : here ? "" : `${column.name} down`;
    return h("th", { scope: "col", class: column.num ? "num" : null, "aria-sort": here && column.name
      ? (way === "up" ? "ascending" : "descending") : "none" },
      h("button", { type: "button", onclick: () => go({ sort: next }) }, column.label, here && column.name
        ? (way === "up" ? " ▲" : " ▼") : ""));
  }

  function tableRow({ item, level, flat }, shown, most) {
    const scope = item.children.length > 0 && !flat;
    const kind = two ? (!item.a ? "new" : !item.b ? "gone" : "") : "";
    return h("tr", {
      class: classes(item.children.length ? "scope" : "leaf", kind, item.key === state.at && "chosen"),
      "data-item": item.key, tabindex: -1,
      "aria-level": level + 1, "aria-expanded": scope ? String(opened.has(item.key)) : null,
        "aria-selected": item.key === state.at ? "true" : null,
      onclick: (event) => rowClick(event, item, scope) },
    nameCell(item, level, flat, scope), shown.map((column) => tableCell(item, column, most.get(column.name))));
  }

  function nameCell(item, level, flat, scope) {
    return h("th", { scope: "row", class: "layer", vars: { "--level": level } },
      scope ? h("button", { type: "button", class: "twist",
        "aria-label": `${opened.has(item.key) ? "close" : "open"} ${nameOf(item)}` }, opened.has(item.key) ? "▾"
        : "▸") : h("span", { class: "twist" }),
      two && h("span", { class: "mark" }, markOf(item) || " "), flat ? longName(item) : nameOf(item),
      !flat && timesOf(item) > 1 && h("span", { class: "quiet" }, ` ×${timesOf(item)}`));
  }

  function tableCell(item, column, most) {
    const kind = column.change && isKnown(item, column.place) ? changeKind(column.value(item)) : "";
    const cell = h("td", { class: `${column.num ? "num" : ""} ${kind}`.trim() || null, title: column.num
      && !column.change && item.b ? exact(item.b.figures[column.place]) : null }, column.text(item));
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
    const moves = { ArrowDown: () => focusRow(row.nextElementSibling), ArrowUp: () =>
      focusRow(row.previousElementSibling),
      ArrowRight: () => item.children.length && !opened.has(item.key) && turn(item), ArrowLeft: () =>
        opened.has(item.key) && turn(item), Enter: () => go({ at: item.key }) };
    if (!moves[event.key] || event.target.closest("button, input")) return;
    event.preventDefault();
    moves[event.key]();
    if (!row.isConnected) focusRow(document.querySelector(`tr[data-item="${CSS.escape(item.key)}"]`));
  }

  const focusRow = (row) => row?.focus();

  /** What is shown, as rows of text, with exact figures. */
  function shownTable() {
    const shown = shownColumns();
    const head = ["layer", ...shown.map((column) => column.label + ({ bytes: " (bytes)",
      ns: " (ns)" }[column.metric?.unit] ?? ""))];
    const cells = ({ item }) => [longName(item), ...shown.map((column) => plainText(item, column))];
    return [head, ...tableRows().map(cells)];
  }

  function plainText(item, column) {
    if (!column.num) return column.text(item);
    if (column.change) return isKnown(item, column.place) ? String(column.value(item)) : "";
    const value = item.b?.figures[column.place];
    return value === null || value === undefined ? "" : String(value);
  }

  const asCsv = () => shownTable().map((row) => row.map((cell) =>
    (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")).join("\n") + "\n";

  function asMarkdown() {
    const [head, ...rows] = shownTable().map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
    const line = (cells) => `| ${cells.join(" | ")} |`;
    return [line(head), line([":--", ...shownColumns().map((column) => (column.num ? "--:" : ":--"))]),
      ...rows.map(line)].join("\n") + "\n";
  }

  function asLatex() {
    const safe = (cell) => cell.replace(/[\\{}$&#^_~%]/g, (sign) =>
      ({ "\\": "\\textbackslash{}", "^": "\\^{}", "~": "\\~{}" }[sign] ?? `\\${sign}`)).replaceAll("×",
      "$\\times$").replaceAll("Δ", "$\\Delta$").replaceAll("…", "\\dots{}");
    const [head, ...rows] = shownTable().map((row) => `${row.map(safe).join(" & ")} \\\\`);
    const form = `l${shownColumns().map((column) => (column.num ? "r" : "l")).join("")}`;
    return [`\\begin{tabular}{${form}}`, "\\toprule", head, "\\midrule", ...rows, "\\bottomrule",
      "\\end{tabular}"].join("\n") + "\n";
  }

  // ----------------------------------------------------------------------------------------------------------- sweep

  const sweep = page.sweep;
  const sweepMetric = (name) => sweep.metrics.find((metric) => metric.name === name) ?? sweep.metrics[0];
  const sweepFigure = (row, metric) => Number(row.figures[sweep.metrics.indexOf(metric)] ?? NaN);
  const atText = (row) => sweep.axes.map((axis, place) => `${axis}=${row.at[place]}`).join(" ");

  function drawSweep(place) {
    const [x, y] = [sweepMetric(state.x), sweepMetric(state.y)];
    const pick = (name, chosen) => h("label", {}, `${name} `,
      h("select", { onchange: (event) => go({ [name]: event.target.value }) },
      sweep.metrics.map((metric) => h("option", { value: metric.name, selected: metric === chosen },
        metric.label))));
    place.replaceChildren(...[sweep.metrics.length > 1 && h("div", { class: "controls" }, pick("x", x), pick("y", y)),
      x && scatter(x, y, place.clientWidth || 1000), sweepLegend(), sweepTable()].filter(Boolean));
  }

  function sweepLegend() {
    const front = sweep.rows.filter((row) => row.front).length;
    return h("p", { class: "quiet" }, sweep.objectives.length > 0 && [h("span", { class: "front-sign" }, "● "),
      `front, ${exact(front)} of ${exact(sweep.rows.length)} designs`], sweep.budgets.length > 0 && [" · ",
      h("span", { class: "budget-sign" }, "┄ "), "budget"], ...sweep.notes.flatMap((note) => [" · ", note]));
  }

  function scatter(x, y, width) {
    const height = 340;
    const rows = sweep.rows.filter((row) => !Number.isNaN(sweepFigure(row, x) + sweepFigure(row, y)));
    if (!rows.length) return null;
    const limits = (metric) => sweep.budgets.filter((each) => each.metric === metric.name).map((each) =>
      Number(each.limit));
    const across = axisScale([...rows.map((row) => sweepFigure(row, x)), ...limits(x)], [70, width - 20]);
    const upward = axisScale([...rows.map((row) => sweepFigure(row, y)), ...limits(y)], [height - 40, 22]);
    const front = rows.filter((row) => row.front);
    const others = rows.filter((row) => !row.front);
    const dot = (row) => g("circle", { class: row.front ? "variant front" : "variant",
      cx: across(sweepFigure(row, x)).toFixed(1), cy: upward(sweepFigure(row, y)).toFixed(1), r: row.front ? 5 : 3.5,
      onpointermove: (event) => showTip(event, sweepTip(row)), onpointerleave: hideTip });
    const line = frontLine(front.map((row) => [across(sweepFigure(row, x)), upward(sweepFigure(row, y))]), x, y);
    return g("svg", { class: "scatter", width: "100%", height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${y.label} against ${x.label}; ${front.length} of ${rows.length} designs are on the front` },
      someTicks(upward, 5).map((tick) => axisLine(70, width - 20, upward(tick), short(tick, y.unit))),
      someTicks(across, width / 110).map((tick) => g("g", { class: "axis" },
        g("text", { x: across(tick), y: height - 22, "text-anchor": "middle" }, short(tick, x.unit)))),
      g("text", { class: "quiet", x: width - 20, y: height - 5, "text-anchor": "end" }, `${x.label} →`),
        g("text", { class: "quiet", x: 4, y: 12 }, `↑ ${y.label}`),
      limits(x).map((limit) => g("path", { class: "budget", d: `M${across(limit)} 22V${height - 40}` })),
      limits(y).map((limit) => g("path", { class: "budget", d: `M70 ${upward(limit)}H${width - 20}` })),
      others.map(dot), line && g("path", { class: "front", d: line }), front.map(dot));
  }

  /** The stairs of a front, where the plane is that of its two objectives. */
  function frontLine(places, x, y) {
    const [one, other] = [x, y].map((metric) => sweep.objectives.find((each) => each.metric === metric.name));
    if (!one || !other || one === other || sweep.objectives.length !== 2 || places.length < 2) return "";
    const [first, ...rest] = places.map((place) => place.map((each) => each.toFixed(1))).sort((left, right) =>
      left[0] - right[0]);
    return `M${first}` + rest.map(([right, height]) => (one.sense === "min" ? `H${right}V${height}`
      : `V${height}H${right}`)).join("");
  }

  /** Logarithmic where the figures span more than a factor of 30. */
  function axisScale(values, range) {
    const least = values.reduce((one, other) => Math.min(one, other));
    const most = values.reduce((one, other) => Math.max(one, other));
    const room = 0.04 * (most - least) || 1;
    return least > 0 && most > 30 * least ? scaleLog([least, most], range).nice()
      : scaleLinear([least >= 0 ? Math.max(0, least - room) : least - room, most + room], range);
  }

  /** The ticks of a scale, about as many: a logarithmic one may have more. */
  function someTicks(scale, wanted) {
    const ticks = scale.ticks(wanted);
    const step = Math.ceil(ticks.length / (wanted + 1));
    return ticks.filter((_, place) => place % step === 0);
  }

  function sweepTip(row) {
    return [h("b", {}, atText(row)), h("div", { class: "quiet" }, row.front ? "on the front" : row.note ?? ""),
      h("table", {}, h("tbody", {}, sweep.metrics.map((metric) =>
        h("tr", {}, h("th", { scope: "row" }, metric.label), h("td", {}, sweepText(row, metric))))))];
  }

  function sweepText(row, metric) {
    const value = sweepFigure(row, metric);
    return Number.isNaN(value) ? "–" : short(value, metric.unit);
  }

  /** The designs as a table; what an axis sets and a metric of the same name are told apart by a prefix. */
  function sweepTable() {
    const [name, way] = state.sort.split(" ");
    const columns = [
      ...sweep.axes.map((axis, place) => ({ name: `param.${axis}`, label: axis, of: (row) => row.at[place],
        num: sweep.rows.every((row) => row.at[place] === "" || !Number.isNaN(Number(row.at[place]))) })),
      ...sweep.metrics.map((metric) => ({ name: metric.name, label: metric.label, num: true, metric,
        of: (row) => sweepFigure(row, metric) })),
    ];
    const rows = [...sweep.rows];
    const some = rows.some((row) => !row.front); // else nothing tells the front apart
    const column = columns.find((each) => each.name === name);
    if (column) rows.sort((left, right) => (way === "up" ? 1 : -1) * byColumn(column, left, right));
    const cell = (row, each) => (each.metric ? h("td", { class: "num", title: exact(row.figures[sweep.metrics.indexOf(
      each.metric)]) }, sweepText(row, each.metric)) : h("td", { class: each.num ? "num" : "at" }, each.of(row)));
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the designs" },
      h("table", { class: "layers" },
      h("thead", {}, h("tr", {}, columns.map(headCell), h("th", { scope: "col" }, "front"))),
      h("tbody", {}, rows.slice(0, MOST_ROWS).map((row) => h("tr", { class: row.front && some ? "chosen" : null },
        columns.map((each) => cell(row, each)), h("td", {}, row.front ? "●" : row.note ?? ""))))),
      rows.length > MOST_ROWS && h("p", { class: "quiet pad" },
        `${exact(rows.length - MOST_ROWS)} more rows: sorting brings others up.`));
  }

  /** Numbers by size, others as texts; what is unknown is least. */
  function byColumn(column, left, right) {
    const [one, other] = [column.of(left), column.of(right)];
    if (!column.num) return one.localeCompare(other);
    const size = (value) => (Number.isNaN(Number(value)) ? -Infinity : Number(value));
    return size(one) === size(other) ? 0 : size(one) - size(other);
  }

  // ----------------------------------------------------------------------------------------------------------- start

  const VIEWS = [
    { id: "cost", title: two ? "What changed" : "Where the cost is", draw: drawIcicle,
      keys: ["metric", "order", "zoom", "at", "side"], when: () => root && LOOKS.length },
    { id: "fall", title: "From total to total", draw: drawWaterfall, keys: ["metric"], when: () => two
      && LOOKS.length },
    { id: "memory", title: "Memory over the run", draw: drawMemory, keys: ["run", "part", "side"], when: () => model
      && runsOf().length },
    { id: "graph", title: "Layer graph", draw: drawGraph, keys: ["zoom", "at", "side", "metric"], when: () => root },
    { id: "layer", title: "Selected layer", draw: drawPanel, keys: ["zoom", "at"], when: () => root },
    { id: "table", title: "Layers", draw: drawTable, keys: ["q", "sort", "columns", "open", "at"], when: () => root },
    { id: "sweep", title: "Designs", draw: drawSweep, keys: ["x", "y", "sort"], when: () => page.sweep },
  ].filter((view) => view.when());

  /** The sections, the graph beside the layer that is selected. */
  function sections() {
    const made = new Map(VIEWS.map((view) => {
      view.place = h("div", { class: "view" });
      return [view.id, section(view.id, view.title, view.id === "cost" ? findings() : null, view.place)];
    }));
    const beside = made.has("graph") ? h("div", { class: "beside" }, made.get("graph"), made.get("layer")) : null;
    return ["cost", "fall", "memory", "beside", "table", "sweep"].map((id) =>
      (id === "beside" ? beside : made.get(id))).filter(Boolean);
  }

  function pageKey(event) {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      document.getElementById("search")?.focus();
    }
    if (event.key === "Escape" && typing?.id === "search") {
      typing.value = "";
      go({ q: "" });
      typing.blur();
    }
  }

  function start() {
    if (root) openFirst();
    const main = document.getElementById("archcost-page");
    main.replaceChildren(...[heading(), cards(), ...sections()].filter(Boolean));
    document.body.append(tip, h("div", { id: "said", class: "hidden-text", role: "status" }));
    document.body.classList.add("alive");
    draw(Object.keys(START));
    watch(document.getElementById("findings") ?? h("p"));
    document.addEventListener("keydown", pageKey);
    window.addEventListener("popstate", () => { Object.assign(state, START, fromHash()); draw(Object.keys(START)); });
    let width = innerWidth;
    window.addEventListener("resize", () => { if (innerWidth !== width) draw(["zoom", "run",
      "x"]); width = innerWidth; });
  }

  start();
})();
