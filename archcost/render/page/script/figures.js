// The figures of rows, as numbers and as text. `place` is where a metric stands among the figures of a node.

/** A figure of a row as a number, 0 where it is unknown or the row is not in that model. */
function figure(item, place, side = "b") {
  if (item.sum) return item.sum.reduce((total, each) => total + figure(each, place, side), 0);
  return Number(item[side]?.figures[place] ?? 0);
}

const isUnknown = (item, place) => item.b && item.b.figures[place] === null;
const isPartial = (item, place) => Boolean(item.b?.unknown?.includes(place)); // the figure is the known part
const delta = (item, place) => figure(item, place, "b") - figure(item, place, "a");
const isPart = (node, place) => node?.figures[place] === null || Boolean(node?.unknown?.includes(place));

const figureOf = (node, place) => Number(node.figures[place] ?? 0);

/** Whether a figure of a row is fully known, in both models. */
const isKnown = (item, place) =>
  item.sum ? item.sum.every((each) => isKnown(each, place)) : !isPart(item.a, place) && !isPart(item.b, place);

// How figures are told: the step from unit to unit, the units, and where the first of them ends. As quantities.py has it.
const SCALES = {
  SI: [1000, ["", " k", " M", " G", " T", " P", " E"], 10000],
  bytes: [1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"], 1024],
  ns: [1000, [" ns", " µs", " ms", " s"], 1000],
};

/** Three digits and a unit, rounded half up in integers, as the command line tells figures; exact where it is small. */
function short(value, unit) {
  const [step, names, first] = SCALES[unit] ?? SCALES.SI;
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size < first || !Number.isFinite(size)) return sign + small(size) + names[0];
  const count = BigInt(Math.round(size));
  let [scale, place] = [BigInt(step), 1];
  const rounded = (parts) => Number((2n * BigInt(parts) * count + scale) / (2n * scale));
  while (place < names.length - 1 && rounded(1) >= step) {
    scale *= BigInt(step);
    place += 1;
  }
  const digits = rounded(100) < 1000 ? 2 : rounded(10) < 1000 ? 1 : 0;
  return sign + (rounded(10 ** digits) / 10 ** digits).toFixed(digits) + names[place];
}

const small = (size) =>
  Number.isInteger(size) ? size.toLocaleString("en-US") : size.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);

/** All digits, in groups of three. */
const exact = (value) => (value === null || value === undefined ? "unknown" : BigInt(value).toLocaleString("en-US"));
const signed = (value, unit) => (value > 0 ? "+" : "") + (value === 0 ? "0" : short(value, unit));
const deltaText = (item, place, unit) => (isKnown(item, place) ? signed(delta(item, place), unit) : "unknown");

/** A figure of a row on one side, as far as it is known. */
function sideText(item, place, unit, side = "b") {
  const value = figure(item, place, side);
  const part = item.sum ? !isKnown(item, place) : isPart(item[side], place);
  return part && !value ? "unknown" : (part ? "≥ " : "") + short(value, unit);
}

/** A share of a whole: at most that where the whole, a row unless it is all of itself, is known in part. */
const shareText = (part, whole, row, place) => (part && row && !isKnown(row, place) ? "≤ " : "") + percent(part, whole);

/** A share with one decimal, rounded half up; `<0.1%` for what would round to nothing. */
function percent(part, whole) {
  if (!whole || !part) return whole ? "0%" : "";
  const tenths = Math.floor((2000 * part + whole) / (2 * whole));
  return tenths >= 1000 ? `${Math.round(tenths / 10)}%` : tenths ? `${(tenths / 10).toFixed(1)}%` : "<0.1%";
}

const shapeText = (shape) => (shape.length ? shape.join("×") : "scalar");
const shapesText = (shapes) => (shapes ?? []).map(shapeText).join(", ");

/** The change in percent, where that says something: a growth above a hundredfold is a factor. */
function relative(before, after) {
  if (!before || !after || before === after) return "";
  const factor = after / before;
  if (factor > 100) return `, ×${Math.round(factor)}`;
  if (factor <= 0.0005) return ", ≈−100%"; // rounds to all of it, and something is left
  return `, ${factor > 1 ? "+" : "−"}${percent(Math.abs(after - before), before)}`;
}

const changeKind = (change) => (change > 0 ? "more-text" : change < 0 ? "less-text" : "");

/** The end of a path, which tells layers apart, from the start of a name if there is one in its first half. */
function tail(text, most) {
  if (text.length <= most) return text;
  const end = text.slice(1 - most);
  const dot = end.indexOf(".");
  return `…${dot < most / 2 ? end.slice(dot + 1) : end}`;
}

/** As much of a text as has room in a font, `11px` of the page's own. */
function fitted(text, room, font) {
  fitted.pen ??= document.createElement("canvas").getContext("2d");
  fitted.pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  const fits = (part) => fitted.pen.measureText(part).width <= room;
  if (fits(text)) return text;
  let most = text.length - 1;
  while (most > 1 && !fits(`${text.slice(0, most)}…`)) most -= 1;
  return `${text.slice(0, most)}…`;
}
