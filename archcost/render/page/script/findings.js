// The first words of the page: which layers cost most, or change most, and where memory peaks.

/** The sentence that says where the cost is, with the rows to go to. */
function findings() {
  const best = [WORK, "params", "time_ns"].map((name) => heaviest(name)).filter(Boolean);
  const peak = peakFinding();
  return h(
    "p",
    { id: "findings" },
    [...best, peak].filter(Boolean).map((each) =>
      h(
        "button",
        {
          type: "button",
          "data-item": each.item?.key,
          onclick: () => (each.item ? goTo(each.item) : document.getElementById("memory").scrollIntoView()),
        },
        h("span", { class: "quiet" }, each.label),
        " ",
        each.name && [h("b", {}, breakable(each.name)), " "],
        h("span", { class: "figures" }, each.text),
      ),
    ),
  );
}

/** The layer with the largest figure, or with the greatest change. */
function heaviest(name) {
  const place = placeOf(name);
  if (place === NO_FIGURE) return null;
  const weight = (item) => (!two ? figure(item, place) : isKnown(item, place) ? Math.abs(delta(item, place)) : 0);
  const item = leavesOf(root).reduce((best, each) => (weight(each) > weight(best) ? each : best));
  if (!weight(item)) return null;
  const { label, unit } = metrics[place];
  const together = roundsOf(item) > 1 ? "together " : "";
  const text = two
    ? `${together}${signed(delta(item, place), unit)}`
    : `${together}${short(figure(item, place), unit)}, ${shareText(figure(item, place), figure(root, place), root, place)}`;
  return {
    item,
    name: longName(item),
    label: two ? `${label} change most in` : `most ${isKnown(root, place) ? "" : "known "}${label}:`,
    text,
  };
}

/** How much more or less memory the model before needed. */
function peakChange(run) {
  const earlier = two ? runsOf(models[0])[0] : null;
  if (!earlier?.steps.length) return "";
  const change = totalAt(run, run.peak) - totalAt(earlier, earlier.peak);
  return change ? `, ${signed(change, "bytes")}` : ", as before";
}

/** Where memory peaks: in the model after, if there are two. */
function peakFinding() {
  const run = model.timeline?.runs[0];
  if (!run?.steps.length) return null;
  const item = stepItem(run, run.peak, "b");
  const node = model.nodes[stepNode(run, run.peak, "b")]; // whose row may be called as in the other model
  const rounds = nodeRounds(node, model);
  const of = run.name === "inference" && model.work !== "macs" ? ` of ${run.label}` : "";
  return {
    item,
    name: item ? nodeName(node) + (rounds > 1 ? ` ×${rounds}` : "") : "",
    label: `memory${of} peaks ${passText(run, "b")}`,
    text: `with ${short(totalAt(run, run.peak), "bytes")}${peakChange(run)}`,
  };
}
