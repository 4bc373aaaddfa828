// The sections of the page, what each depends on, and the first drawing of all.

const VIEWS = [
  {
    id: "cost",
    title: two ? "What changed" : "Where the cost is",
    draw: drawIcicle,
    keys: ["metric", "order", "zoom", "at", "side"],
    when: () => root && LOOKS.length,
  },
  { id: "fall", title: "From total to total", draw: drawWaterfall, keys: ["metric"], when: () => two && LOOKS.length },
  {
    id: "memory",
    title: "Memory over the run",
    draw: drawMemory,
    keys: ["run", "part", "side"],
    when: () => model && runsOf().length,
  },
  { id: "graph", title: "Layer graph", draw: drawGraph, keys: ["zoom", "at", "side", "metric"], when: () => root },
  { id: "layer", title: "Selected layer", draw: drawPanel, keys: ["zoom", "at"], when: () => root },
  { id: "table", title: "Layers", draw: drawTable, keys: ["q", "sort", "columns", "open", "at"], when: () => root },
  { id: "sweep", title: "Designs", draw: drawSweep, keys: ["x", "y", "sort", "design"], when: () => page.sweep },
].filter((view) => view.when());

/** The sections, the graph beside the layer that is selected. */
function sections() {
  const made = new Map(
    VIEWS.map((view) => {
      view.place = h("div", { class: "view" });
      return [view.id, section(view.id, view.title, view.id === "cost" ? findings() : null, view.place)];
    }),
  );
  const beside = made.has("graph") ? h("div", { class: "beside" }, made.get("graph"), made.get("layer")) : null;
  return ["cost", "fall", "memory", "beside", "table", "sweep"]
    .map((id) => (id === "beside" ? beside : made.get(id)))
    .filter(Boolean);
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
  window.addEventListener("popstate", () => {
    Object.assign(state, START, fromHash());
    draw(Object.keys(START));
  });
  let width = innerWidth;
  window.addEventListener("resize", () => {
    if (innerWidth !== width) draw(["zoom", "run", "x"]);
    width = innerWidth;
  });
}

start();
