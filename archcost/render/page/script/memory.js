// Memory over the run: which run is shown, its headline, and what is alive at a step.

const memorySide = () => (two && state.side === "before" ? "a" : "b");
const memoryModel = (side = memorySide()) => (side === "a" ? models[0] : model);
const runsOf = (owner = model) => owner.timeline?.runs ?? [];
const fixedParts = (run) => (run.fixed ?? []).filter((each) => Number(each.bytes));
const fixedOf = (run) => fixedParts(run).reduce((sum, each) => sum + Number(each.bytes), 0);
const totalAt = (run, step) => fixedOf(run) + Number(run.steps[step]);
const stepNode = (run, step, side) => (run.labels ?? memoryModel(side).timeline.labels)[step];
const stepItem = (run, step, side = memorySide()) => items.byNode[side].get(stepNode(run, step, side)) ?? null;

/** What runs at a step, as its own model calls it: the row of two models has the name of the other one. */
const stepName = (run, step) => nodeName(memoryModel().nodes[stepNode(run, step)]);
const nodeName = (node) => node?.path || node?.name || "";

function drawMemory(place) {
  const runs = runsOf(memoryModel());
  const [first] = runs;
  const run = runs.find((each) => each.name === state.run) ?? first;
  if (!run) return place.replaceChildren(h("p", { class: "quiet" }, `${memoryModel().name} has no layers.`));
  place.replaceChildren(
    memoryControls(runs, run),
    memoryHeadline(run),
    memoryChart(run, first, place.clientWidth || 1000),
    memoryLegend(run, first),
    aliveTable(run, run.peak),
    ...(memoryModel().timeline.notes ?? []).map((note) => h("p", { class: "quiet" }, note)),
  );
}

function memoryControls(runs, run) {
  const whatIfs = runs.map((each) => [each.name, runLabel(each, runs[0])]);
  const parts = [
    ["", "all"],
    ["alive", "activations alone"],
  ];
  return h(
    "div",
    { class: "controls" },
    runs.length > 1 && choice("What if", whatIfs, run.name, (name) => go({ run: name })),
    fixedParts(run).length > 0 && choice("What is shown", parts, state.part, (part) => go({ part })),
  );
}

function runLabel(run, first) {
  const [now, base] = [totalAt(run, run.peak), totalAt(first, first.peak)];
  if (run === first) return `${run.label} ${short(now, "bytes")}`;
  const sign = now > base ? "+" : now < base ? "−" : "±";
  return `${run.label} ${sign}${percent(Math.abs(now - base), base) || "0%"}`;
}

function memoryHeadline(run) {
  const item = stepItem(run, run.peak);
  const rounds = nodeRounds(memoryModel().nodes[stepNode(run, run.peak)], memoryModel());
  const parts = [
    ...fixedParts(run).map((each) => `${each.label} ${short(Number(each.bytes), "bytes")}`),
    `alive ${short(Number(run.steps[run.peak]), "bytes")}`,
  ];
  const side = totalAt(run, run.peak) > Number(run.limit) ? "More" : "Less";
  const limit = run.limit && ` ${side} than the limit of ${short(Number(run.limit), "bytes")}.`;
  return h(
    "p",
    {},
    "Peak ",
    h("b", {}, short(totalAt(run, run.peak), "bytes")),
    ` ${passText(run)} `,
    item
      && h(
        "button",
        { type: "button", class: "link", "data-item": item.key, onclick: () => goTo(item) },
        breakable(stepName(run, run.peak)),
        rounds > 1 ? ` ×${rounds}` : "",
      ),
    h("span", { class: "quiet" }, ` = ${parts.join(" + ")}.`),
    limit,
    two && memorySide() === "b" && peakBefore(),
  );
}

/** In which pass the peak is; in training the loss and the update of the params are no layers. */
function passText(run, side) {
  if (run.phase === null || run.phase === undefined) return "at";
  if (!stepItem(run, run.peak, side)) return run.peak === run.steps.length - 1 ? "in the update of the params" : "at the loss";
  return run.peak < run.phase ? "in the forward pass of" : "in the backward pass of";
}

function peakBefore() {
  const [run] = runsOf(models[0]);
  return run && h("span", { class: "quiet" }, ` ${apart(labelOf(models[0]))}: ${short(totalAt(run, run.peak), "bytes")}.`);
}

function memoryLegend(run, first) {
  return run === first ? "" : h("p", { class: "legend quiet" }, "Dashed line: ", first.label, ".");
}

function aliveAt(run, step) {
  const alive = run.alive ?? runsOf(memoryModel())[0].alive;
  const set = alive?.of?.[step];
  return set === null || set === undefined ? [] : alive.sets[set];
}

function aliveRows(run, step) {
  return aliveAt(run, step).map(([node, bytes, role]) => {
    const name = nodeName(memoryModel().nodes[node]); // what no layer made is called by its role alone
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name || role || "input"),
      h("td", {}, name ? (role ?? "") : ""),
      h("td", { class: "num" }, short(Number(bytes), "bytes")),
    );
  });
}

function stepTip(run, step, item) {
  const rows = aliveRows(run, step);
  const alive = `${short(totalAt(run, step), "bytes")}, of which ${short(Number(run.steps[step]), "bytes")} alive`;
  return [
    h("b", {}, (item && stepName(run, step)) || `step ${step + 1}`),
    h("div", { class: "quiet" }, alive),
    rows.length ? h("table", {}, h("tbody", {}, rows.slice(0, 8))) : "",
  ];
}

function aliveTable(run, step) {
  const rows = aliveRows(run, step);
  return rows.length
    ? h(
        "details",
        {},
        h("summary", {}, "What is alive at the peak"),
        h("table", { class: "plain" }, h("tbody", {}, rows)),
      )
    : "";
}
