// The card beside the pointer, and the light on everything that shows the row below it.

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
  const lines = metrics
    .filter((_, place) => figure(item, place) || figure(item, place, "a") || !isKnown(item, place))
    .map((metric) => tipLine(item, metric, placeOf(metric.name)));
  const about = [opOf(item), node && shapesText(node.output)].filter(Boolean).join(" · ");
  return [
    h("b", {}, item.sum ? nameOf(item) : pathOf(item), timesOf(item) > 1 ? ` ×${timesOf(item)}` : ""),
    about && h("div", { class: "quiet" }, about),
    h("table", {}, h("tbody", {}, lines)),
  ].filter(Boolean);
}

function tipLine(item, metric, place) {
  const value = figure(item, place, item.b || item.sum ? "b" : "a");
  const cells = two
    ? [
        sideText(item, place, metric.unit, "a"),
        "→ " + sideText(item, place, metric.unit),
        deltaText(item, place, metric.unit),
      ]
    : [sideText(item, place, metric.unit), shareText(value, figure(root, place), item === root ? null : root, place)];
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, metric.label),
    cells.map((cell) => h("td", {}, cell)),
  );
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
    const item = key === null ? null : (byKey.get(key) ?? opTree.known?.get(key));
    if (item && tips && event.pointerType !== "touch") showTip(event, tipOf(item));
    else hideTip();
  });
  element.addEventListener("pointerleave", () => (light(null), hideTip()));
  return element;
}
