// What is looked at: zoom, metric, order, selection, search. It stands in the URL's hash, and `go` changes it.

/** What can be looked at, by the name that the hash has for it. */
const LOOKS = [
  { name: "flow", label: `${metrics[placeOf(WORK)]?.label} ↕ params`, up: WORK, down: "params" },
  WORK !== "macs" && { name: "forward", label: "forward MACs", down: "macs" },
  { name: "weights", label: "weights", down: "weight_bytes" },
  { name: "activations", label: "activations", down: "activation_bytes" },
  { name: "time", label: "time", down: "time_ns" },
].filter((look) => look && [look.up, look.down].every((name) => !name || placeOf(name) !== NO_FIGURE));
const ORDERS = [
  ["run", "execution"],
  ["heaviest", "heaviest first"],
  ["op", "by op"],
];
const SIDES = [
  ["after", "after"],
  ["before", "before"],
  ["delta", "Δ"],
];

const START = {
  metric: LOOKS[0]?.name ?? "",
  order: "run",
  zoom: root?.key ?? "",
  at: "",
  side: "after",
  run: model?.timeline?.runs[0]?.name ?? "",
  part: "",
  q: "",
  sort: "",
  columns: "",
  open: "",
  design: "",
  x: page.sweep?.x ?? "",
  y: page.sweep?.y ?? "",
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
const focusOf = () => (state.order === "op" ? opTree(state.zoom) : (byKey.get(state.zoom) ?? root));
const selected = () => byKey.get(state.at) ?? null;
const sideOf = () => (state.side === "before" ? "a" : "b");

/** Look closer at a row if there is something below it, and select it. */
function enter(item) {
  if (item.children.length) go({ zoom: item.key, at: item.sum ? state.at : item.key });
  else go({ at: item.key });
}

/** Show a row among those beside it. */
const goTo = (item) => go({ order: "run", zoom: item.parent?.key ?? root.key, at: item.key });

function leave() {
  const parent = focusOf().parent;
  if (parent) go({ zoom: parent.key, at: byKey.has(state.zoom) ? state.zoom : state.at });
}
