// What one element of the output sees, drawn on the input.

/** The largest of a field, which may be a number, or the sizes that it can be. */
const largest = (value) => (Array.isArray(value) ? Math.max(...value.map(Number)) : Number(value));
const smallest = (value) => (Array.isArray(value) ? Math.min(...value.map(Number)) : Number(value));

/** What one element of the output sees, drawn on the input. */
function receptivePart({ size, jump, source }) {
  const input = source ?? [];
  if (!input.length || input.length > 2 || input.length !== size.length) return null;
  const [high, wide] = input.length === 2 ? input : [Math.max(4, input[0] / 12), input[0]];
  const scale = 132 / Math.max(high, wide);
  const fieldOf = (pick) => {
    const sizes = size.map((each, index) => Math.min(pick(each), input[index]));
    return input.length === 2 ? sizes : [high, sizes[0]];
  };
  const field = (pick, kind) => {
    const [rows, columns] = fieldOf(pick);
    return g("rect", {
      class: kind,
      x: ((wide - columns) / 2) * scale,
      y: ((high - rows) / 2) * scale,
      width: columns * scale,
      height: rows * scale,
    });
  };
  const text = size
    .map((each) => (largest(each) === smallest(each) ? largest(each) : `${smallest(each)}–${largest(each)}`))
    .join("×");
  const steps = (jump ?? []).join("×");
  return h(
    "div",
    {},
    h("h4", {}, "Receptive field on the input"),
    h(
      "div",
      { class: "field" },
      g(
        "svg",
        {
          width: 134,
          height: high * scale + 2,
          viewBox: `-1 -1 ${wide * scale + 2} ${high * scale + 2}`,
          role: "img",
          "aria-label": `A field of ${text} on an input of ${input.join("×")}`,
        },
        g("rect", { class: "input", width: wide * scale, height: high * scale }),
        field(largest, "sees"),
        field(smallest, "least"),
      ),
      h(
        "p",
        { class: "quiet" },
        `Each output element sees ${text} of ${input.join("×")}`,
        steps && `; the next one is ${steps} further`,
        ".",
      ),
    ),
  );
}
