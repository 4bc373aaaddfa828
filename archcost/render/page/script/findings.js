// The first words of the page: which layers cost most, or change most, and where memory peaks.

/** The sentence that says where the cost is, with the rows to go to. */
function findings() {
  const best = ["macs", "params", "time_ns"].map((name) => heaviest(name)).filter(Boolean);
  const peak = two ? null : peakFinding();
  return h(
    "p",
    { id: "findings" },
    [...best, peak].filter(Boolean).map((each) =>
      h(
        "button",
        {
          type: "button",
          "data-item": each.item.key,
          onclick: () => go({ order: "run", zoom: each.item.parent?.key ?? root.key, at: each.item.key }),
        },
        h("span", { class: "quiet" }, each.label),
        " ",
        h("b", {}, breakable(each.name)),
        " ",
        each.text,
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
  const text = two
    ? signed(delta(item, place), unit)
    : `${short(figure(item, place), unit)}, ${shareText(figure(item, place), figure(root, place), root, place)}`;
  return {
    item,
    name: longName(item),
    label: two ? `${label} change most in` : `most ${isKnown(root, place) ? "" : "known "}${label}:`,
    text,
  };
}

function peakFinding() {
  const run = model.timeline?.runs[0];
  const item = run && stepItem(run, run.peak);
  return (
    item && {
      item,
      name: pathOf(item),
      label: run.label === "inference" ? "memory peaks at" : `memory of ${run.label} peaks at`,
      text: "with " + short(totalAt(run, run.peak), "bytes"),
    }
  );
}
