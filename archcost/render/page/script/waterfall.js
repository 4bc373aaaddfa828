// From the total of one model to that of the other, a bar for each block that changes it.

const BARS = 9; // blocks of their own; the others are one bar

/** From the total of one model to that of the other, a bar a block that changes it. */
function drawWaterfall(place) {
  const { up, down } = lookOf();
  place.replaceChildren(...[up, down].filter(Boolean).map((name) => waterfall(metrics[placeOf(name)])));
}

function waterfall(metric) {
  const place = placeOf(metric.name);
  const changed = blocksOf(root, place)
    .map((item) => ({ item, change: delta(item, place) }))
    .filter((each) => each.change); // of what is known
  changed.sort((left, right) => Math.abs(right.change) - Math.abs(left.change));
  const rest = changed.slice(BARS).reduce((sum, each) => sum + each.change, 0);
  const steps = changed.slice(0, BARS).map(({ item, change }) => ({ label: longName(item), key: item.key, change }));
  if (rest) steps.push({ label: `${changed.length - BARS} others`, change: rest });
  const before = figure(root, place, "a");
  const rows = [{ label: labelOf(models[0]), from: 0, to: before, text: sideText(root, place, metric.unit, "a") }];
  let level = before;
  for (const step of steps) {
    rows.push({ ...step, from: level, to: level + step.change });
    level += step.change;
  }
  rows.push({ label: labelOf(models[1]), from: 0, to: figure(root, place), text: sideText(root, place, metric.unit) });
  const axis = waterfallAxis(rows.map((row) => row.to));
  return watch(
    h(
      "div",
      { class: "waterfall" },
      h(
        "h3",
        {},
        metric.label,
        axis.start > 0 && h("span", { class: "quiet" }, ` from ${short(axis.start, metric.unit)} on`),
      ),
      rows.map((row) => waterfallRow(row, axis, metric.unit)),
    ),
  );
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
  while (blocks.length) {
    const most = blocks.reduce((best, each) => (weight(each) > weight(best) ? each : best));
    const opened = blocks
      .flatMap((each) => (each === most ? each.children : [each]))
      .filter((each) => delta(each, place));
    if (weight(most) <= 0 || opened.length > BARS) return blocks;
    blocks = opened;
  }
  return blocks;
}

function waterfallRow({ label, key, change, from, to, text }, { start, span }, unit) {
  const kind = change === undefined ? `total${start > 0 ? " torn" : ""}` : change > 0 ? "more" : "less";
  const [left, right] = [Math.min(from, to), Math.max(from, to)].map(
    (level) => (100 * Math.max(0, level - start)) / span,
  );
  const bar = h("span", { class: `bar ${kind}` });
  bar.style.left = `${left}%`;
  bar.style.width = `${right - left}%`;
  return h(
    "div",
    { class: "fall", "data-item": key, onclick: key && (() => go({ at: key })) },
    h("span", { class: "label", title: label }, breakable(tail(label, 36))),
    h("span", { class: "track" }, bar),
    h("span", { class: "figure" }, text ?? signed(change, unit)),
  );
}
