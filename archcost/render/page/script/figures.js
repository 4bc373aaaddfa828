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

const SCALES = {
  SI: [1000, ["", " k", " M", " G", " T", " P", " E", " Z"]],
  bytes: [1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]],
  ns: [1000, [" ns", " µs", " ms", " s"]],
};

/** Three digits and a unit. */
function short(value, unit) {
  const [step, names] = SCALES[unit] ?? SCALES.SI;
  let size = Math.abs(value);
  let place = 0;
  while (size >= step * 0.9995 && place < names.length - 1) {
    size /= step;
    place += 1;
  }
  const digits = place === 0 && Number.isInteger(size) ? 0 : size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return (value < 0 ? "−" : "") + size.toFixed(digits) + names[place];
}

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

/** A share of a whole: at most that where the whole is known in part. */
const shareText = (part, whole, item, place) => (part && !isKnown(item, place) ? "≤ " : "") + percent(part, whole);

function percent(part, whole) {
  if (!whole) return "";
  const share = (100 * part) / whole;
  return share >= 99.95 || share === 0 ? `${share.toFixed(0)}%` : share < 0.1 ? "<0.1%" : `${share.toFixed(1)}%`;
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

/** The end of a path, which tells layers apart. */
const tail = (text, most) => (text.length > most ? `…${text.slice(1 - most)}` : text);
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
