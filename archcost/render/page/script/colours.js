// The colours of rows, by their place in the run or by what changed, and the legend that explains them.

/** The class and variables that colour a row: by its place in the run, or by what changed. */
function colours(item, place) {
  if (!two) return { kind: "place", vars: hue(item.rank) };
  const before = figure(item, place, "a");
  const change = delta(item, place);
  const strength = Math.min(1, Math.abs(change) / (Math.max(before, figure(item, place)) || 1));
  const kind = change > 0 ? "more" : change < 0 ? "less" : "same";
  return {
    kind: item.b || item.sum ? kind : `${kind} gone`,
    vars: { "--strength": `${Math.round(25 + 75 * strength)}%` },
  };
}

/** From blue by red to yellow, as layers follow each other. */
const hue = (rank) => ({ "--hue": String(Math.round(195 + 225 * rank)) });

function icicleLegend(look) {
  const widths =
    [look.up, look.down]
      .filter(Boolean)
      .map((name) => metrics[placeOf(name)].label)
      .join(" above, ") + (look.up ? " below" : "");
  if (!two)
    return [
      `Width: ${widths}. Colour: `,
      ramp(),
      state.order === "op" ? " by op." : " from the first layer to the last.",
      " Click to look closer, Esc to go back.",
    ];
  return [
    `Width: ${widths}${state.side === "delta" ? ", how much they change" : `, ${state.side}`}. Colour: `,
    h("span", { class: "key less" }),
    " less ",
    h("span", { class: "key same" }),
    " the same ",
    h("span", { class: "key more" }),
    " more ",
    h("span", { class: "key gone less" }),
    " removed.",
  ];
}

/** The hues from the first layer to the last. */
function ramp() {
  const parts = Array.from({ length: 15 }, (_, index) => h("i", { class: "place", vars: hue((index + 0.5) / 15) }));
  return h("span", { class: "ramp", "aria-hidden": "true" }, parts);
}
