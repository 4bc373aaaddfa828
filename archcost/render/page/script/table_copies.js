// The table as text to paste: CSV, Markdown and LaTeX, with exact figures.

const UNITS = { bytes: " (bytes)", ns: " (ns)" }; // of exact figures, where a heading does not say them

/** What is shown, as rows of text, with exact figures. */
function shownTable() {
  const shown = shownColumns();
  const head = [
    "layer",
    ...shown.map((column) => column.label + (UNITS[column.label.endsWith("bytes") ? "" : column.metric?.unit] ?? "")),
  ];
  const cells = ({ item }) => [longName(item), ...shown.map((column) => plainText(item, column))];
  return [head, ...tableRows().map(cells)];
}

function plainText(item, column) {
  if (!column.num) return column.text(item);
  if (column.change) return isKnown(item, column.place) ? String(column.value(item)) : "";
  const value = item.b?.figures[column.place];
  return value === null || value === undefined ? "" : String(value);
}

// What a spreadsheet would run gets an apostrophe, as csv_cells.py has it.
const FORMULA = /(^|;)(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])/gu;
const NUMBER = /^[+-]?\d[\d.,]*$/;

function csvCell(text) {
  const tame = NUMBER.test(text) ? text : text.replace(FORMULA, "$1'");
  return /[",\n\r]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

const asCsv = () =>
  shownTable()
    .map((row) => row.map(csvCell).join(","))
    .join("\n") + "\n";

/** Text that Markdown shows as it is. */
const markdownText = (text) => text.replace(/[\\\x60*_|<>[\]~#$]|&(?=[#\w])/g, "\\$&");

function asMarkdown() {
  const [head, ...rows] = shownTable().map((row) => row.map(markdownText));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return (
    [
      line(head),
      line([":--", ...shownColumns().map((column) => (column.num ? "--:" : ":--"))]),
      ...rows.map(line),
    ].join("\n") + "\n"
  );
}

function asLatex() {
  const row = (cells) => `${cells.map(latexText).join(" & ")} \\\\`.replace(/^[[*]/, "{}$&"); // else an argument of \\
  const [head, ...rows] = shownTable().map(row);
  const sides = shownColumns().map((column) => (column.num ? "r" : "l"));
  const begin = `\\begin{tabular}{l${sides.join("")}}`;
  return [begin, "\\toprule", head, "\\midrule", ...rows, "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

/** Text that LaTeX sets as it is; the signs and accents are those of `--format latex`, put here by shell.py. */
const latexText = (text) =>
  text
    .normalize("NFC")
    .replace(/-(?=-)|[^A-Za-z0-9\s-]/gu, (sign) => LATEX_SIGNS[sign] ?? LATEX_LETTERS[sign] ?? latexAccents(sign));

/** `\'{e}` for é; a letter without an accent that LaTeX has stays as it is. */
function latexAccents(letter) {
  const [base, ...accents] = letter.normalize("NFD");
  if (!/[a-z]/i.test(base) || !accents.every((each) => each in LATEX_ACCENTS)) return letter;
  return accents.reduce((inner, each) => `${LATEX_ACCENTS[each]}{${inner}}`, base);
}
