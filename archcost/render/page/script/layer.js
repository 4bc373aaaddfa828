// The selected layer: shapes, figures, arithmetic, what other tools count, its line in the spec.

function drawPanel(place) {
  const item = selected() ?? byKey.get(state.zoom) ?? root;
  const node = shownNode(item);
  const owner = item.b ? model : models[0];
  const detail = detailOf(node, owner);
  place.replaceChildren(
    ...[
      h("h3", {}, breakable(pathOf(item)), roundsOf(item) > 1 && h("span", { class: "quiet" }, ` ×${roundsOf(item)}`)),
      h(
        "p",
        { class: "quiet" },
        [
          opOf(item) || "scope",
          roundsOf(item) > 1 ? `figures of all ${roundsOf(item)}` : "",
          two && !item.b ? "removed" : two && !item.a ? "new" : "",
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      shapesOf(item),
      figuresOf(item),
      item.children.length > 0
        && item.key !== state.zoom
        && h("button", { type: "button", onclick: () => enter(item) }, "look inside"),
      ...(detail
        ? detailParts(detail, roundsOf(item))
        : [
            node.op
              && h(
                "p",
                { class: "quiet" },
                "The arithmetic of this layer is left out of this page: archcost explain has it.",
              ),
          ]),
      ...suggestionParts(owner, owner.suggestions?.[node.suggestion]),
      specLine(node, owner),
    ].filter(Boolean),
  );
}

/** What would make it cheaper; what is saved is told of the whole model, and of inference also beside a training step. */
function suggestionParts(owner, suggestion) {
  if (!suggestion) return [];
  return [
    h("h4", {}, `What would make ${owner.work === "macs" ? "it" : "inference"} cheaper`),
    h("p", {}, suggestion.text),
    h("p", {}, `saves ${suggestion.saves} of the model; ${suggestion.training}`),
    h("p", { class: "quiet" }, suggestion.paper),
  ];
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
  const texts = [...new Set(sides.map((node) => `${shapesText(node.input)} → ${shapesText(node.output)}`))].filter(
    (text) => text.trim() !== "→",
  );
  return texts.map((text) => h("p", { class: "shapes" }, text))[texts.length - 1] ?? null;
}

function figuresOf(item) {
  const rows = metrics
    .map((metric, place) => {
      const [before, after] = [figure(item, place, "a"), figure(item, place)];
      if (!before && !after && isKnown(item, place)) return null;
      const cells = two
        ? [
            shortExact(item.a, place, metric),
            shortExact(item.b, place, metric),
            h(
              "td",
              { class: isKnown(item, place) ? changeKind(after - before) : null },
              deltaText(item, place, metric.unit),
            ),
          ]
        : [shortExact(item.b, place, metric), h("td", {}, shareText(after, figure(root, place), item === root ? null : root, place))];
      return h("tr", {}, h("th", { scope: "row" }, metric.label), cells);
    })
    .filter(Boolean);
  return rows.length ? h("table", { class: "plain figures" }, h("tbody", {}, rows)) : null;
}

const NARROW = 600; // px, where two exact figures do not stand beside each other

function shortExact(node, place, metric) {
  const value = node?.figures[place];
  if (!node) return h("td", {}, "–");
  if (value === null || value === undefined) return h("td", {}, "unknown");
  const inUnits = metric.unit === "bytes" || metric.unit === "ns" || (two && innerWidth < NARROW);
  return h(
    "td",
    { title: exact(value) },
    isPart(node, place) && "≥ ",
    inUnits ? short(Number(value), metric.unit) : exact(value),
  );
}

function detailParts(detail, rounds) {
  return [
    detail.arithmetic?.length
      && h(
        "div",
        {},
        h("h4", {}, rounds > 1 ? `Arithmetic of one of ${rounds}` : "Arithmetic"),
        h("pre", { tabindex: 0 }, detail.arithmetic.join("\n")),
      ),
    detail.receptive && receptivePart(detail.receptive),
    detail.tools?.length > 0 && toolsTable(detail.tools),
    ...(detail.notes ?? []).map((note) => h("p", { class: "quiet" }, note)),
  ];
}

function toolsTable(tools) {
  const row = (tool) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, tool.name),
      h("td", {}, tool.figure === null ? "nothing" : `${exact(tool.figure)} ${tool.unit}`),
    );
  return h(
    "div",
    {},
    h("h4", {}, "What other tools count"),
    h("table", { class: "plain" }, h("tbody", {}, tools.map(row))),
  );
}

function specLine(node, owner) {
  const file = owner.lines?.[node.file];
  const text = file?.text?.[node.line];
  return text
    ? h("div", {}, h("h4", {}, `${file.file}:${node.line}`), h("pre", { tabindex: 0 }, text.trimEnd()))
    : null;
}
