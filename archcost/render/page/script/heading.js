// The heading of the page with its buttons, and the cards below it.

function heading() {
  const names = models.map((each) => apart(labelOf(each)));
  const [earlier, now] = [models[0], model].map((each) => each && aboutText(each));
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
        RUN && h("span", { class: "quiet run" }, ` · ${RUN}`),
      ),
      two && earlier !== now && h("p", { class: "quiet" }, "before: ", earlier),
      h("p", { class: "quiet" }, two && earlier !== now && "after: ", now ?? page.sweep?.about),
      model && paramsLine(),
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

/** On which inputs a model runs, in which dtypes, and on which device; what runs, where the heading does not say it. */
const aboutText = (each) => [RUN ? "" : each.run, ...each.about, page.device?.title].filter(Boolean).join(" · ");

const LONG = 60; // letters of a param's value that are shown

/** The params of the model, those that are not at their defaults in bold. */
function paramsLine() {
  const changed = new Set(model.set_params);
  const texts = Object.entries(model.params).map(([name, value]) => {
    const text = `${name}=${value}`;
    const cut = text.length > LONG;
    return h(changed.has(name) ? "b" : "span", { title: cut && text }, cut ? `${text.slice(0, LONG)}…` : text);
  });
  return texts.length > 0 && h("p", { class: "quiet params" }, texts);
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
  return earlier && earlier.value !== part.value
    ? [unbroken(earlier.value), " → ", unbroken(part.value)]
    : unbroken(part.value);
}

const FIGURE = 14; // letters of a text that stays in one line, as a figure with its unit does

const unbroken = (text) => (text.length <= FIGURE ? h("span", { class: "figure" }, text) : text);

function pairedCards() {
  const earlier = new Map(models[0].cards.map((card) => [card.label, card]));
  return models[1].cards.map((card) => cardOf(card, earlier.get(card.label)));
}
