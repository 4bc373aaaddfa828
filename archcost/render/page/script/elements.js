// How elements are made: `h` for HTML, `g` for SVG, and the few that several views use.

/** An element with attributes (`on…` are listeners) and children; what is null or false is left out. */
function make(namespace, tag, attributes, children) {
  const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") Object.entries(value).forEach(([key, each]) => element.style.setProperty(key, each));
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false && child !== ""),
  );
  return element;
}

const h = (tag, attributes, ...children) => make("", tag, attributes, children);
const g = (tag, attributes, ...children) => make("http://www.w3.org/2000/svg", tag, attributes, children);

const classes = (...names) => names.filter(Boolean).join(" ");

const FROM_THE_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** A name apart from what stands beside it, where its letters run from right to left and would draw figures along. */
const apart = (name) => (FROM_THE_RIGHT.test(name) ? name.replace(/^(.*?)( ×\d+)?$/s, "\u2068$1\u2069$2") : name);

/** A name that a narrow place breaks after its dots and underscores. */
const breakable = (name) => apart(name).split(/(?<=[._])/).flatMap((part, index) => (index ? [h("wbr"), part] : part));

/** Buttons of which one is pressed. */
function choice(label, options, chosen, choose) {
  const buttons = options.map(([value, text, title]) =>
    h(
      "button",
      { type: "button", "aria-pressed": String(value === chosen), title, onclick: () => choose(value) },
      text,
    ),
  );
  return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

const say = (text) => (document.getElementById("said").textContent = text);

const section = (id, title, ...children) =>
  h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), children);
