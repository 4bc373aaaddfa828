// The heading of the page with its buttons, and the cards below it.

function heading() {
  const inputs = (model?.inputs ?? []).map((each) => `${each.name} ${shapeText(each.shape)}`).join(", ");
  const names = models.map((each) => each.name);
  const params = Object.entries(model?.params ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const about = model
    ? [inputs, model.dtype, `batch ${model.batch}`, page.device?.title].filter(Boolean).join(" · ")
    : page.sweep?.about;
  return h(
    "header",
    {},
    h(
      "div",
      {},
      h(
        "h1",
        {},
        two ? [names[0], h("span", { class: "quiet" }, " → "), names[1]] : (names[0] ?? page.sweep?.name ?? "sweep"),
      ),
      h("p", { class: "quiet" }, about, params && h("span", { class: "params" }, params)),
      model?.source && h("p", { class: "quiet source" }, model.source),
    ),
    h(
      "div",
      { class: "tools" },
      h("button", { type: "button", id: "theme", onclick: switchTheme }, "light / dark"),
      h("button", { type: "button", id: "link", onclick: () => copy(location.href, "the link") }, "copy link"),
    ),
  );
}

function switchTheme() {
  const dark =
    getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
  }
  say(`copied ${what}`);
}

/** For browsers that keep the clipboard from files. */
function copyBySelection(text) {
  const area = h("textarea", { class: "hidden-text", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function cards() {
  const found = two ? pairedCards() : ((model ?? page.sweep)?.cards.map((card) => cardOf(card)) ?? []);
  return found.length ? h("div", { class: "cards" }, found) : null;
}

function cardOf(card, before = null) {
  return h(
    "div",
    { class: "card", "data-state": card.state },
    h("div", { class: "card-label" }, card.label),
    h(
      "div",
      { class: "card-value", title: card.exact },
      before && before.value !== card.value && [h("span", { class: "before" }, before.value), " → "],
      h("span", { class: "now" }, card.value),
    ),
    card.parts?.length > 0
      && h(
        "ul",
        { class: "card-parts" },
        card.parts.map((part) =>
          h("li", { title: part.exact }, h("span", {}, part.label), h("span", {}, partText(part, before))),
        ),
      ),
  );
}

function partText(part, before) {
  const earlier = before?.parts?.find((each) => each.label === part.label);
  return earlier && earlier.value !== part.value ? `${earlier.value} → ${part.value}` : part.value;
}

function pairedCards() {
  const earlier = new Map(models[0].cards.map((card) => [card.label, card]));
  return models[1].cards.map((card) => cardOf(card, earlier.get(card.label)));
}
