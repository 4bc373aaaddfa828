// The graph of the layers in the scope that is looked at.

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
  const svg = g(
    "svg",
    { class: "layers", role: "img", "aria-label": `Graph of the layers of ${scopeName(scope)}` },
    arrowHead(),
    drawing,
  );
  frame.replaceChildren(svg);
  if (!scope.edges?.length) {
    frame.replaceChildren(h("p", { class: "quiet pad" }, `${scopeName(scope)} is one layer.`));
    return;
  }
  const graph = laidOut(scope, nodes);
  const size = graph.graph();
  drawing.append(...graph.edges().map((edge) => edgePath(graph.edge(edge))));
  drawing.append(...graph.nodes().map((id) => boxOf(graph.node(id), side)));
  watch(svg);
  place.querySelector(".graph-of").replaceChildren(...[breakable(focus === root ? model.name : longName(focus))].flat());
  zoomable(place, svg, drawing, size);
}

const scopeName = (node) => node.name || model.name;

function graphFrame(place) {
  const tools = h(
    "div",
    { class: "choice", role: "group", "aria-label": "Size of the graph" },
    [
      ["larger", "+"],
      ["smaller", "−"],
      ["all", "fit"],
    ].map(([name, text]) => h("button", { type: "button", "data-zoom": name, "aria-label": name }, text)),
  );
  const frame = h("div", { class: "graph" });
  place.append(h("div", { class: "graph-head" }, h("span", { class: "graph-of quiet" }), tools), frame);
  return frame;
}

function boxOf({ x, y, width, height, node, id, label }, side) {
  const move = `translate(${(x - width / 2).toFixed(1)},${(y - height / 2).toFixed(1)})`;
  if (!node)
    return g(
      "g",
      { class: "end", transform: move },
      g("rect", { width, height, rx: 11 }),
      g("text", { x: width / 2, y: 15, "text-anchor": "middle" }, label),
    );
  const item = items.byNode[side].get(id);
  const metric = lookOf().up ?? lookOf().down;
  const place = placeOf(metric);
  const share = figureOf(node, place) / (figure(root, place, side) || 1);
  const look = item ? colours(item, place) : { kind: "place", vars: { "--hue": "210" } };
  const times = item ? timesOf(item) : node.times;
  const name = (item ? nameOf(item) : node.name) + (times > 1 ? ` ×${times}` : "");
  const about = [node.op, shapesText(node.output)].filter((text) => text && text !== node.name).join(" ");
  return g(
    "g",
    {
      class: classes("box", look.kind, !node.op && "scope", item?.key === state.at && "chosen"),
      transform: move,
      "data-item": item?.key,
      vars: look.vars,
      onclick: item && (() => go({ at: item.key })),
      ondblclick: item && (() => enter(item)),
    },
    times > 1 && g("rect", { class: "stack", x: 4, y: 4, width, height, rx: 4 }),
    g("rect", { width, height, rx: 4 }),
    g("text", { x: 8, y: 17, class: "name" }, fitted(apart(name), width - 16, "600 12px")),
    g("text", { x: 8, y: 32, class: "about" }, fitted(about, width - 16, "11px")),
    g("rect", { class: "share", x: 1, y: height - 4, height: 3, width: Math.max(0, share * (width - 2)).toFixed(1) }),
  );
}

/** Drag moves the graph, Ctrl and the wheel or the buttons make it larger. */
function zoomable(place, svg, drawing, size) {
  const frame = svg.parentElement;
  const [width, height] = [frame.clientWidth || 600, frame.clientHeight || 460];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const behaviour = zoom()
    .scaleExtent([0.1, 3])
    .filter(
      (event) =>
        event.type !== "dblclick" && !event.button && (event.type !== "wheel" || event.ctrlKey || event.metaKey),
    )
    .on("zoom", (event) => drawing.setAttribute("transform", event.transform));
  const whole = Math.min(width / size.width, height / size.height, 1);
  const chosen = select(svg).call(behaviour).on("dblclick.zoom", null);
  const start = Math.max(whole, Math.min(0.8, width / size.width));
  const show = (scale) =>
    chosen.call(
      behaviour.transform,
      zoomIdentity
        .translate(
          (width - size.width * scale) / 2,
          scale * size.height > height ? 0 : (height - scale * size.height) / 2,
        )
        .scale(scale),
    );
  show(start);
  const act = {
    larger: () => chosen.call(behaviour.scaleBy, 1.3),
    smaller: () => chosen.call(behaviour.scaleBy, 1 / 1.3),
    all: () => show(whole),
  };
  for (const button of place.querySelectorAll("[data-zoom]")) button.onclick = act[button.dataset.zoom];
}
